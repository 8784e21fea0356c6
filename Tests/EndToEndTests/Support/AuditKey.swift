// The log's public key and what it signs, read as C2SP signed-note and tlog-checkpoint say.

import Crypto
import Foundation

/// A verifier key: `name+hash+key`.
struct AuditKey {
    let name: String
    let keyID: [UInt8]
    let publicKey: Curve25519.Signing.PublicKey

    init(file: String) throws {
        let text = String(decoding: try Disk.read(file), as: UTF8.self)
        // The key itself may hold a plus: only the first two separate.
        let parts = text.trimmingCharacters(in: .newlines).split(separator: "+", maxSplits: 2)
        guard parts.count == 3, let key = Data(base64Encoded: String(parts[2])), key.count == 33,
            key.first == 1
        else { throw TestFailure("no verifier key: \(text)") }
        name = String(parts[0])
        publicKey = try Curve25519.Signing.PublicKey(rawRepresentation: key.dropFirst())
        keyID = Array(SHA256.hash(data: Data("\(name)\n".utf8) + key).prefix(4))
        guard keyID.map({ String(format: "%02x", $0) }).joined() == parts[1] else {
            throw TestFailure("the key's hash is not its own")
        }
    }
}

/// A checkpoint whose signature has been checked.
struct SignedCheckpoint {
    let origin: String
    let size: Int
    let root: [UInt8]

    /// - Throws: ``TestFailure`` unless `note` is a note of `key`.
    init(_ note: [UInt8], _ key: AuditKey) throws {
        let text = String(decoding: note, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 6, lines[3].isEmpty, lines[5].isEmpty else {
            throw TestFailure("not three lines, an empty one and a signature: \(text)")
        }
        let prefix = "\u{2014} \(key.name) "
        guard lines[4].hasPrefix(prefix),
            let bytes = Data(base64Encoded: String(lines[4].dropFirst(prefix.count))),
            Array(bytes.prefix(4)) == key.keyID
        else { throw TestFailure("not a signature line of this key: \(lines[4])") }
        let signed = Data("\(lines[0])\n\(lines[1])\n\(lines[2])\n".utf8)
        guard key.publicKey.isValidSignature(bytes.dropFirst(4), for: signed) else {
            throw TestFailure("the signature does not hold")
        }
        guard let size = Int(lines[1]), let root = Data(base64Encoded: lines[2]), root.count == 32
        else { throw TestFailure("no size and root: \(text)") }
        origin = lines[0]
        self.size = size
        self.root = Array(root)
    }
}
