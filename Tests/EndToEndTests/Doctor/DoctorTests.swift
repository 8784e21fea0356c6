// Each fault is planted in a real vault while it serves, and the doctor names it and no other.

import Foundation
import Glibc
import Testing

@Suite("vaultctl doctor")
struct DoctorTests {
    /// What can be put wrong while the vault serves, and right again.
    struct Plant {
        let item: String
        let verdict: String
        let words: String
        let plant: () throws -> Void
        let undo: () throws -> Void

        init(
            _ item: String, _ verdict: String, _ words: String,
            _ plant: @escaping () throws -> Void,
            undo: @escaping () throws -> Void
        ) {
            self.item = item
            self.verdict = verdict
            self.words = words
            self.plant = plant
            self.undo = undo
        }
    }

    func check(_ patient: Patient, _ plants: [Plant]) throws {
        for plant in plants {
            try plant.plant()
            let (found, expected) = (
                try patient.found(), try patient.expected(with: plant.item, plant.verdict)
            )
            #expect(found == expected, "\(plant.item): \(plant.words)")
            try plant.undo()
            #expect(try patient.found() == patient.healthy, "\(plant.item) undone: \(plant.words)")
        }
    }

    static func mode(_ path: String, _ mode: UInt32) throws {
        guard unsafe chmod(path, mode) == 0 else { throw TestFailure("chmod \(path)") }
    }

    @Test("names each file that others may read or change, and nothing else")
    func files() throws {
        let patient = try Patient()
        let vault = patient.vault
        let plants = try [
            ("state-files", "\(vault.state)/catalog.sqlite", 0o644),
            ("state-files", "\(vault.state)/blobs/7f", 0o755),
            // The settings name a link to the key.
            ("key-files", patient.rootKey, 0o640),
            ("key-files", patient.keyDirectory, 0o777),
            ("settings-files", vault.configuration, 0o666),
            ("settings-files", patient.policy, 0o664),
            ("settings-files", patient.inspector, 0o775),
            ("settings-files", patient.pager, 0o757),
            ("settings-files", patient.programs, 0o777),
            ("sockets", vault.socket("audit"), 0o666),
            ("log-key-pinned", vault.publicKey, 0o666),
        ].map { (item, path, wrong) in
            let right = try Disk.mode(path)
            return Plant(item, "failure", path) {
                try Self.mode(path, UInt32(wrong))
            } undo: {
                try Self.mode(path, right)
            }
        }
        try check(patient, plants)
    }

    @Test("names what is wrong in the store, and nothing else")
    func store() throws {
        let patient = try Patient()
        let (vault, catalog) = (patient.vault, patient.vault.catalog)
        // An authenticator that does not hold is no proof.
        let proof = "UPDATE slot_proof SET proved = proved"
        let last = "WHERE id = (SELECT max(id) FROM event)"
        let future = "WHERE at > 432000000000 + (SELECT at FROM event WHERE id = 0)"
        var token = ""
        try check(
            patient,
            [
                Plant("slots-proved", "warning", "no proof") {
                    try Catalog.change(catalog, proof + " + 1")
                } undo: {
                    try Catalog.change(catalog, proof + " - 1")
                },
                Plant("clock", "failure", "an event of the future, and others behind it") {
                    try Catalog.change(catalog, "UPDATE event SET at = at + 864000000000 \(last)")
                    _ = try vault.vaultctlJSON(["slots", "list"])
                    _ = try vault.vaultctlJSON(["incidents", "list"])
                } undo: {
                    try Catalog.change(
                        catalog, "UPDATE event SET at = at - 864000000000 \(future)")
                },
                Plant("second-slot", "warning", "one way in") {
                    try patient.removeSlot()
                } undo: {
                    try patient.addSlot()
                },
                Plant("backup-age", "failure", "a row that nobody can read") {
                    try Catalog.change(catalog, "UPDATE backup SET state = -state")
                } undo: {
                    try Catalog.change(catalog, "UPDATE backup SET state = -state")
                },
                Plant("catalog-log", "warning", "a long one") {
                    guard unsafe truncate(catalog + "-wal", 100 << 20) == 0 else {
                        throw TestFailure("truncate")
                    }
                } undo: {
                    try eventually("a short log") {
                        _ = try Catalog.whole(catalog)
                        var facts = stat()
                        return unsafe stat(catalog + "-wal", &facts) == 0 && facts.st_size < 1 << 20
                    }
                },
                Plant("backup-age", "warning", "none is wanted") {
                    let backup = try vault.vaultctlJSON(["backups", "ls"])["id"].text ?? ""
                    _ = try vault.vaultctlJSON(["backups", "expire", backup])
                } undo: {
                    _ = try vault.vaultctlJSON(["backups", "register"])
                },
                Plant("tokens", "warning", "one for too long") {
                    let made = try vault.vaultctlJSON([
                        "token", "create", "--principal", "web", "--days", "366",
                    ])
                    token = made["id"].text ?? ""
                } undo: {
                    _ = try vault.vaultctlJSON(["token", "revoke", token])
                },
                Plant("state-files", "failure", "a link") {
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(vault.state)/more", withDestinationPath: "/")
                } undo: {
                    try Disk.remove("\(vault.state)/more")
                },
            ])
    }

    @Test("names each rule of a policy that is too wide, and nothing else")
    func policies() throws {
        let patient = try Patient()
        let vault = patient.vault
        func policy(
            _ item: String, _ verdict: String, _ write: @escaping () throws -> Void
        ) -> Plant {
            func reload() throws {
                let (ending, _, errors) = try vault.vaultctl("policy", "reload")
                guard ending == .exited(0) else { throw TestFailure("\(item): \(errors)") }
            }
            return Plant(item, verdict, "the policy") {
                try write()
                try reload()
            } undo: {
                try patient.writePolicy()
                try reload()
            }
        }
        try check(
            patient,
            [
                policy("policy-erasure", "warning") {
                    try patient.writePolicy(web: "users: [4001], roles: [backend]")
                },
                policy("policy-doors", "warning") {
                    try patient.writePolicy(audit: "users: [4001, 4003], roles: [auditor]")
                },
                policy("policy-everybody", "failure") {
                    try patient.writePolicy(audit: "groups: [users], roles: [auditor]")
                },
                policy("policy-admins", "warning") {
                    try patient.writePolicy(ops: "users: [\(getuid())], roles: [admin]")
                },
                policy("two-person", "warning") {
                    try patient.writePolicy(
                        ops: "users: [\(getuid())], roles: [admin]",
                        deputy: "users: [4002], roles: [half]")
                },
            ])
    }

    @Test("names a log that cannot be written, and once it can be, that it could not")
    func log() throws {
        let patient = try Patient()
        let vault = patient.vault
        func state() throws -> String? {
            JSON.parse(try vault.vaultctl("status", "--json").output)["log"]["state"].text
        }
        // Another file lies where the catalog was.
        let aside = vault.folder.path("aside")
        try FileManager.default.moveItem(atPath: vault.catalog, toPath: aside)
        try FileManager.default.copyItem(atPath: aside, toPath: vault.catalog)
        #expect(try vault.vaultctl("incidents", "list").ending != .exited(0))
        try eventually("a log that is gone") { try state() == "replaced" }
        #expect(try patient.found() == patient.expected(with: "log", "failure"))
        try Disk.remove(vault.catalog)
        try FileManager.default.moveItem(atPath: aside, toPath: vault.catalog)
        try eventually("a log that goes on") { try state() == "writable" }
        #expect(try patient.found() == patient.expected(with: "outages", "warning"))
    }
}
