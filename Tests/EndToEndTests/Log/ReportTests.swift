// The auditor's report of a real vault: one page, which is judged by what it carries.

import Foundation
import Testing

@Suite("Reports")
struct ReportTests {
    private static let year = Calendar(identifier: .gregorian).component(.year, from: Date())

    private static func report(_ vault: TestVault, _ arguments: String...) throws -> String {
        let (ending, output, errors) = try vault.vaultctl(
            ["audit", "report"] + arguments, door: "audit")
        guard ending == .exited(0) else { throw TestFailure("report: \(errors)") }
        return output
    }

    @Test("a report is one private page that holds, and no longer when its bundle is changed")
    func report() throws {
        let vault = try TestVault()
        let image = try vault.store(Sample.jpeg(1))
        _ = try vault.get(image)
        let path = vault.folder.path("report.html")
        // The test may run over the end of a year.
        let period = "\(Self.year)-01-01..\(Self.year + 1)-12-31"
        let said = try Self.report(vault, "--period", period, "--output", path)
        #expect(said == "\(path)\n")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let held = try vault.verify("bundle", path, "--key", vault.publicKey)
        #expect(held.ending == .exited(0), "\(held.errors)")
        #expect(held.output.contains("all of the range"))
        #expect(held.output.contains("range         0 up to \(try vault.events().count - 2)"))

        let page = try String(contentsOfFile: path, encoding: .utf8)
        let opening = "\n<script type=\"application/octet-stream\" id=\"bundle\">\n"
        let start = try #require(page.range(of: opening))
        let bundle = page[start.upperBound...].prefix { $0 != "<" }
        let middle = bundle.index(bundle.startIndex, offsetBy: bundle.count / 2)
        for (name, broken) in [
            (
                "changed",
                page.replacingCharacters(
                    in: middle...middle, with: page[middle] == "A" ? "B" : "A")
            ),
            ("cut", String(page[..<middle])),
            ("twice", page + opening.dropFirst() + bundle + "</script>\n"),
            ("none", page.replacing(opening, with: "\n")),
        ] {
            try Disk.write(broken, to: vault.folder.path(name))
            let refused = try vault.verify(
                "bundle", vault.folder.path(name), "--key", vault.publicKey)
            #expect(refused.ending == .exited(1), "\(name)")
            #expect(refused.errors.contains(" at index "), "\(name): \(refused.errors)")
        }
    }

    @Test("a report of another time has no event, and continues a checkpoint from before")
    func empty() throws {
        let vault = try TestVault()
        let note = try vault.vaultctl("audit", "checkpoint", door: "audit")
        let known = vault.folder.path("known")
        try Disk.write(note.output, to: known)
        let path = vault.folder.path("report.html")
        _ = try Self.report(
            vault, "--period", "2001-Q2", "--known", known, "--output", path)
        let held = try vault.verify("bundle", path, "--key", vault.publicKey, "--known", known)
        #expect(held.ending == .exited(0), "\(held.errors)")
        #expect(held.output.contains("0 events"))
        let wrong = try vault.vaultctl("audit", "report", "--period", "2026-Q5", door: "audit")
        #expect(wrong.ending == .exited(64), "\(wrong.errors)")
    }
}
