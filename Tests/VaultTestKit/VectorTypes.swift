// What each file of vectors says, field by field. Bytes are hexadecimal, names as in the pages.

package import VaultFormat

/// `blobs.json`: a file and the place it is opened from.
package struct BlobVector: NamedVector {
    package struct Piece: Decodable, Sendable {
        let hex: HexBytes?
        let zeros: Int?
    }

    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let namespace: String
    package let image: HexBytes
    package let blob: HexBytes
    package let epoch: UInt32
    package let wrap: HexBytes
    package let file: [Piece]
    package let dataKey: HexBytes?
    package let frameKey: HexBytes?
    package let frameAad: HexBytes?
    package let plaintextBytes: Int?
    package let plaintextSha256: String?

    package var bytes: [UInt8] {
        file.flatMap { $0.hex?.bytes ?? [UInt8](repeating: 0, count: $0.zeros ?? 0) }
    }

    package func context() throws -> WrapContext {
        try WrapContext(
            subject: .blob(BlobID(bytes: blob.bytes)), epoch: EpochNumber(epoch),
            namespace: NamespaceName(namespace), image: ImageID(bytes: image.bytes))
    }
}

/// `wraps.json`.
package struct WrapVector: NamedVector {
    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let kind: String
    package let namespace: String
    package let image: HexBytes
    package let subject: HexBytes
    package let epoch: UInt32
    package let wrapped: HexBytes
    package let aad: HexBytes?
    package let dataKey: HexBytes?

    package func context() throws -> WrapContext {
        let subject: WrapContext.Subject =
            kind == "blob"
            ? .blob(try BlobID(bytes: subject.bytes))
            : .reference(try ReferenceID(bytes: subject.bytes))
        return try WrapContext(
            subject: subject, epoch: EpochNumber(epoch), namespace: NamespaceName(namespace),
            image: ImageID(bytes: image.bytes))
    }
}

/// `references.json`: a body, a sealed body, or both.
package struct ReferenceVector: NamedVector {
    package struct Place: Decodable, Sendable {
        let namespace: String?
        let image: HexBytes?
        let reference: HexBytes?
    }

    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let namespace: String?
    package let image: HexBytes?
    package let reference: HexBytes?
    package let epoch: UInt32?
    package let wrapped: HexBytes?
    package let name: String?
    package let owner: String?
    package let job: String?
    package let receivedBytes: Int?
    package let receivedDigest: HexBytes?
    package let storedDigest: HexBytes?
    package let createdUs: Int64?
    package let transformations: UInt16?
    package let body: HexBytes?
    package let sealed: HexBytes?
    package let openedAs: Place?

    /// Where the key was wrapped, or where the body is opened instead.
    package func context(openedElsewhere: Bool) throws -> WrapContext {
        let place = openedElsewhere ? openedAs : nil
        let reference = try ReferenceID(bytes: (place?.reference ?? reference)?.bytes ?? [])
        return try WrapContext(
            subject: .reference(reference), epoch: EpochNumber(epoch ?? 0),
            namespace: NamespaceName(place?.namespace ?? namespace ?? ""),
            image: ImageID(bytes: (place?.image ?? image)?.bytes ?? []))
    }
}

/// `keyrings.json`.
package struct KeyFileVector: NamedVector {
    package struct Entry: Decodable, Sendable {
        package let purpose: UInt8
        package let number: UInt32
        package let state: UInt8
        package let created: Int64
        package let name: String
        package let key: HexBytes
    }

    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let kind: UInt8?
    package let file: HexBytes
    package let secret: String
    package let entries: [Entry]?
}

/// `key-texts.json`.
package struct KeyTextVector: NamedVector {
    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let text: String
    package let secret: HexBytes?
}

