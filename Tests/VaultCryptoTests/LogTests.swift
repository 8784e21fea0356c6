// The log's hashes, seals and signatures. LogFormat §3 to §5.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The log")
struct LogTests {
    private func vectors() throws -> LogVectors { try Vectors.load("log") }

    @Test("a policy has the second implementation's words and digest")
    func policies() throws {
        let other = InspectionPolicy(
            level: .structure, trailer: .truncate, metadata: .strip, allowedTypes: [.png],
            allowsAnimation: false, maxBytes: 1, maxPixels: 2, maxScans: 3, maxDecodedPixels: 4,
            maxMetadataBytes: 1024)
        let policies = try vectors().policies
        #expect(policies.map(\.text) == [InspectionPolicy.default, other].map(\.text))
        #expect(policies.map(\.digest) == [InspectionPolicy.default, other].map(\.digest.hex))
    }

    @Test("leaves and sealed events are the second implementation's")
    func events() throws {
        let keyring = try FixedVault.keyring()
        for vector in try vectors().opens {
            let salt = try #require(vector.salt).bytes
            let body = Array(try #require(vector.body).utf8)
            let content = LogHash.digest(salt + body)
            #expect(content.hex == vector.content, "\(vector.rule)")
            #expect(LogHash.leaf(content).hex == vector.leaf)
            #expect(try keyring.openEvent(vector.sealed.bytes, index: vector.number) == salt + body)
            let sealed = try keyring.sealEvent(salt + body, index: vector.number)
            #expect(try keyring.openEvent(sealed, index: vector.number) == salt + body)
        }
    }

    @Test("each faulty sealed event is refused with its code")
    func eventsRefused() throws {
        let keyring = try FixedVault.keyring()
        let refusals = try vectors().refusals
        #expect(refusals.count > 5)
        for vector in refusals {
            #expect(throws: CryptoError.refused, "\(vector.rule)") {
                try keyring.openEvent(vector.sealed.bytes, index: vector.number)
            }
            #expect(vector.code == CryptoError.refused.code)
        }
    }

    @Test("the names of pseudonyms, and their look-up, are the second implementation's")
    func names() throws {
        let keyring = try FixedVault.keyring()
        let opens = try vectors().pseudonyms.opens
        #expect(opens.count == Pseudonym.Kind.allCases.count)
        for vector in opens {
            let kind = try #require(Pseudonym.Kind(rawValue: vector.kind))
            let pseudonym = try Pseudonym(hex: vector.pseudonym)
            let name = try #require(vector.name)
            #expect(try keyring.openName(vector.sealed.bytes, kind, pseudonym) == name)
            #expect(keyring.blindIndex(.init(kind), name, in: .standard).hex == vector.index)
            let sealed = try keyring.sealName(name, kind, pseudonym)
            #expect(try keyring.openName(sealed, kind, pseudonym) == name)
        }
    }

