// What the inspector tests share: the built programs, small images, pools that end.

import Foundation
import VaultFormat

@testable import VaultStorage

enum Built {
    /// The program of that name beside the test bundle, or where IMAGEVAULT_BIN says.
    static func path(_ name: String) throws -> String {
        let environment = ProcessInfo.processInfo.environment["IMAGEVAULT_BIN"]
        let directory =
            try environment
            ?? URL(
                fileURLWithPath: FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/exe")
            ).deletingLastPathComponent().path
        let path = directory + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else { throw Missing(path: path) }
        return path
    }

    struct Missing: Error {
        let path: String
    }
}

enum Samples {
    /// Enough for libmagic; no decoder would take them.
    static let jpegStart: [UInt8] =
        [0xFF, 0xD8, 0xFF, 0xE0, 0, 16] + "JFIF".utf8 + [0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
    static let pngStart: [UInt8] =
        [0x89] + "PNG\r\n".utf8 + [0x1A, 0x0A, 0, 0, 0, 13] + "IHDR".utf8
        + [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]
    static let text = Array("<html><script>alert(1)</script>".utf8)
}

/// Runs `body` with a pool of `program` and shuts it down whatever happens.
func withPool<R>(
    _ program: String = "vaultinspect", concurrency: Int = 2, spares: Int = 1,
    waiting: Int = Limits.workerWaitingUploads, idle: Int = Limits.workerIdleProcesses,
    milliseconds: Int = 60_000,
    _ body: (InspectorPool) async throws -> R
) async throws -> R {
    let pool = try InspectorPool(
        .init(
            executable: Built.path(program), concurrency: concurrency, spares: spares,
            waitingUploads: waiting, idleProcesses: idle,
            structureMilliseconds: milliseconds, decodeMilliseconds: milliseconds))
    do {
        let result = try await body(pool)
        await pool.shutdown()
        return result
    } catch {
        await pool.shutdown()
        throw error
    }
}

extension InspectorPool {
    /// An order for the hostile worker, at a level where all of it travels.
    func order(_ act: String, namespace: String = "a") async throws(InspectorPoolError)
        -> WorkerAnswer
    {
        try await examine(Array(act.utf8), type: .jpeg, policy: .default, namespace: namespace)
    }

    func result(of act: String, namespace: String = "a") async -> InspectorResult {
        do throws(InspectorPoolError) {
            return .success(try await order(act, namespace: namespace))
        } catch {
            return .failure(error)
        }
    }

    /// The fault that an order ends in; nil when it was answered.
    func fault(of act: String) async -> WorkerFault? {
        guard case .failure(.inspectionFailed(let fault)) = await result(of: act) else {
            return nil
        }
        return fault
    }
}

extension InspectorResult {
    var isSound: Bool { (try? get())?.outcome == .sound }

    var refusal: InspectorPoolError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

/// The pids whose parent is `parent` now, by the kernel's list.
func children(of parent: pid_t) -> [pid_t] {
    let path = "/proc/\(parent)/task/\(parent)/children"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { pid_t($0) }
}
