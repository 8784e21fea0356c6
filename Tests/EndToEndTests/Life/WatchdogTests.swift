// The service manager's watchdog: it hears that the daemon lives while the log's writer does, and then only.

import Foundation
import Glibc
import Testing

@Suite("The watchdog")
struct WatchdogTests {
    /// Short enough for a test to see several.
    private static let interval = ["WATCHDOG_USEC": "400000"]

    @Test("is told again and again that the daemon lives, sealed or not, until it stops")
    func beats() throws {
        let (vault, manager) = try Self.vault(Self.interval)
        for _ in 0..<3 { #expect(try manager.next() == "WATCHDOG=1") }
        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        while manager.said(within: 0) != nil {}
        for _ in 0..<2 { #expect(try manager.next() == "WATCHDOG=1") }
        #expect(try vault.stop() == .exited(0))
        var said: [String] = []
        while let word = manager.said(within: 0) { said.append(word) }
        let end = try #require(said.firstIndex(of: "STOPPING=1"))
        // One may have been on its way.
        #expect(said[end...].count <= 2, "\(said)")
    }

    @Test(
        "is told nothing where it was not asked for, or was by another process",
        arguments: [
            [:], ["WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"], ["WATCHDOG_USEC": "0"],
            ["WATCHDOG_USEC": "soon"],
        ])
    func unasked(environment: [String: String]) throws {
        let (vault, manager) = try Self.vault(environment)
        _ = try vault.store(Sample.jpeg(1))
        #expect(try vault.stop() == .exited(0))
        #expect(try manager.next() == "STOPPING=1")
    }

    @Test("leaves no event")
    func events() throws {
        let (vault, manager) = try Self.vault(Self.interval)
        let before = try vault.events().count
        while manager.said(within: 0) != nil {}
        for _ in 0..<3 { _ = try manager.next() }
        // The reading before is the one event since.
        #expect(try vault.events().count == before + 1)
    }

    @Test("hears nothing from a daemon whose writer hangs, and hears of it again when it goes on")
    func hangs() throws {
        let hanging = try Hanging()
        let (vault, manager) = (hanging.vault, hanging.manager)
        while manager.said(within: 0) != nil {}
        #expect(manager.said(within: 2000) == nil)
        try hanging.disk.work()
        #expect(try manager.next() == "WATCHDOG=1")
        #expect(try vault.get(hanging.id).bytes == Bytes(hanging.image))
    }

    @Test("may end a daemon that hangs as it does: the next one has what was acknowledged")
    func aborted() throws {
        let hanging = try Hanging()
        let (vault, manager) = (hanging.vault, hanging.manager)
        // WatchdogSignal=, systemd's default.
        try #require(vault.daemon).signal(SIGABRT)
        #expect(try #require(vault.daemon).wait() == .killed(SIGABRT))
        try hanging.disk.work()
        while manager.said(within: 0) != nil {}
        try vault.start()
        #expect(try manager.next() == "READY=1")
        #expect(try vault.get(hanging.id).bytes == Bytes(hanging.image))
    }

    /// A vault with an image, whose writer hangs.
    private struct Hanging {
        let disk: FailSwitch
        let vault: TestVault
        let manager: NotifySocket
        let image = Sample.jpeg(1)
        let id: String

        init() throws {
            disk = try FailSwitch(in: TestFolder())
            (vault, manager) = try WatchdogTests.vault(
                WatchdogTests.interval.merging(disk.environment) { $1 })
            id = try vault.store(image)
            try disk.hang()
            // The answer is that the log stalls: by then the writer has hung for many intervals.
            #expect(try vault.get(id).code == "audit-unavailable")
        }
    }

    /// A vault that has said to its manager that it is ready.
    private static func vault(
        _ environment: [String: String]
    ) throws -> (TestVault, NotifySocket) {
        let folder = try TestFolder()
        let manager = try NotifySocket(in: folder)
        let vault = try TestVault(
            environment: environment.merging(["NOTIFY_SOCKET": manager.path]) { $1 })
        #expect(try manager.next() == "READY=1")
        return (vault, manager)
    }
}
