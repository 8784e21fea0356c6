// A log that cannot be written: everybody is told in time, what an admin needs still works, nothing that was
// acknowledged is lost, and the vault goes on by itself where it can.

import Foundation
import Testing

@Suite("While the log cannot be written")
struct OutageTests {
    @Test("a failed flush is told, and what follows is the store as the disk has it")
    func failedFlush() throws {
        let (vault, disk) = try Self.vault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try disk.fail()
        #expect(try vault.get(id).code == "audit-unavailable")
        try Self.expectOutage(vault, "failed", code: "audit-unavailable")
        try disk.work()
        try Self.expectRecovery(vault, code: "audit-unavailable")
        #expect(try vault.get(id).bytes == Bytes(image))
        try vault.stop()
        #expect(try Catalog.integrity(vault.catalog) == "ok")
        let log = try Catalog.root(vault.catalog, size: 0)
        try vault.start()
        #expect(try vault.events().count > log.events)
    }

    @Test("a purge whose flush fails is an outage, and comes again from the files as they are then")
    func failedPurge() throws {
        let (vault, disk) = try Self.vault()
        let image = Sample.jpeg(1)
        let (kept, gone) = (try vault.store(image), try vault.store(Sample.jpeg(2)))
        try disk.failCheckpoints()
        #expect(try vault.ask("DELETE", "/v1/images/\(gone)").status == 200)
        try eventually("the outage") { try Self.state(vault) == "failed" }
        try Self.expectOutage(vault, "failed", code: "audit-unavailable")
        try disk.work()
        try Self.expectRecovery(vault, code: "audit-unavailable")
        try eventually("the purge") {
            let receipts = try vault.ask("GET", "/v1/receipts", door: "admin").json["receipts"]
            return receipts.list.map { $0["level"].number } == [1]
        }
        #expect(try vault.get(kept).bytes == Bytes(image))
    }

