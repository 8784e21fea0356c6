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
        let verifier: NoteVerifier
        do {
            let verifiers = try NoteVerifier.all(in: InputFile.text(key))
            (statement, verifier) = try Self.verified(try InputFile.text(file), by: verifiers)
        } catch {
            throw Refusal(error)
        }
        print(Self.words(statement).joined(separator: "\n"))
        print("signed by     key \(verifier.fingerprint)")
    }

    /// - Returns: what is stated, and the key that signed it.
    /// - Throws: ``Refusal`` unless one of the keys did, and it is about that key's own vault.
    static func verified(
        _ text: String, by verifiers: [NoteVerifier]
    ) throws -> (RotationStatement, NoteVerifier) {
        let note = try SignedNote(parsing: text)
        guard let verifier = verifiers.first(where: { $0.verifies(note) }) else {
            throw Refusal("the signature is of no key in the key file")
        }
        let statement = try RotationStatement(parsing: note.text)
        guard verifier.name == Checkpoint.origin(of: statement.vault) else {
            throw Refusal("the statement is another vault's")
        }
        return (statement, verifier)
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
    /// The keys of a file, a line each: the log's first one, and those that took its place.
    ///
    /// - Throws: ``Refusal`` for a file without one, or a ``FormatError``.
    fileprivate static func all(in text: String) throws -> [NoteVerifier] {
        let lines = text.split(separator: "\n")
        guard !lines.isEmpty else { throw Refusal("the key file holds no key") }
        return try lines.map { try NoteVerifier(line: $0) }
    }
}
