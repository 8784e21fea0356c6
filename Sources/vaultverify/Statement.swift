// `statement`: what a rotation came to.

import ArgumentParser
import VaultCrypto
import VaultFormat

struct Statement: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Check the statement of a rotation, and say what it states.",
        discussion: "Example: vaultverify statement rotation.txt --key audit.pub")

    @Argument(help: "What \"vaultctl keys statement\" printed.")
    var file: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.")
    var key: String

    func run() throws {
        let statement: RotationStatement
        let note: VerifiedNote
        do {
            note = try VerifiedNote(file: file, keys: key)
            statement = try RotationStatement(parsing: note.text)
            try note.require(statement.vault, of: "statement")
        } catch {
            throw Refusal(error)
        }
        print(Self.words(statement).joined(separator: "\n"))
        print("signed by     key \(note.verifier.fingerprint)")
    }

    private static func words(_ statement: RotationStatement) -> [String] {
        let emptied = statement.emptied.map(\.description).joined(separator: ", ")
        return [
            "vault         \(statement.vault)", "operation     \(statement.operation)",
            "work          \(statement.work.name)",
            "stated at     \(statement.at)",
            "keyring       generation \(statement.generation)",
            "keys          \(statement.keys), all under epoch \(statement.epoch)",
            "opened        \(statement.opened) of them, each once, at the end",
            "needed by no  key: \(emptied.isEmpty ? "no epoch" : "epoch \(emptied)")",
            "log           \(statement.logSize) events, root \(statement.logRoot)",
        ]
    }
}
