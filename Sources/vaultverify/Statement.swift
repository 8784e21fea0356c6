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

    @Option(help: "The log's public key.")
    var key: String

    func run() throws {
        let statement: RotationStatement
        let verifier: NoteVerifier
        do {
            verifier = try NoteVerifier(keyFile: InputFile.text(key))
            statement = try Self.verified(try InputFile.text(file), by: verifier)
        } catch {
            throw Refusal(error)
        }
        print(Self.words(statement).joined(separator: "\n"))
        print("signed by     key \(verifier.fingerprint)")
    }

    /// - Throws: ``Refusal`` unless the key signed it and it is about the key's own vault.
    static func verified(
        _ text: String, by verifier: NoteVerifier
    ) throws -> RotationStatement {
        let note = try SignedNote(parsing: text)
        guard verifier.verifies(note) else { throw Refusal("the signature is not this key's") }
        let statement = try RotationStatement(parsing: note.text)
        guard verifier.name == Checkpoint.origin(of: statement.vault) else {
            throw Refusal("the statement is another vault's")
        }
        return statement
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

extension NoteVerifier {
    /// - Throws: ``Refusal`` unless the file holds one key.
    fileprivate init(keyFile text: String) throws {
        let lines = text.split(separator: "\n")
        guard lines.count == 1 else { throw Refusal("the key file must hold one line") }
        try self.init(line: lines[0])
    }
}