    @Test("each faulty name of a pseudonym is refused")
    func namesRefused() throws {
        let keyring = try FixedVault.keyring()
        let refusals = try vectors().pseudonyms.refusals
        #expect(refusals.count > 3)
        for vector in refusals {
            let kind = try #require(Pseudonym.Kind(rawValue: vector.kind))
            let pseudonym = try Pseudonym(hex: vector.pseudonym)
            #expect(throws: CryptoError.refused, "\(vector.rule)") {
                try keyring.openName(vector.sealed.bytes, kind, pseudonym)
            }
        }
    }

    private func root(of frontier: MerkleFrontier) -> Digest256 {
        frontier.root(hash: LogHash.node) ?? LogHash.empty
    }

    @Test("the roots of the published trees of RFC 6962 are reached")
    func publishedRoots() throws {
        let trees = try vectors().trees
        var frontier = MerkleFrontier.empty
        #expect(root(of: frontier).hex == trees.roots[0])
        for (index, leaf) in trees.leaves.enumerated() {
            frontier.append(LogHash.digest([0] + leaf.bytes), hash: LogHash.node)
            #expect(root(of: frontier).hex == trees.roots[index + 1], "\(index + 1) leaves")
        }
    }

    /// RFC 6962 §2.1 by its recursive definition.
    private func recursiveRoot(_ leaves: ArraySlice<Digest256>) -> Digest256 {
        guard leaves.count > 1, let first = leaves.first else {
            return leaves.first ?? LogHash.empty
        }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        guard leaves.count > 1 else { return first }
        return LogHash.node(
            recursiveRoot(leaves.prefix(half)), recursiveRoot(leaves.dropFirst(half)))
    }

    @Test("a frontier has the root of RFC 6962's definition for 0 to 300 leaves, kept or packed")
    func frontier() throws {
        var random = SeededRandom()
        let leaves = (0..<300).map { _ in Digest256(checked: random.bytes(32)) }
        var frontier = MerkleFrontier.empty
        for count in 0...300 {
            #expect(frontier.size == UInt64(count))
            #expect(frontier.subtrees.count == count.nonzeroBitCount)
            #expect(root(of: frontier) == recursiveRoot(leaves.prefix(count)), "\(count) leaves")
            frontier = try MerkleFrontier(size: frontier.size, packed: frontier.packed)
            if count < 300 { frontier.append(leaves[count], hash: LogHash.node) }
        }
    }

    @Test("a signed checkpoint is the second implementation's, to the last byte")
    func checkpoints() throws {
        let signer = try FixedVault.logSigner()
        let expected = try vectors().checkpoints
        #expect(signer.origin == expected.origin)
        #expect(signer.publicKey == expected.publicKey.bytes)
        #expect(signer.keyID == expected.keyId.bytes)
        #expect(signer.verifierKey == expected.verifierKey)
        #expect(signer.fingerprint == expected.fingerprint)
        for vector in expected.notes {
            let note = try signer.note(size: vector.size, root: try Digest256(hex: vector.root))
            #expect(note == vector.note)
        }
    }

    @Test("a signed statement is the second implementation's, to the last byte, and verifies")
    func statements() throws {
        let signer = try FixedVault.logSigner()
        for vector in try vectors().statements.opens {
            let statement = try Self.statement(vector.fields)
            #expect(try signer.note(statement) == vector.note, "\(vector.rule)")
            let note = try SignedNote(parsing: vector.note)
            #expect(try NoteVerifier(line: signer.verifierKey).verifies(note))
            #expect(try RotationStatement(parsing: note.text) == statement, "\(vector.rule)")
        }
    }

    @Test("what is no statement is refused by its rule")
    func noStatements() throws {
        for vector in try vectors().statements.refusals {
            let error = #expect(throws: FormatError.self, "\(vector.rule)") {
                _ = try RotationStatement(parsing: vector.text)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a signed receipt is the second implementation's, to the last byte, and verifies")
    func receipts() throws {
        let signer = try FixedVault.logSigner()
        let vectors = try vectors().receipts
        #expect(vectors.opens.count == 3)
        for vector in vectors.opens {
            let receipt = try ErasureReceipt(parsing: vector.text)
            #expect(receipt.text == vector.text, "\(vector.rule)")
            #expect(try signer.note(receipt) == vector.note, "\(vector.rule)")
            let note = try SignedNote(parsing: vector.note)
            #expect(note.text == vector.text)
            #expect(try NoteVerifier(line: signer.verifierKey).verifies(note))
        }
        let first = try ErasureReceipt(parsing: vectors.opens[0].text)
        #expect((first.kind, first.level, first.waits.count) == (.image, .purged, 4))
        #expect((first.claims, first.images, first.bytes) == (2, 1, 200_000))
        #expect(try vectors.opens.map { try ErasureReceipt(parsing: $0.text).left } == [0, nil, 5])
        #expect((first.event, first.epoch?.value, first.attestations.first?.uid) == (7, 3, 1000))
        let begun = try ErasureReceipt(parsing: vectors.opens[1].text)
        #expect((begun.namespace, begun.image, begun.event, begun.epoch) == (nil, nil, nil, nil))
        #expect((begun.kind, begun.level) == (.retention, .unreachable))
        #expect(try ErasureReceipt(parsing: vectors.opens[2].text).level == .attested)
    }

    @Test("what is no receipt is refused by its rule")
    func noReceipts() throws {
        for vector in try vectors().receipts.refusals {
            let error = #expect(throws: FormatError.self, "\(vector.rule)") {
                _ = try ErasureReceipt(parsing: vector.text)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a signed anchor is the second implementation's, to the last byte, and verifies")
    func anchors() throws {
        let signer = try FixedVault.logSigner()
        let vectors = try vectors().anchors
        #expect(vectors.opens.count == 2)
        for vector in vectors.opens {
            let anchor = try Anchor(parsing: vector.text)
            #expect(anchor.text == vector.text, "\(vector.rule)")
            #expect(try signer.note(anchor) == vector.note, "\(vector.rule)")
            let note = try SignedNote(parsing: vector.note)
            #expect(note.text == vector.text)
            #expect(try NoteVerifier(line: signer.verifierKey).verifies(note))
        }
        let first = try Anchor(parsing: vectors.opens[0].text)
        #expect((first.vault, first.generation, first.logSize) == (signer.vault, 5, 8))
    }

    @Test("what is no anchor is refused by its rule")
    func noAnchors() throws {
        for vector in try vectors().anchors.refusals {
            let error = #expect(throws: FormatError.self, "\(vector.rule)") {
                _ = try Anchor(parsing: vector.text)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a key line that is not its key's, or no key, is refused")
    func keyLines() throws {
        let line = try FixedVault.logSigner().verifierKey
        #expect(try NoteVerifier(line: line).fingerprint == vectors().checkpoints.fingerprint)
        for place in line.indices {
            var other = line
            other.replaceSubrange(place...place, with: line[place] == "A" ? "B" : "A")
            // Another name has another key id too.
            #expect(throws: FormatError.self) { _ = try NoteVerifier(line: other) }
        }
    }

    private static func statement(
        _ fields: LogVectors.Statements.Fields
    ) throws -> RotationStatement {
        RotationStatement(
            vault: try VaultID(hex: fields.vault),
            operation: try OperationID(hex: fields.operation),
            work: try #require(OperationKind(name: fields.work)),
            at: fields.at, generation: try #require(UInt64(fields.generation)),
            epoch: try EpochNumber(fields.epoch),
            emptied: try fields.emptied.map { try EpochNumber($0) },
            keys: try #require(UInt64(fields.keys)), opened: try #require(UInt64(fields.opened)),
            logSize: try #require(UInt64(fields.size)), logRoot: try Digest256(hex: fields.root))
    }

    @Test("a signature holds for its text only")
    func signatures() throws {
        let signer = try FixedVault.logSigner()
        let checkpoint = Checkpoint(origin: signer.origin, size: 8, root: LogHash.empty)
        let note = try signer.note(size: 8, root: LogHash.empty)
        let encoded = try #require(note.split(separator: " ").last).dropLast()
        let signature = Array(try Base64.decode(encoded).dropFirst(4))
        let text = Array(checkpoint.text.utf8)
        let key = signer.publicKey
        #expect(LogSigner.verify(signature, of: text, publicKey: key))
        for index in text.indices {
            #expect(!LogSigner.verify(signature, of: flipped(text, at: index), publicKey: key))
        }
        for index in signature.indices {
            #expect(!LogSigner.verify(flipped(signature, at: index), of: text, publicKey: key))
        }
        #expect(!LogSigner.verify([], of: text, publicKey: key))
        #expect(!LogSigner.verify(signature, of: text, publicKey: []))
        #expect(!LogSigner.verify(signature + [0], of: text, publicKey: key))
    }

    @Test("only a log key signs")
    func onlyLogKeys() throws {
        let keyring = try FixedVault.keyring()
        #expect(throws: CryptoError.unknownKey) { try LogSigner(keyring.keys) }
    }

    @Test("a digest of pieces is the digest of the whole")
    func streaming() {
        var random = SeededRandom()
        let bytes = random.bytes(1000)
        var stream = StreamingSHA256()
        for start in stride(from: 0, to: bytes.count, by: 77) {
            let piece = Array(bytes[start..<min(start + 77, bytes.count)])
            unsafe piece.withUnsafeBytes { unsafe stream.update($0) }
        }
        let digest = stream.finish()
        #expect(digest == LogHash.digest(bytes))
    }
}
