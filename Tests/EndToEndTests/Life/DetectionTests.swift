// Detection, by the real programs: a canary that is read is told of everywhere, and a restart tells it once.

import Testing
import VaultTestKit

@Suite("Detection", .vault)
struct DetectionTests {
    @Test(
        "a canary that is read is an event, lines of status and the daemon's log, and a measure")
    func canary() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1), ["Vault-Owner: ada"])
        let other = try vault.store(Sample.jpeg(2), ["Vault-Owner: ada"])
        let planted = try vault.vaultctl("canary", "plant", id, "--note", "in the cellar")
        #expect(planted.ending == .exited(0), "\(planted.errors)")
        #expect(try vault.vaultctl("canary", "ls").output.contains("in the cellar"))
        let unknown = String(repeating: "0", count: 64)
        #expect(try vault.vaultctl("canary", "plant", unknown).errors.contains("unknown-image"))

        // To the backend both are images.
        let asked = ["Vault-Owner: ada", "Vault-Actor: mallory"]
        for image in [other, id] {
            let shown = try vault.ask("GET", "/v1/images/\(image)/metadata", asked)
            #expect(shown.status == 200 && !shown.summary.contains("canary"))
        }
        let raised = "imagevault_alarms_total{rule=\"canary-read\"}"
        try eventually("the alarm") { try vault.metrics()[raised] == 1 }
        let status = try vault.vaultctl("status").output
        #expect(status.contains("ALARM") && status.contains("canary-read by images for "))
        try eventually("its line") { vault.journal.contains("alarm raised") }
        let events = try vault.events()
        let alarm = try #require(events.first { $0["action"].text == "alarm.raised" })
        let read = try #require(events.last { $0["action"].text == "metadata.read" })
        #expect(alarm["rule"].text == "canary-read" && alarm["principal"].text == "images")
        #expect(alarm["actor"].text == read["actor"].text && read["actor"].text != nil)
        #expect(alarm["from"].number == read["index"].number)

        try vault.stop()
        try vault.start()
        #expect(try vault.ask("HEAD", "/v1/images/\(id)", asked).status == 200)
        let open = "imagevault_alarms_open{rule=\"canary-read\"}"
        try eventually("what was known") { try vault.metrics()[open] == 1 }
        #expect(try vault.metrics()[raised] == 0)
        #expect(try vault.vaultctl("canary", "lift", id).ending == .exited(0))
        #expect(try vault.vaultctl("canary", "ls").output.isEmpty)
    }

    @Test("a rule is switched off by its name, and on record; no other word is taken")
    func off() throws {
        let vault = try TestVault(settings: "detection:\n  off: [canary-read, key-changes]\n")
        let id = try vault.store(Sample.jpeg(1))
        #expect(try vault.vaultctl("canary", "plant", id).ending == .exited(0))
        _ = try vault.get(id)
        // What comes later, and is seen by a rule that is on, tells that all before was looked at.
        for number in 10..<40 {
            let unknown = String(repeating: "0", count: 62) + "\(number)"
            let answer = try vault.ask("GET", "/v1/images/\(unknown)", ["Vault-Actor: mallory"])
            #expect(answer.status == 404)
        }
        try eventually("the other alarm") {
            try vault.metrics()["imagevault_alarms_total{rule=\"id-walk\"}"] ?? 0 > 0
        }
        #expect(try vault.metrics()["imagevault_alarms_total{rule=\"canary-read\"}"] == 0)
        let status = try vault.vaultctl("status").output
        #expect(status.contains("canary-read, key-changes") && status.contains("id-walk by images"))
        let events = try vault.events()
        let alarms = events.filter { $0["action"].text == "alarm.raised" }
        #expect(Set(alarms.map { $0["rule"].text }) == ["id-walk"])
        let event = try #require(events.first { $0["action"].text == "detection.limited" })
        #expect(event["filters"].text == "canary-read key-changes")
        try vault.stop()
        #expect(throws: (any Error).self) {
            try vault.start(arguments: ["--set", "detection.off=burglars"])
        }
        #expect(vault.journal.contains("detection.off takes canary-read"))
    }
}
