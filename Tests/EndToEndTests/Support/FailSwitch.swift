// What lets the catalog's flushes fail, or hang, as a disk does. Compiled once.

import Foundation

struct FailSwitch {
    /// Stays as long as this.
    private let place: TestFolder
    private var file: String { place.path("failswitch") }
    let environment: [String: String]

    init(in folder: TestFolder) throws {
        place = folder
        environment = [
            "LD_PRELOAD": try Self.library.get(),
            "FAILSWITCH_FILE": folder.path("failswitch"),
        ]
    }

    func fail() throws { try Disk.write("f", to: file) }
    /// Commits work; what moves them from the write-ahead log to the database does not.
    func failCheckpoints() throws { try Disk.write("c", to: file) }
    func failDirectories() throws { try Disk.write("d", to: file) }
    func hang() throws { try Disk.write("h", to: file) }
    func work() throws { try Disk.remove(file) }

    private static let folder: Result<TestFolder, any Error> = Result { try TestFolder() }

    private static let library: Result<String, any Error> = Result {
        let library = try folder.get().path("failswitch.so")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../KillSwitch/failswitch.c").standardized.path
        let (ending, _, errors) = try run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard ending == .exited(0) else { throw TestFailure("failswitch.c: \(errors)") }
        return library
    }
}
