// The log taken away by a real auditor: bundles, other systems' formats, readers, names, and what was erased.

import Foundation
import Testing

@Suite("Exports")
struct ExportTests {
    private static let settings = """
        validation:
          level: structure
        audit:
          resolvers: { users: ["\(getuid())"] }

        """

    private static func filled() throws -> (vault: TestVault, image: String) {
        let vault = try TestVault(settings: settings)
        let image = try vault.store(
            Sample.jpeg(1), ["Vault-Owner: ann", "Vault-Job: one", "Vault-Actor: user:8421"])
        for _ in 0..<4 { _ = try vault.get(image, ["Vault-Owner: ann", "Vault-Actor: user:17"]) }
        _ = try vault.get(image, ["Vault-Owner: bob"])
        return (vault, image)
    }

    private static func export(_ vault: TestVault, _ arguments: String...) throws -> String {
        let (ending, output, errors) = try vault.vaultctl(
            ["audit", "export"] + arguments, door: "audit")
        guard ending == .exited(0) else { throw TestFailure("export: \(errors)") }
        return output
    }

    private static func lines(_ vault: TestVault, _ format: String) throws -> [String] {
        try export(vault, "--format", format).split(separator: "\n").map { String($0) }
    }

    @Test("a bundle holds, and says what it shows; one that was changed does not")
    func bundle() throws {
        let (vault, _) = try Self.filled()
        let path = vault.folder.path("log.bundle")
        #expect(try Self.export(vault, "--output", path).isEmpty)
        let held = try vault.verify("bundle", path, "--key", vault.publicKey)
        #expect(held.ending == .exited(0), "\(held.errors)")
        #expect(held.output.contains("all of the range"))
        let count = try vault.events().count
        #expect(held.output.contains("range         0 up to \(count - 2)"))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing("image.put", with: "image.get")
        try Disk.write(changed, to: vault.folder.path("changed"))
        let refused = try vault.verify(
            "bundle", vault.folder.path("changed"), "--key", vault.publicKey)
        #expect(refused.ending == .exited(1))
        #expect(refused.errors.contains("content at index 2"), "\(refused.errors)")
        try Disk.write(String(text.dropLast(40)), to: vault.folder.path("cut"))
        let cut = try vault.verify("bundle", vault.folder.path("cut"), "--key", vault.publicKey)
        #expect(cut.ending == .exited(1))
        let other = try TestVault(starting: false)
        let foreign = try vault.verify("bundle", path, "--key", other.publicKey)
        #expect(foreign.errors.contains("signature"), "\(foreign.errors)")
        let pinned = try vault.verify(
            "bundle", path, "--key", vault.publicKey, "--fingerprint",
            String(repeating: "0", count: 64))
        #expect(pinned.errors.contains("fingerprint"), "\(pinned.errors)")
    }

    @Test("a checkpoint from before is continued by a later bundle, and not by an older one")
    func known() throws {
        let (vault, image) = try Self.filled()
        let older = vault.folder.path("older")
        _ = try Self.export(vault, "--output", older)
        let note = try vault.vaultctl("audit", "checkpoint", door: "audit")
        let known = vault.folder.path("known")
        try Disk.write(note.output, to: known)
        _ = try vault.get(image)
        let newer = vault.folder.path("newer")
        _ = try Self.export(vault, "--from", "5", "--to", "5", "--known", known, "--output", newer)
        let continued = try vault.verify(
            "bundle", newer, "--key", vault.publicKey, "--known", known)
        #expect(continued.ending == .exited(0), "\(continued.errors)")
        let rolled = try vault.verify("bundle", older, "--key", vault.publicKey, "--known", known)
        #expect(rolled.errors.contains("rolled-back"), "\(rolled.errors)")
    }

