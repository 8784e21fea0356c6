// What a restore passes over, and what it says that did not come back.

import Foundation
import Testing

extension BackupTests {
    @Test("a snapshot that another key signed is passed over, and told; alone it is refused")
    func otherSigner() throws {
        _ = try vault.store(Sample.jpeg(1))
        let first = try #require(try backUp()["backup"].text)
        try takeKeys()
        let manifest = "\(backups)/snapshots/\(first)/manifest"
        let text = String(decoding: try Disk.read(manifest), as: UTF8.self)
        // Its own form, and a signature of nobody's.
        let line = try #require(text.split(separator: "\n").last { $0.hasPrefix("\u{2014} ") })
        let cut = text.replacingOccurrences(of: line, with: line.dropLast(8) + "AAAAAAA=")
        try Disk.write(Array(cut.utf8), to: manifest)
        try Disk.write(try Disk.read(vault.publicKey), to: folder.path("pinned.pub"))
        let refused = try restore("--plan")
        #expect(refused.ending == .exited(65))
        #expect(refused.errors.contains("signed by no key"))
        _ = try vault.store(Sample.jpeg(2))
        _ = try backUp()
        let told = try restore("--plan")
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(told.errors.contains("passed over: \(manifest)"))
        let named = try restore("--plan", "--backup", first)
        #expect(named.ending == .exited(65))
        #expect(named.errors.contains("signed by no key"))
    }

    @Test("a damaged snapshot is passed over, and told; where none holds, why of each is told")
    func passedOver() throws {
        _ = try vault.store(Sample.jpeg(1))
        let first = try #require(try backUp()["backup"].text)
        _ = try vault.store(Sample.jpeg(2))
        let second = try #require(try backUp()["backup"].text)
        try takeKeys()
        try Disk.write(try Disk.read(vault.publicKey), to: folder.path("pinned.pub"))
        let list = "\(backups)/snapshots/\(second)/blobs"
        try Disk.flip(list, at: 0)
        let told = try restore("--plan", "--json")
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(JSON.parse(told.output)["backup"].text == first)
        #expect(told.errors.contains("passed over: \(list) is not what the manifest says"))
        #expect(try restore("--plan", "--backup", second).ending == .exited(65))
        // A link where a manifest should be keeps nobody from the one that holds.
        let link = "\(backups)/snapshots/\(second)/manifest"
        try Disk.remove(link)
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: "\(backups)/snapshots/\(first)/manifest")
        let linked = try restore("--plan", "--json")
        #expect(linked.ending == .exited(0), "\(linked.errors)")
        #expect(linked.errors.contains("passed over: \(link) is no such file"))
        let manifest = "\(backups)/snapshots/\(first)/manifest"
        try Disk.write("no manifest", to: manifest)
        let refused = try restore("--plan")
        #expect(refused.ending == .exited(65))
        for reason in ["\(link) is no such file", "\(manifest) is not in its form"] {
            #expect(refused.errors.contains(reason), "\(refused.errors)")
        }
    }

    @Test("a blob that is missing is listed with its image, by the plan and by the restore")
    func listsMissing() throws {
        let image = try vault.store(Sample.jpeg(1))
        _ = try backUp()
        let blob = try #require(Disk.files(below: "\(backups)/blobs").first)
        let name = String(blob.dropFirst("\(backups)/blobs/".count).filter { $0 != "/" })
        _ = try vault.store(Sample.jpeg(2))
        _ = try vault.vaultctlJSON(["incidents", "open", "--reason", "a drill"])
        try takeKeys()
        let snapshot = try #require(try backUp()["backup"].text)
        try Disk.remove(blob)
        let cases = Disk.files(below: "\(backups)/snapshots/\(snapshot)/cases")
        try Disk.remove(try #require(cases.first))
        try lose()
        let line = "\(name)  default \(image)"
        // What a plan left that was killed.
        let copy = vault.state + ".planning"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
        try Disk.write("a catalog", to: "\(copy)/catalog.sqlite")
        let text = try restore("--plan")
        #expect(!Disk.exists(copy))
        #expect(text.output.contains("1 blobs are not in the directory"), "\(text.output)")
        #expect(text.output.contains(line), "\(text.output) \(text.errors)")
        #expect(!Disk.exists(vault.state))
        let plan = JSON.parse(try restore("--plan", "--json").output)
        let told = try restore("--json")
        #expect(told.ending == .exited(0), "\(told.errors)")
        let report = JSON.parse(told.output)
        let incident = try #require(cases.first?.split(separator: "/").last).prefix(32)
        #expect(report["missing_cases"].list.map(\.text) == [String(incident)])
        for answer in [plan, report] {
            #expect(answer["missing"].number == 1)
            let missing = try #require(answer["missing_blobs"].list.first)
            #expect(missing["blob"].text == name)
            #expect(missing["images"].list.map { $0["image"].text } == [image])
            #expect(missing["images"].list.map { $0["namespace"].text } == ["default"])
        }
        try Disk.remove(vault.state)
        let again = try restore().output
        #expect(again.contains(line))
        #expect(again.contains("the case of incident \(incident)"), "\(again)")
    }
    @Test("a row of an operation that cannot be read keeps nothing from coming back, and is told")
    func damagedOperation() throws {
        _ = try vault.store(Sample.jpeg(1))
        try takeKeys()
        try Catalog.change(
            vault.catalog,
            """
            INSERT INTO operation (operation, kind, parameters, creator, created, state, cursor, last,
                total, done, found, failures, failure, updated, changed, mac)
            VALUES (zeroblob(16), 99, x'', 0, 0, 1, 0, 0, 1, 0, 0, 0, '', 0, 0, zeroblob(32))
            """)
        _ = try backUp()
        try lose()
        let told = try restore()
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(told.errors.contains("what came back is not checked by itself"), "\(told.errors)")
    }
}
