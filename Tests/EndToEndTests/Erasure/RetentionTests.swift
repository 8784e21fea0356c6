// Retention, by the real programs: what has reached its end goes by itself, with a receipt.

import Foundation
import Testing
import VaultFormat
import VaultTestKit

@Suite("Retention", .vault)
struct RetentionTests {
    private static func moment(seconds: Double) -> String {
        let now = Date().timeIntervalSince1970 + seconds
        return Timestamp.text(microseconds: Int64(now * 1_000_000))
    }

    @Test("what reaches its end is erased with a receipt; what is held or kept longer stays")
    func expires() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=100"])
        let gone = try vault.store(Sample.jpeg(1), ["Vault-Owner: ada"])
        let held = try vault.store(Sample.jpeg(2), ["Vault-Owner: bob"])
        let kept = try vault.store(Sample.jpeg(3), ["Vault-Owner: ada"])
        #expect(try vault.vaultctl("hold", "place", "--owner", "bob").ending == .exited(0))
        let end = Self.moment(seconds: 4)
        for id in [gone, held] {
            let set = try vault.vaultctl("retention", "set", id, "--until", end)
            #expect(set.output.contains("kept until"), "\(set.errors)")
        }
        #expect(try vault.vaultctl("retention", "set", kept, "--days", "3").ending == .exited(0))
        // A start looks at once.
        try vault.stop()
        try eventually("the end of the retention") { Self.moment(seconds: 0) > end }
        try vault.start()
        try eventually("the end of what was kept long enough") {
            try vault.get(gone).code == "unknown-image"
        }
        let receipt = try eventually("its receipt") {
            let list = try vault.ask("GET", "/v1/receipts", door: "admin").json["receipts"].list
            return list.first { $0["erased"].text == "retention" && $0["level"].number == 1 }
        }
        #expect(receipt["claims"].number == 1 && receipt["images"].number == 1)
        #expect(receipt["namespace"] == .null)
        #expect(try vault.get(held, ["Vault-Owner: bob"]).bytes == Bytes(Sample.jpeg(2)))
        #expect(try vault.get(kept).bytes == Bytes(Sample.jpeg(3)))
        // It is of all namespaces: the backend's own does not see it.
        let id = try #require(receipt["id"].text)
        #expect(try vault.ask("GET", "/v1/receipts/\(id)").code == "unknown-receipt")
        #expect(try vault.ask("GET", "/v1/receipts").json["receipts"].list.isEmpty)
        let operation = try eventually("the operation") {
            try vault.ask("GET", "/v1/operations", door: "admin").json["operations"].list
                .first { $0["kind"].text == "expire" && $0["state"].text == "done" }
        }
        #expect(try vault.findings(operation).map { $0["code"].text } == ["held"])
    }

    @Test("the settings give new claims their days, and an extend-only end is not moved earlier")
    func settings() throws {
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                retention:
                  days: 30
                namespaces:
                  default:
                    retention:
                      extend_only: true

                """)
        let id = try vault.store(Sample.jpeg(1))
        let shown = try vault.vaultctlJSON(["retention", "show", id])
        #expect(shown["extend_only"].bool == true)
        let end = try #require(shown["claims"].list.first?.text)
        #expect(end > Self.moment(seconds: 29 * 86_400) && end < Self.moment(seconds: 30 * 86_400))
        let shorter = try vault.vaultctl("retention", "set", id, "--days", "29")
        #expect(shorter.errors.contains("retention-locked"), "\(shorter.errors)")
        #expect(try vault.vaultctlJSON(["retention", "show", id])["claims"] == shown["claims"])
        #expect(try vault.vaultctl("retention", "set", id, "--days", "31").ending == .exited(0))
        #expect(try vault.vaultctl("retention", "set", id, "--forever").output.contains("for ever"))
        #expect(try vault.vaultctl("retention", "set", id, "--days", "90").ending == .exited(1))
        // It keeps nobody from deleting.
        #expect(try vault.delete(id).status == 200)
    }

    @Test("an image of no retention is kept for ever; an end has one spelling")
    func asked() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        let shown = try vault.vaultctlJSON(["retention", "show", id])
        #expect(shown["claims"].list == [.null] && shown["extend_only"].bool == false)
        let target = "/v1/retention/default/\(id)"
        func put(_ body: String, _ target: String) throws -> Answer {
            try vault.ask("PUT", target, body: Array(body.utf8), door: "admin")
        }
        #expect(try put(#"{"days":2}"#, target).status == 200)
        #expect(try put(#"{"until":null}"#, target).json["claims"].list == [.null])
        #expect(try put("{}", target).code == "invalid-body")
        #expect(try put(#"{"days":2}"#, "/v1/retention/other/\(id)").code == "unknown-image")
        #expect(try put(#"{"days":2}"#, "/v1/retention/a%20b/\(id)").code == "unknown-image")
        #expect(try put(#"{"days":2}"#, "/v1/retention/default/x").code == "invalid-id")
        #expect(try vault.vaultctl("retention", "set", id).ending == .exited(64))
        #expect(
            try vault.vaultctl("retention", "set", id, "--until", "2023-02-29T00:00:00Z").ending
                == .exited(64))
        #expect(
            try vault.vaultctl("retention", "set", id, "--until", "2100-02-28T00:00:00Z").output
                .contains("2100-02-28 00:00:00Z"))
        let events = try vault.events().filter { $0["action"].text == "retention.set" }
        #expect(events.compactMap { $0["until"].text }.contains("forever"))
        #expect(try vault.ask("GET", target).code == "unknown-route")
    }
}
