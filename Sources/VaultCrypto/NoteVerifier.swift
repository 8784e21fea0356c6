// Signed notes, checked with a public key and nothing else. LogFormat §5.

import CSodium
package import VaultFormat

/// The public half of a log's key.
package struct NoteVerifier: Hashable, Sendable {
    /// The name that it signs under: the log's origin.
    package let name: String
    private let keyID: [UInt8]
    private let publicKey: [UInt8]

    /// - Parameter line: a line of `audit.pub`.
    /// - Throws: ``FormatError`` for what is no key, or `not-canonical` where its id is another key's.
    package init(line: some StringProtocol) throws(FormatError) {
        let key = try VerifierKey.parse(line)
        let input = VerifierKey.keyIDInput(origin: key.name, publicKey: key.publicKey)
        guard Array(LogHash.digest(input).bytes.prefix(4)) == key.keyID else {
            throw .notCanonical(field: "key id")
        }
        name = key.name
        keyID = key.keyID
        publicKey = key.publicKey
    }

    /// Whether one of the note's signatures is this key's. Those of others are passed by.
    package func verifies(_ note: SignedNote) -> Bool {
        note.signatures.indices.contains { verifies(note, at: $0) }
    }

    /// Whether this signature of the note is this key's.
    package func verifies(_ note: SignedNote, at place: Int) -> Bool {
        let signature = note.signatures[place]
        return sodium_init() >= 0 && signature.name == name && signature.keyID == keyID
            && LogSigner.verify(signature.bytes, of: Array(note.text.utf8), publicKey: publicKey)
    }

    /// SHA-256 of the public key: what an auditor keeps on paper.
    package var fingerprint: String { LogHash.digest(publicKey).hex }
}

/// The public key of somebody who saw the log grow, and says so under its checkpoints. BundleFormat §4.
package struct WitnessVerifier: Hashable, Sendable {
    package let name: String
    private let keyID: [UInt8]
    private let publicKey: [UInt8]

    /// - Throws: ``FormatError`` for what is no witness's key.
    package init(line: some StringProtocol) throws(FormatError) {
        let key = try VerifierKey.parse(line, algorithm: VerifierKey.cosignature)
        let input = VerifierKey.keyIDInput(
            origin: key.name, publicKey: key.publicKey, algorithm: VerifierKey.cosignature)
        guard Array(LogHash.digest(input).bytes.prefix(4)) == key.keyID else {
            throw .notCanonical(field: "key id")
        }
        name = key.name
        keyID = key.keyID
        publicKey = key.publicKey
    }

    /// Whether it cosigned the note, at whatever time.
    package func verifies(_ note: SignedNote) -> Bool {
        guard sodium_init() >= 0 else { return false }
        return note.signatures.contains { signature in
            guard signature.name == name, signature.keyID == keyID, signature.bytes.count == 72
            else { return false }
            let seconds = signature.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return LogSigner.verify(
                Array(signature.bytes.dropFirst(8)),
                of: Array("cosignature/v1\ntime \(seconds)\n\(note.text)".utf8),
                publicKey: publicKey)
        }
    }
}
