// A note whose signature holds: what every file that is checked here comes to.

import VaultCrypto
import VaultFormat

struct VerifiedNote {
    let text: String
    let verifier: NoteVerifier

    /// - Throws: ``Refusal`` unless one of the keys signed what is in the file.
    init(file: String, keys: String) throws {
        let verifiers = try NoteVerifier.all(in: InputFile.text(keys))
        let note = try SignedNote(parsing: try InputFile.text(file))
        guard let verifier = verifiers.first(where: { $0.verifies(note) }) else {
            throw Refusal("the signature is of no key in the key file")
        }
        text = note.text
        self.verifier = verifier
    }

    /// - Throws: ``Refusal`` unless what is said is about the key's own vault.
    func require(_ vault: VaultID, of what: String) throws {
        guard verifier.name == Checkpoint.origin(of: vault) else {
            throw Refusal("the \(what) is another vault's")
        }
    }
}

extension NoteVerifier {
    /// The keys of a file, a line each: the log's first one, and those that took its place.
    ///
    /// - Throws: ``Refusal`` for a file without one, or a ``FormatError``.
    static func all(in text: String) throws -> [NoteVerifier] {
        let lines = text.split(separator: "\n")
        guard !lines.isEmpty else { throw Refusal("the key file holds no key") }
        return try lines.map { try NoteVerifier(line: $0) }
    }
}
