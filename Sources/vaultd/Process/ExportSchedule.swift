// Bundles of the log, written to a directory from time to time, each from where the one before ended.

import Foundation
import Glibc
import Logging
import Vault
import VaultFormat

struct ExportSchedule: Sendable {
    struct Settings: Sendable {
        let directory: String
        let everyHours: Int
    }

    let settings: Settings
    let vault: Vault
    let logger: Logger

    private static let suffix = ".bundle"

    /// Looks each minute until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                try await exportIfDue()
            } catch let error as VaultError where error.code == .sealed {
                // It comes when the vault is unsealed.
            } catch {
                logger.warning(
                    "a scheduled export failed",
                    metadata: ["directory": "\(settings.directory)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    private func exportIfDue() async throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: settings.directory)
        let last = names.compactMap(Self.end).max { $0.end < $1.end }
        if let last {
            var status = stat()
            guard unsafe stat("\(settings.directory)/\(last.name)", &status) == 0 else { return }
            let age = time(nil) - status.st_mtim.tv_sec
            // One from the future says nothing of when the next is due.
            guard !(0..<settings.everyHours * 3600).contains(age) else { return }
        }
        let from = last?.end ?? 0
        guard let due = try await vault.scheduledBundle(from: from) else { return }
        var bundle = due.bundle
        let name = "log-\(Self.padded(from))-\(Self.padded(due.to))\(Self.suffix)"
        let file = try KeptFile("\(settings.directory)/\(name)")
        while let piece = try bundle.next(of: vault) { try file.write(piece) }
        try file.keep()
        logger.info("the log was exported", metadata: ["file": "\(name)"])
    }

    private static func padded(_ index: UInt64) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }

    /// Where the bundle of a file's name ends.
    private static func end(of name: String) -> (name: String, end: UInt64)? {
        let words = name.dropLast(suffix.count).split(separator: "-")
        guard name.hasSuffix(suffix), words.count == 3, words[0] == "log",
            let end = UInt64(words[2])
        else { return nil }
        return (name, end)
    }
}

/// A file that has its name only when it is whole and durable.
private struct KeptFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: CInt

    init(_ path: String) throws {
        self.path = path
        temporary = path + ".part"
        descriptor = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    deinit {
        close(descriptor)
        unsafe unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            guard count > 0 || errno == EINTR else {
                throw POSIXError(.init(rawValue: errno) ?? .EIO)
            }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    consuming func keep() throws {
        guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        let directory = unsafe open(
            (path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }
}