    @Test("filtered events are those, and proved to be the log's")
    func filtered() throws {
        let (vault, image) = try Self.filled()
        let path = vault.folder.path("some")
        func shown(_ filters: String...) throws -> Set<String> {
            let (ending, _, errors) = try vault.vaultctl(
                ["audit", "export", "--output", path] + filters, door: "audit")
            guard ending == .exited(0) else { throw TestFailure(errors) }
            let held = try vault.verify("bundle", path, "--key", vault.publicKey)
            #expect(held.ending == .exited(0), "\(held.errors)")
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            return Set(
                lines.filter { $0.hasPrefix("event ") }.compactMap {
                    JSON.parse(String($0.split(separator: " ", maxSplits: 3)[3]))["action"].text
                })
        }
        #expect(try shown("--image", image) == ["image.put", "read.begun"])
        #expect(try shown("--owner", "ann") == ["image.put", "read.begun"])
        #expect(try shown("--actor", "user:8421") == ["image.put"])
        #expect(try shown("--outcome", "refused") == ["read.begun"])
        #expect(try shown("--actor", "nobody") == [])
    }

    @Test("who read an image is a line each, and readings in a row are one")
    func readers() throws {
        let (vault, image) = try Self.filled()
        let (ending, output, errors) = try vault.vaultctl(
            "audit", "readers", image, "--json", door: "audit")
        #expect(ending == .exited(0), "\(errors)")
        let readers = output.split(separator: "\n").map { JSON.parse(String($0)) }
        #expect(readers.count == 1)
        #expect(readers.first?["readings"].number == 1)
        #expect(readers.first?["uid"].number == Int(getuid()))
        let none = try vault.vaultctl(
            "audit", "readers", image, "--until", "2020-01-01", door: "audit")
        #expect(none.output.isEmpty)
        let inverted = try vault.vaultctl(
            "audit", "readers", image, "--since", "2020-01-02", "--until", "2020-01-01",
            door: "audit")
        #expect(inverted.ending == .exited(64) && inverted.errors.contains("later than --since"))
    }

    @Test("a pseudonym is resolved for those who may, and on record before")
    func resolved() throws {
        let (vault, image) = try Self.filled()
        let put = try #require(try vault.event("image.put", of: image))
        let actor = try #require(put["actor"].text)
        let told = try vault.vaultctl(
            "audit", "resolve", actor, "--reason", "case 4711", door: "audit")
        #expect(told.output == "actor  user:8421\n", "\(told.errors)")
        let event = try #require(vault.events().last { $0["action"].text == "name.resolved" })
        #expect(event["pseudonym"].text == actor)
        #expect(event["reason"].text == "case 4711")
        let other = try TestVault()
        let refused = try other.vaultctl(
            "audit", "resolve", actor, "--reason", "curious", door: "audit")
        #expect(refused.errors.contains("audit.resolvers"), "\(refused.errors)")
        _ = try vault.vaultctl("audit", "redact", "--pseudonym", actor, "--reason", "request 17")
        let gone = try vault.vaultctl(
            "audit", "resolve", actor, "--reason", "again", door: "audit")
        #expect(gone.ending != .exited(0))
    }

