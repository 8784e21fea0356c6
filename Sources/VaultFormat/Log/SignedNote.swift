/// A text with signatures under it, as C2SP `signed-note` spells it. LogFormat §5.
package struct SignedNote: Hashable, Sendable {
    package struct Signature: Hashable, Sendable {
        /// Whose key it is.
        package let name: String
        package let keyID: [UInt8]
        package let bytes: [UInt8]
    }

    /// What is signed, up to and with its last newline.
    package let text: String
    package let signatures: [Signature]

    private static let dash = "\u{2014} "

    /// The note with the one signature of an Ed25519 key.
    package static func text(
        _ text: String, name: String, keyID: [UInt8], signature: [UInt8]
    ) -> String {
        Self.text(text, name: name, [(keyID, signature)])
    }

    /// The note with the signatures of several keys of one name.
    package static func text(
        _ text: String, name: String, _ signatures: [(keyID: [UInt8], signature: [UInt8])]
    ) -> String {
        signatures.reduce(text + "\n") {
            $0 + "\(dash)\(name) \(Base64.encode($1.keyID + $1.signature))\n"
        }
    }

    /// - Throws: ``FormatError`` for what has no text, no signature, or no form.
    package init(parsing note: String) throws(FormatError) {
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.last == "" else { throw .truncated }
        // The text ends before the last empty line that has signatures behind it.
        let last = lines.count - 1
        guard let blank = lines[..<last].lastIndex(of: ""), blank > 0
        else { throw .invalidText(field: "note") }
        text = lines[..<blank].map { $0 + "\n" }.joined()
        var signatures: [Signature] = []
        for line in lines[(blank + 1)..<last] {
            guard line.hasPrefix(Self.dash), signatures.count < Limits.noteSignatures else {
                throw .invalidText(field: "signature")
            }
            let words = line.dropFirst(Self.dash.count)
                .split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, !words[0].isEmpty,
                words[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else {
                throw .invalidText(field: "signature")
            }
            let bytes = try Base64.decode(words[1])
            guard bytes.count > 4 else { throw .truncated }
            signatures.append(
                Signature(
                    name: String(words[0]), keyID: Array(bytes.prefix(4)),
                    bytes: Array(bytes.dropFirst(4))))
        }
        guard !signatures.isEmpty else { throw .invalidText(field: "signature") }
        self.signatures = signatures
    }
}

extension VerifierKey {
    /// A public key and the name it signs under.
    package struct Parsed: Hashable, Sendable {
        package let name: String
        package let keyID: [UInt8]
        package let publicKey: [UInt8]
    }

    /// The key of one line, its key id not yet compared with the key.
    ///
    /// - Throws: ``FormatError`` for what is no Ed25519 key of this use in its one spelling.
    package static func parse(
        _ line: some StringProtocol, algorithm: UInt8 = ed25519
    ) throws(FormatError) -> Parsed {
        let words = line.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, !words[0].isEmpty else { throw .invalidText(field: "key") }
        let key = try Base64.decode(words[2])
        guard key.count == 33 else { throw .wrongLength(expected: 33, actual: key.count) }
        guard key[0] == algorithm else { throw .unknownValue(field: "algorithm") }
        return Parsed(
            name: String(words[0]), keyID: try Hex.decode(words[1], count: 4),
            publicKey: Array(key.dropFirst()))
    }
}
