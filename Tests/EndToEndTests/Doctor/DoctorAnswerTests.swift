// What a doctor's answer is by itself: its event, its page, what it says of a sealed vault, and somebody's word in it.

import Crypto
import Foundation
import Glibc
import Testing

extension DoctorTests {
    @Test("looks at the C libraries, and status tells their versions where it is asked to")
    func libraries() throws {
        let vault = try TestVault()
        let told = try vault.vaultctl("status", "--libraries")
        #expect(told.ending == .exited(0), "\(told.errors)")
        let names = [
            "libjpeg-turbo", "libmagic", "zlib", "libdeflate", "libseccomp", "libsodium", "SQLite",
        ]
        for name in names { #expect(told.output.contains("\(name) "), "\(told.output)") }
        #expect(try !vault.vaultctl("status").output.contains("libsodium"))
    }

    @Test("is an event with counts and the digest of what was handed out")
    func event() throws {
        let vault = try TestVault()
        let told = try vault.ask("POST", "/v1/doctor", door: "admin")
        #expect(told.status == 200, "\(told.summary)")
        let event = try #require(try vault.events().last { $0["action"].text == "doctor.ran" })
        let digest = SHA256.hash(data: told.body).map { String(format: "%02x", $0) }.joined()
        #expect(event["statement"].text == digest)
        let counts = told.json["counts"]
        #expect(event["items"].number == told.json["checks"].list.count)
        #expect(event["found"] == counts["warning"] && event["failures"] == counts["failure"])
        // As the page says of --json.
        let (ending, output, _) = try vault.vaultctl("doctor", "--json")
        let again = try #require(try vault.events().last { $0["action"].text == "doctor.ran" })
        let line = Data(output.utf8.dropLast())
        #expect(
            again["statement"].text
                == SHA256.hash(data: line).map { String(format: "%02x", $0) }.joined())
        #expect(ending == .exited(counts["failure"] == .number(0) ? 0 : 7))
    }

    @Test("prints the worst first, and beneath what is not well what to do")
    func page() throws {
        let vault = try TestVault()
        _ = unsafe chmod(vault.configuration, 0o666)
        let (ending, output, errors) = try vault.vaultctl("doctor")
        #expect(ending == .exited(7), "\(errors)")
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("FAILED   settings-files") && lines[0].contains(" has mode 666"))
        #expect(lines[1].trimmingCharacters(in: .whitespaces).hasPrefix("-> chmod go-w"))
        let words = lines.map { $0.prefix { $0 != " " } }.filter { !$0.isEmpty && Int($0) == nil }
        let ranks = words.compactMap {
            ["FAILED", "WARNING", "unknown", "ok"].firstIndex(of: String($0))
        }
        #expect(ranks.count == words.count && ranks == ranks.sorted())
        #expect(lines.dropLast().last?.hasPrefix("43 checks: ") == true)
    }

    @Test("works on a sealed vault, and believes no row of it")
    func sealed() throws {
        let vault = try TestVault()
        _ = try vault.ask("POST", "/v1/seal", door: "admin")
        let told = try vault.ask("POST", "/v1/doctor", door: "admin")
        let verdicts = told.json["checks"].list.reduce(into: [String: String]()) {
            $0[$1["id"].text ?? ""] = $1["verdict"].text
        }
        #expect(verdicts["sealed"] == "warning" && verdicts["firewall"] == "unknown")
        #expect(verdicts["slots-proved"] == "unknown" && verdicts["sandbox"] == "ok")
        let word =
            #"{"item":"firewall","evidence":"\#(String(repeating: "0", count: 64))","#
            + #""bytes":1,"expires":"2999-01-01T00:00:00.000000Z"}"#
        let attested = try vault.ask(
            "POST", "/v1/doctor/attestations", body: Array(word.utf8), door: "admin")
        #expect(attested.code == "invalid-body", "\(attested.summary)")
    }

    @Test(
        "keeps somebody's word as its event says, for a time that ends, and finds one that is gone")
    func attests() throws {
        let vault = try TestVault()
        let evidence = vault.folder.path("report.pdf")
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        try Disk.write(bytes, to: evidence)
        func attest(_ item: String, _ day: String) throws -> (Ending, String, String) {
            try vault.vaultctl("doctor", "attest", item, "--evidence", evidence, "--expires", day)
        }
        let day = Date(timeIntervalSinceNow: 30 * 86_400).formatted(.iso8601.year().month().day())
        let made = try attest("penetration-test", day)
        #expect(made.0 == .exited(0), "\(made.2)")
        let digest = SHA256.hash(data: Data(bytes)).map { String(format: "%02x", $0) }.joined()
        #expect(made.1.contains(digest))
        let event = try #require(
            try vault.events().last { $0["action"].text == "attestation.made" })
        #expect(event["item"].text == "penetration-test" && event["statement"].text == digest)
        #expect(event["bytes"].number == bytes.count)
        #expect(event["until"].text == "\(day)T23:59:59.999999Z")
        let shown = try vault.vaultctl("doctor", "--only", "penetration-test").output
        #expect(shown.hasPrefix("ok ") && shown.contains(digest))
        for (item, day) in [
            ("swap", day), ("firewall", "2020-01-01"), ("firewall", "2999-01-01"),
            ("firewall", "soon"),
        ] {
            #expect(try attest(item, day).0 != .exited(0), "\(item) \(day)")
        }
        #expect(try vault.vaultctl("check", "--wait").ending == .exited(0))
        try Catalog.change(vault.catalog, "DELETE FROM attestation")
        let found = try vault.vaultctl("check", "--wait")
        #expect(found.ending == .exited(7) && found.output.contains("row-rolled-back"))
        let gone = try vault.vaultctl("doctor", "--only", "penetration-test").output
        #expect(gone.contains("nobody gave his word"))
    }
}