/// `slot-texts.json`.
package struct SlotTextVectors: Decodable, Sendable {
    package struct Text: Decodable, Sendable {
        package let rule: String
        package let name: String
        package let text: String
        package let bytes: HexBytes?
    }
    package struct Words: Decodable, Sendable {
        package let key: HexBytes
        package let words: String
    }
    package struct Recovery: Decodable, Sendable {
        package let recovery: String
        package let recipient: String
        package let words: String
        package let file: HexBytes
        package let slot: String
        package let challenge: String
        package let session: HexBytes
        package let sessionWords: String
        package let answer: String
        package let root: HexBytes
    }
    package struct Sharing: Decodable, Sendable {
        package let rule: String
        package let secret: HexBytes
        package let coefficients: [HexBytes]
        package let shares: [String]
    }
    package struct Published: Decodable, Sendable {
        package let rule: String
        package let needed: Int
        package let at: UInt8
        package let secret: HexBytes
        package let points: [String: HexBytes]
    }

    package let opens: [Text]
    package let refusals: [Text]
    package let words: [Words]
    package let recovery: Recovery
    package let sharings: [Sharing]
    package let published: [Published]
}

/// `tokens.json`: the parameters of a PKCS #11 slot, and what they open under the token's key.
package struct TokenVector: NamedVector {
    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let vault: HexBytes
    package let salt: HexBytes
    package let tokenKey: HexBytes
    package let parameters: HexBytes
    package let label: String?
    package let nonce: HexBytes?
    package let sealed: HexBytes?
    package let aad: HexBytes?
    package let object: String?
    package let secret: HexBytes?

    /// The slot that they are of.
    package func slot(_ kind: KeySlot.Kind = .pkcs11) throws -> TokenSlot {
        TokenSlot(kind: kind, vault: try VaultID(bytes: vault.bytes), salt: salt.bytes)
    }
}

/// A pseudonym of `log.json`, with the name that it stands for where that opens.
package struct PseudonymVector: NamedVector {
    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let kind: UInt8
    package let pseudonym: String
    package let name: String?
    package let index: String?
    package let sealed: HexBytes
}

/// `log.json`.
package struct LogVectors: Decodable, Sendable {
    package struct Trees: Decodable, Sendable {
        package let leaves: [HexBytes]
        package let roots: [String]
    }
    package struct Note: Decodable, Sendable {
        package let size: UInt64
        package let root: String
        package let note: String
    }
    package struct Checkpoints: Decodable, Sendable {
        package let origin: String
        package let publicKey: HexBytes
        package let keyId: HexBytes
        package let verifierKey: String
        package let fingerprint: String
        package let notes: [Note]
        package let succession: Succession
    }
    package struct Succession: Decodable, Sendable {
        package let number: UInt32
        package let old: String
        package let new: String
        package let note: String
    }

    /// What an event says of a policy: the start of the hash of its settings in words.
    package struct Policy: Decodable, Sendable {
        package let text: String
        package let digest: String
    }

    package struct Names: Decodable, Sendable {
        package let opens: [PseudonymVector]
        package let refusals: [PseudonymVector]
    }

    /// Texts that a rotation signs, and texts that are none. 64-bit numbers are text.
    package struct Statements: Decodable, Sendable {
        package struct Fields: Decodable, Sendable {
            package let vault: String
            package let operation: String
            package let work: String
            package let at: String
            package let generation: String
            package let epoch: UInt32
            package let emptied: [UInt32]
            package let keys: String
            package let opened: String
            package let size: String
            package let root: String
        }
        package struct Signed: Decodable, Sendable {
            package let rule: String
            package let fields: Fields
            package let note: String
        }
        package struct Refused: Decodable, Sendable {
            package let rule: String
            package let text: String
            package let code: String
        }

        package let opens: [Signed]
        package let refusals: [Refused]
    }

    package struct Receipts: Decodable, Sendable {
        package struct Signed: Decodable, Sendable {
            package let rule: String
            package let text: String
            package let note: String
        }

        package let opens: [Signed]
        package let refusals: [Statements.Refused]
    }

    package let opens: [EventVector]
    package let refusals: [EventVector]
    package let pseudonyms: Names
    package let policies: [Policy]
    package let trees: Trees
    package let checkpoints: Checkpoints
    package let statements: Statements
    package let receipts: Receipts
    package let anchors: Receipts
}
