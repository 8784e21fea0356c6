// What lets a daemon live in another time, with an older library, or not as it wants to. Compiled once.

import Foundation

enum OtherWorld {
    static func days(_ days: Int) throws -> [String: String] {
        ["LD_PRELOAD": try library.get(), "OTHERWORLD_DAYS": "\(days)"]
    }

    static func sqlite(_ version: String) throws -> [String: String] {
        ["LD_PRELOAD": try library.get(), "OTHERWORLD_SQLITE": version]
    }

    /// - Parameter file: what is in it is said to a connection of the catalog before that is asked how it deletes.
    static func catalog(_ file: String) throws -> [String: String] {
        ["LD_PRELOAD": try library.get(), "OTHERWORLD_CATALOG": file]
    }

    static func dumpable() throws -> [String: String] {
        ["LD_PRELOAD": try library.get(), "OTHERWORLD_DUMPABLE": "1"]
    }

    private static let folder: Result<TestFolder, any Error> = Result { try TestFolder() }

    private static let library: Result<String, any Error> = Result {
        let library = try folder.get().path("otherworld.so")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../KillSwitch/otherworld.c").standardized.path
        let (ending, _, errors) = try run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard ending == .exited(0) else { throw TestFailure("otherworld.c: \(errors)") }
        return library
    }
}
