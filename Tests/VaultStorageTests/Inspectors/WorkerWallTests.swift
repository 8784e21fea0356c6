// Each wall by itself: the same act gets its way without the wall and is stopped by it.

import Foundation
import Testing

@Suite struct WorkerWallTests {
    /// How a process that tried one act behind one wall ended.
    enum End: Equatable {
        case errno(Int32)
        case signal(Int32)
    }

    static func tryAct(_ act: String, behind wall: String) throws -> End {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Built.path("HostileWorker"))
        process.arguments = ["try", wall, act]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit
            ? .errno(process.terminationStatus) : .signal(process.terminationStatus)
    }

    @Test(arguments: ["open-file", "make-file", "spawn", "thread", "map-code", "allocate"])
    func withoutAWallTheActGetsItsWay(_ act: String) throws {
        #expect(try Self.tryAct(act, behind: "none") == .errno(0))
    }

    @Test(arguments: [
        "open-file", "make-file", "connect", "spawn", "thread", "map-code", "signal-parent",
    ])
    func theCallFilterKillsTheProcess(_ act: String) throws {
        #expect(try Self.tryAct(act, behind: "calls") == .signal(SIGSYS))
    }

    @Test(arguments: ["open-file", "make-file"])
    func landlockRefusesFiles(_ act: String) throws {
        #expect(try Self.tryAct(act, behind: "files") == .errno(EACCES))
    }

    @Test func landlockRefusesTheNetwork() throws {
        #expect(try Self.tryAct("connect", behind: "none") != .errno(EACCES))
        #expect(try Self.tryAct("connect", behind: "files") == .errno(EACCES))
    }

    @Test func memoryIsLimited() throws {
        #expect(try Self.tryAct("allocate", behind: "limits") == .errno(ENOMEM))
    }

    @Test func descriptorsAreLimited() throws {
        #expect(try Self.tryAct("open-file", behind: "limits") == .errno(EMFILE))
    }

    @Test func processorTimeIsLimited() throws {
        #expect(try Self.tryAct("spin", behind: "limits") == .signal(SIGKILL))
    }
}
