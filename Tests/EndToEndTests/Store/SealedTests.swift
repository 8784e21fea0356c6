// A daemon that cannot open its keys gives nothing away, and says so.

import Testing

@Suite("A vault without its key")
struct SealedTests {
    enum Fault: String, CaseIterable, Sendable {
        case missing, wrong, malformed, empty

        func apply(to path: String) throws {
            switch self {
            case .missing: try Disk.remove(path)
            case .wrong:
                let other = try TestVault(starting: false)
                try Disk.write(Disk.read(other.rootKey), to: path)
            case .malformed: try Disk.flip(path, at: 30)
            case .empty: try Disk.write("", to: path)
            }
        }
    }

    @Test("answers every verb with sealed, and stays alive", arguments: Fault.allCases)
    func verbs(fault: Fault) throws {
        let (vault, id) = try Self.sealed(fault)
        let answers = try [
            vault.get(id), vault.put(Sample.jpeg(2)), vault.delete(id),
            vault.ask("GET", "/v1/images/\(id)/metadata"), vault.ask("GET", "/v1/images"),
            vault.ask("GET", "/v1/ready"),
        ]
        for answer in answers {
            #expect(answer.status == 503)
            #expect(answer.code == "sealed", "\(answer.summary)")
            #expect(answer.json["retryable"].bool == true)
            #expect(answer["Retry-After"] != nil)
        }
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("tells an admin that it is sealed, and the journal why")
    func status() throws {
        let (vault, _) = try Self.sealed(.wrong)
        let status = try vault.ask("GET", "/v1/status", door: "admin")
        #expect(status.status == 200)
        #expect(status.json["sealed"].bool == true)
        #expect(status.json["keys"] == .null)
        #expect(status.json["images"]["count"].number == 1)
        #expect(vault.journal.contains("keyring-refused"))
    }

    @Test("does not tell an image that is there from one that is not")
    func nothing() throws {
        let (vault, id) = try Self.sealed(.missing)
        let there = try vault.get(id)
        let nowhere = try vault.get(String(repeating: "0", count: 64))
        #expect(there.code == nowhere.code)
    }

    @Test("keeps of each event who by number, and the code, and nothing else")
    func events() throws {
        let (vault, id) = try Self.sealed(.missing)
        let size = try #require(
            vault.ask("GET", "/v1/status", door: "admin").json["log"]["size"].number)
        _ = try vault.get(id, ["Vault-Job: secret"])
        _ = try vault.put(Sample.jpeg(3), ["Vault-Owner: secret"])
        let events = try vault.events().filter { ($0["index"].number ?? 0) >= size }
        #expect(events.count >= 3)
        let allowed: Set = [
            "index", "at", "action", "outcome", "code", "door", "uid", "gid", "pid",
        ]
        for event in events {
            #expect(event.members.isSubset(of: allowed), "\(event.members)")
            #expect(event["pid"].number == 0)
            #expect(event["uid"].number == Int(OwnIdentity.uid))
        }
        #expect(events.contains { $0["code"].text == "sealed" })
    }

    @Test("does not show the events that it sealed before")
    func olderEvents() throws {
        let (vault, _) = try Self.sealed(.missing)
        let first = try #require(try vault.events().first)
        #expect(first == .object(["index": .number(0), "unavailable": .text("sealed")]))
    }

    @Test("goes on as before when the key is back, with a log that has no gap")
    func back() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try vault.stop()
        let key = try Disk.read(vault.rootKey)
        try Disk.remove(vault.rootKey)
        try vault.start()
        _ = try vault.get(id)
        try vault.stop()
        try Disk.write(key, to: vault.rootKey)
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
        let events = try vault.events()
        #expect(events.map { $0["index"].number } == Array(0..<events.count))
        #expect(!events.contains { $0.members.contains("unavailable") })
        #expect(events.contains { $0["code"].text == "sealed" })
    }

    @Test("of its log alone serves images, and only checkpoints wait")
    func logKey() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try vault.stop()
        try Disk.remove(vault.logKey)
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
        let checkpoint = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        #expect(checkpoint.status == 503)
        #expect(checkpoint.code == "sealed")
        #expect(vault.journal.contains("the log key stays sealed"))
    }

    @Test("never makes a new one")
    func noNewKey() throws {
        let (vault, _) = try Self.sealed(.missing)
        try vault.stop()
        #expect(!Disk.exists(vault.rootKey))
    }

    /// A vault with one image that was started again after its key was spoilt.
    private static func sealed(_ fault: Fault) throws -> (TestVault, id: String) {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        try vault.stop()
        try fault.apply(to: vault.rootKey)
        try vault.start()
        return (vault, id)
    }
}