    @Test("an erased body is in no file, every proof holds, and a check finds nothing wrong")
    func redacted() throws {
        let (vault, image) = try Self.filled()
        let put = try #require(try vault.event("image.put", of: image))
        let index = try #require(put["index"].number)
        let before = vault.folder.path("before")
        _ = try Self.export(vault, "--output", before)
        let sealed = try Catalog.bytes(
            vault.catalog, "SELECT content FROM event WHERE id = \(index)")
        let (ending, output, errors) = try vault.vaultctl(
            "audit", "redact", "--from", "\(index)", "--to", "\(index + 1)", "--reason",
            "request 17")
        #expect(ending == .exited(0), "\(errors)")
        #expect(output == "1 event lost its body\n")
        // The first event, which a keyring has to open at the next start, is no one's to erase.
        let first = try vault.vaultctl(
            "audit", "redact", "--from", "0", "--to", "1", "--reason", "request 18")
        #expect(first.output == "0 events lost their bodies\n")
        let after = vault.folder.path("after")
        _ = try Self.export(vault, "--output", after)
        let held = try vault.verify("bundle", after, "--key", vault.publicKey)
        #expect(held.output.contains("1 without body"), "\(held.errors)")
        #expect(
            try vault.verify("bundle", before, "--key", vault.publicKey).ending == .exited(0))
        let shown = try #require(vault.events().first { $0["index"].number == index })
        #expect(shown["unavailable"].text == "erased")
        try vault.stop()
        try vault.start()
        let check = try vault.vaultctl("check")
        #expect(check.ending == .exited(0), "\(check.output) \(check.errors)")
        try eventually("the purge") {
            try vault.events().contains { $0["action"].text == "erasure.purged" }
        }
        try vault.stop()
        for name in try FileManager.default.contentsOfDirectory(atPath: vault.state)
        where name.hasPrefix("catalog") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(vault.state)/\(name)"))
            #expect(bytes.range(of: sealed.suffix(64)) == nil, "\(name)")
        }
    }

    @Test("other systems get each event in their own words, and no cell is a formula")
    func formats() throws {
        let (vault, image) = try Self.filled()
        let count = try vault.events().count
        let ecs = try Self.lines(vault, "jsonl").map { JSON.parse($0) }
        // The looking is there, and the exporting not yet.
        #expect(ecs.count == count)
        let put = try #require(ecs.first { $0["event.action"].text == "image.put" })
        #expect(put["event.outcome"].text == "success")
        #expect(put["imagevault.image"].text == image)
        #expect(put["user.id"].text == "\(getuid())")
        #expect(put["@timestamp"].text?.hasSuffix("Z") == true)
        let ocsf = try Self.lines(vault, "ocsf").map { JSON.parse($0) }
        let read = try #require(ocsf.first { $0["api"]["operation"].text == "read.begun" })
        #expect(read["class_uid"].number == 6003)
        #expect(read["type_uid"].number == 600302)
        #expect(read["actor"]["user"]["uid"].text == "\(getuid())")
        let cef = try Self.lines(vault, "cef")
        #expect(cef.allSatisfy { $0.hasPrefix("CEF:0|ImageVault|vaultd|1|") })
        #expect(cef.contains { $0.contains("act=image.put") && $0.contains("fileId=\(image)") })
        let syslog = try Self.lines(vault, "syslog")
        #expect(syslog.allSatisfy { $0.hasPrefix("<110>1 ") || $0.hasPrefix("<108>1 ") })
        let csv = try Self.export(vault, "--format", "csv").components(separatedBy: "\r\n")
        let columns = csv[0].split(separator: ",")
        // The four exports in between, a heading, and nothing behind the last line.
        #expect(csv.count == ecs.count + 4 + 2)
        for line in csv.dropLast() {
            #expect(
                line.split(separator: ",", omittingEmptySubsequences: false).count == columns.count)
        }
    }

    @Test("a schedule writes bundles, each from where the last one ended")
    func scheduled() throws {
        let folder = try TestFolder()
        let exports = folder.path("exports")
        try FileManager.default.createDirectory(
            atPath: exports, withIntermediateDirectories: false)
        let vault = try TestVault(
            settings: Self.settings + "  export: { directory: \(exports), every_hours: 1 }\n",
            in: folder)
        func files() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: exports)
                .filter { $0.hasSuffix(".bundle") }.sorted()
        }
        try eventually("the first export") { try files().count == 1 }
        let first = try #require(files().first)
        #expect(first.hasPrefix("log-0000000000000000-"))
        _ = try vault.store(Sample.jpeg(2))
        try vault.stop()
        // An hour later.
        let old = Date().addingTimeInterval(-3601)
        try FileManager.default.setAttributes(
            [.modificationDate: old], ofItemAtPath: "\(exports)/\(first)")
        try vault.start()
        try eventually("the second export") { try files().count == 2 }
        let second = try #require(files().last)
        #expect(second.hasPrefix("log-" + first.split(separator: "-")[2].prefix(16)))
        for name in try files() {
            let held = try vault.verify(
                "bundle", "\(exports)/\(name)", "--key", vault.publicKey)
            #expect(held.ending == .exited(0), "\(held.errors)")
        }
    }
}
