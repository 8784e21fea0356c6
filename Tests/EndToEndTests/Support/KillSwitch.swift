// What counts the durable steps of a daemon, and kills it at a chosen one. Compiled once.

import Foundation
import VaultTestKit

struct KillSwitch {
    private let file: String
    let environment: [String: String]

    /// Set, and not armed.
    init(in folder: TestFolder) throws {
        file = folder.path("killswitch")
        environment = ["LD_PRELOAD": try Self.library.get(), "KILLSWITCH_FILE": file]
    }

    /// From now on steps are counted, and the daemon dies before that one.
    func arm(at step: Int?) throws {
        let step = UInt64(step ?? 0)
        let last = (0..<8).map { UInt8(truncatingIfNeeded: step >> ($0 * 8)) }
        // It has its name with all that is in it.
        try Disk.write(last + [UInt8](repeating: 0, count: 8), to: file + ".new")
        try FileManager.default.moveItem(atPath: file + ".new", toPath: file)
    }

    /// How many steps there were, the last included.
    var passed: Int {
        get throws {
            try Disk.read(file)[8...].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
    }

    private static let folder: Result<TestFolder, any Error> = Result { try TestFolder() }

    private static let library: Result<String, any Error> = Result {
        let library = try folder.get().path("killswitch.so")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../KillSwitch/killswitch.c").standardized.path
        let (ending, _, errors) = try run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard ending == .exited(0) else { throw TestFailure("killswitch.c: \(errors)") }
        return library
    }
}