    @Test("a checkpoint that fails after a commit is told with the next one, and takes nothing")
    func failedCheckpoint() throws {
        let (vault, disk) = try Self.vault()
        try disk.failCheckpoints()
        var stored: [(id: String, image: Bytes)] = []
        while stored.count < Self.untilCheckpoint {
            let image = Sample.jpeg(stored.count)
            let answer = try vault.put(image)
            guard answer.status == 201, let id = answer.json["id"].text else {
                #expect(answer.code == "audit-unavailable")
                break
            }
            stored.append((id, Bytes(image)))
        }
        #expect(stored.count > 0 && stored.count < Self.untilCheckpoint, "\(stored.count)")
        try Self.expectOutage(vault, "failed", code: "audit-unavailable")
        try disk.work()
        try Self.expectRecovery(vault, code: "audit-unavailable")
        for (id, image) in stored { #expect(try vault.get(id).bytes == image) }
    }

    @Test("a flush that does not come back keeps nobody waiting, and is forgiven")
    func hangingFlush() throws {
        let (vault, disk) = try Self.vault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try disk.hang()
        // The answer comes, which is what is tested; how long it may take stands in Limits.
        let answers = try together(8) { number in
            number % 2 == 0 ? try vault.get(id) : try vault.put(Sample.jpeg(2 + number))
        }
        for answer in answers {
            #expect(answer.code == "audit-unavailable", "\(answer.summary)")
        }
        try Self.expectOutage(vault, "stalled", code: "audit-unavailable")
        try disk.work()
        try Self.expectRecovery(vault, code: "audit-unavailable")
        #expect(try vault.get(id).bytes == Bytes(image))
        // An upload whose answer was that nobody knows is whole or absent.
        let listed = try vault.ask("GET", "/v1/images").json["images"].list
        for image in listed.compactMap({ $0["id"].text }) {
            #expect(try vault.get(image).status == 200)
        }
    }

    @Test("a vault can be sealed, and stays so", arguments: ["f", "h"])
    func sealing(fault: String) throws {
        let (vault, disk) = try Self.vault()
        let id = try vault.store(Sample.jpeg(1))
        if fault == "f" { try disk.fail() } else { try disk.hang() }
        #expect(try vault.get(id).code == "audit-unavailable")
        let answer = try vault.ask("POST", "/v1/seal", door: "admin")
        #expect(answer.status == 200, "\(answer.summary)")
        #expect(try vault.ask("GET", "/v1/ready").code == "sealed")
        try disk.work()
        try vault.crash()
        try vault.start()
        #expect(try vault.ask("GET", "/v1/ready").code == "sealed")
    }

    @Test("a catalog that another file took the place of is not written, and is taken back")
    func replaced() throws {
        let (vault, _) = try Self.vault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        let aside = vault.folder.path("aside")
        let files = FileManager.default
        try files.moveItem(atPath: vault.catalog, toPath: aside)
        try files.copyItem(atPath: aside, toPath: vault.catalog)
        let copied = try Disk.read(vault.catalog)
        #expect(try vault.get(id).code == "audit-unavailable")
        try Self.expectOutage(vault, "replaced", code: "audit-unavailable")
        #expect(try Disk.read(vault.catalog) == copied, "what lies there is somebody else's")
        try Disk.remove(vault.catalog)
        #expect(try vault.get(id).code == "audit-unavailable")
        try files.moveItem(atPath: aside, toPath: vault.catalog)
        try Self.expectRecovery(vault, code: "audit-unavailable")
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("a catalog that was cut is not served until its bytes are back")
    func truncated() throws {
        let (vault, _) = try Self.vault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        for seed in 2..<20 { _ = try vault.store(Sample.jpeg(seed)) }
        // All of it in one file.
        _ = try Catalog.whole(vault.catalog)
        // One look with the file at its length.
        #expect(try vault.get(id).status == 200)
        let bytes = try Disk.read(vault.catalog)
        #expect(truncate(vault.catalog, bytes.count / 2))
        #expect(try vault.get(id).code == "audit-unavailable")
        try eventually("the state") { try Self.state(vault) == "failed" }
        #expect(try vault.ask("GET", "/v1/ready").code == "audit-unavailable")
        try Self.overwrite(vault.catalog, with: bytes)
        try Self.expectRecovery(vault, code: "audit-unavailable")
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test(
        "a write-ahead log that was cut takes acknowledged events: the vault stays down, and says so"
    )
    func lostEvents() throws {
        let (vault, disk) = try Self.vault()
        let id = try vault.store(Sample.jpeg(1))
        try disk.fail()
        #expect(try vault.get(id).code == "audit-unavailable")
        #expect(truncate(vault.catalog + "-wal", 0))
        try disk.work()
        try eventually("the loss") { try Self.state(vault) == "lost" }
        #expect(vault.journal.contains("state=lost"))
        #expect(try vault.get(id).code == "audit-unavailable")
        #expect(try vault.ask("GET", "/v1/ready").code == "audit-unavailable")
    }

    @Test("a directory whose flush failed is flushed anew: the erasure goes on by itself")
    func directories() throws {
        let (vault, disk) = try Self.vault()
        let id = try vault.store(Sample.jpeg(1))
        try disk.failDirectories()
        let receipt = try #require(vault.delete(id).json["receipt"].text)
        func level() throws -> Int? {
            try vault.ask("GET", "/v1/receipts/\(receipt)").json["level"].number
        }
        #expect(try level() == 0)
        try disk.work()
        try eventually("level 1") { try level() == 1 }
    }

    @Test(
        "a full disk is told, its filling is an event, sealing works, and room is enough to go on",
        .enabled(if: Machine.canMount, "needs root and mount(2)"))
    func full() throws {
        let folder = try TestFolder()
        let disk = try TemporaryDisk(in: folder, bytes: 24 << 20)
        defer { withExtendedLifetime(disk) {} }
        let vault = try TestVault(
            settings: "validation:\n  level: structure\n",
            stateDirectory: folder.path("disk/state"), in: folder)
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        #expect(try Disk.read("\(vault.state)/reserve").count == 4 << 20)
        let ballast = folder.path("disk/ballast")
        try Self.fill(ballast)
        // Until the log itself has no room, readings are served.
        try eventually("the full disk") { try vault.get(id).code == "storage-full" }
        try Self.expectOutage(vault, "full", code: "storage-full")
        #expect(!Disk.exists("\(vault.state)/reserve"), "the room is given to the log")
        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        try Disk.remove(ballast)
        try eventually("the room") { try vault.ask("GET", "/v1/ready").code == "sealed" }
        try eventually("the state") { try Self.state(vault) == "writable" }
        #expect(try vault.unseal(Disk.read(vault.rootKey)).status == 200)
        try Self.expectRecovery(vault, code: "storage-full", isSealed: true)
        let names = try vault.events().compactMap { $0["action"].text }
        let began = try #require(names.firstIndex(of: "storage.failed"))
        let sealed = try #require(names.firstIndex(of: "vault.sealed"))
        let ended = try #require(names.firstIndex(of: "storage.recovered"))
        #expect(began < sealed && sealed < ended)
        #expect(try Disk.read("\(vault.state)/reserve").count == 4 << 20)
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    // MARK: What is expected

    /// More images than fit into SQLite's write-ahead log before it is moved to the database.
    private static let untilCheckpoint = 400

    private static func vault() throws -> (TestVault, FailSwitch) {
        let folder = try TestFolder()
        let disk = try FailSwitch(in: folder)
        return (try TestVault(environment: disk.environment, in: folder), disk)
    }

    private static func state(_ vault: TestVault) throws -> String? {
        let status = try vault.ask("GET", "/v1/status", door: "admin")
        guard status.status == 200 else { throw TestFailure("no status: \(status.summary)") }
        return status.json["log"]["state"].text
    }

    private static func expectOutage(
        _ vault: TestVault, _ state: String, code: String
    ) throws {
        #expect(try self.state(vault) == state)
        #expect(try vault.vaultctl("status").output.contains(state.uppercased()))
        #expect(try vault.metrics()["imagevault_log_state{state=\"\(state)\"}"] == 1)
        #expect(try vault.metrics()["imagevault_log_state{state=\"writable\"}"] == 0)
        #expect(try vault.metrics()["imagevault_ready"] == 0)
        #expect(try vault.ask("GET", "/v1/ready").code == code)
        #expect(try vault.ask("GET", "/v1/health").status == 200)
        #expect(vault.journal.contains("code=\(code) state=\(state)"))
        #expect(vault.journal.contains("\"critical\""))
    }

    private static func expectRecovery(
        _ vault: TestVault, code: String, isSealed: Bool = false
    ) throws {
        try eventually("recovery") { try vault.ask("GET", "/v1/ready").status == 200 }
        #expect(try state(vault) == "writable")
        #expect(vault.journal.contains("the log can be written again"))
        let events = try vault.events()
        let began = try #require(events.last { $0["action"].text == "storage.failed" })
        #expect(began["code"].text == code && began["outcome"].text == "failed")
        let ended = try #require(events.last { $0["action"].text == "storage.recovered" })
        #expect(isSealed || ended["duration_us"].number != nil)
        #expect(events.map { $0["index"].number } == Array(0..<events.count))
    }

    // MARK: Faults

    private func truncate(_ path: String, _ bytes: Int) -> Bool {
        guard let file = FileHandle(forWritingAtPath: path) else { return false }
        return (try? file.truncate(atOffset: UInt64(bytes))) != nil
    }

    /// The file stays the one that it is.
    private static func overwrite(_ path: String, with bytes: [UInt8]) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    /// Writes until there is no room for another byte.
    private static func fill(_ path: String) throws {
        try python(
            """
            import os, sys
            file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
            for size in [1 << 20, 4096, 1]:
                try:
                    while True: os.write(file, b"x" * size)
                except OSError: pass
            """, [path])
    }
}
