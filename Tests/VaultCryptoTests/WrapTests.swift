// Wraps, reference bodies, addresses and look-ups under a keyring. ObjectFormat §5 to §7.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Wraps and look-ups")
struct WrapTests {
    private func unwrapCode(_ vector: WrapVector, with keyring: Keyring) throws -> String? {
        let context = try vector.context()
        do throws(CryptoError) {
            _ = try keyring.unwrap(vector.wrapped.bytes, context: context)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a key that the second implementation wrapped is that key")
    func vectorsOpen() throws {
        let keyring = try FixedVault.keyring()
        for vector in try Vectors.load("wraps", as: VectorFile<WrapVector>.self).opens {
            let context = try vector.context()
            let key = try keyring.unwrap(vector.wrapped.bytes, context: context)
            let body = try key.sealBody([1, 2, 3], context: context)
            let opened = OtherSide.openXChaCha(
                Array(body[24...]), key: try #require(vector.dataKey).bytes,
                nonce: Array(body[..<24]), aad: context.bodyData)
            #expect(opened == [1, 2, 3], "\(vector.rule)")
        }
    }

    @Test("each faulty wrap is refused with its code")
    func vectorsRefused() throws {
        let keyring = try FixedVault.keyring()
        let refusals = try Vectors.load("wraps", as: VectorFile<WrapVector>.self).refusals
        #expect(refusals.count > 20)
        for vector in refusals {
            #expect(try unwrapCode(vector, with: keyring) == vector.code, "\(vector.rule)")
        }
    }

    @Test("a wrap with any bit changed, or of any other length, never opens")
    func wrapMutations() throws {
        let keyring = try FixedVault.keyring()
        let vector = try #require(
            try Vectors.load("wraps", as: VectorFile<WrapVector>.self).opens.first)
        let context = try vector.context()
        let wrapped = vector.wrapped.bytes
        let cut = wrapped.indices.map { Array(wrapped[..<$0]) }
        let flips = (0..<8 * wrapped.count).map {
            flipped(wrapped, at: $0 / 8, bit: 1 << UInt8($0 % 8))
        }
        for changed in cut + flips + [wrapped + [0]] {
            let refused: Bool
            do throws(CryptoError) {
                _ = try keyring.unwrap(changed, context: context)
                refused = false
            } catch {
                refused = error == .refused
            }
            #expect(refused)
        }
    }

    @Test("keys are wrapped under the primary epoch only, and under a new nonce each time")
    func primaryOnly() throws {
        let keyring = try FixedVault.keyring()
        let vector = try #require(
            try Vectors.load("wraps", as: VectorFile<WrapVector>.self).opens.first)
        let readable = try vector.context()
        let primary = WrapContext(
            subject: readable.subject, epoch: keyring.primaryEpoch, namespace: readable.namespace,
            image: readable.image)
        #expect(readable.epoch != primary.epoch)
        let key = try Secret<DataKey>.random()
        let refused = cryptoError { _ = try keyring.wrap(key, context: readable) }
        #expect(refused == CryptoError.unknownKey)
        let one = try keyring.wrap(key, context: primary)
        let two = try keyring.wrap(key, context: primary)
        #expect(one.count == WrapContext.wrappedBytes)
        #expect(one[..<24] != two[..<24])
    }

    /// The error of a body that borrows what closures of `#expect` cannot.
    private func cryptoError(_ body: () throws -> Void) -> CryptoError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CryptoError
        }
    }

    @Test("a reference that the second implementation sealed opens here")
    func referencesOpen() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("references", as: VectorFile<ReferenceVector>.self)
        for vector in vectors.opens {
            let context = try vector.context(openedElsewhere: false)
            let key = try keyring.unwrap(vector.wrapped?.bytes ?? [], context: context)
            let body = try key.openBody(vector.sealed?.bytes ?? [], context: context)
            #expect(body == vector.body?.bytes, "\(vector.rule)")
        }
    }

    @Test("each faulty sealed reference is refused with its code")
    func referencesRefused() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("references", as: VectorFile<ReferenceVector>.self)
        let refusals = vectors.refusals.filter { $0.refusedBy == "box" }
        #expect(refusals.count > 5)
        for vector in refusals {
            let home = try vector.context(openedElsewhere: false)
            let place = try vector.context(openedElsewhere: true)
            let key = try keyring.unwrap(vector.wrapped?.bytes ?? [], context: home)
            let error = cryptoError {
                _ = try key.openBody(vector.sealed?.bytes ?? [], context: place)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a sealed reference cut at any length is refused")
    func referenceLengths() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("references", as: VectorFile<ReferenceVector>.self)
        let vector = try #require(vectors.opens.first)
        let context = try vector.context(openedElsewhere: false)
        let key = try keyring.unwrap(vector.wrapped?.bytes ?? [], context: context)
        let sealed = try #require(vector.sealed).bytes
        for count in sealed.indices {
            let error = cryptoError {
                _ = try key.openBody(Array(sealed[..<count]), context: context)
            }
            #expect(error == .refused, "\(count) bytes")
        }
    }

    @Test("addresses, blind indexes and row authenticators are the second implementation's")
    func lookups() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("lookups", as: LookupVectors.self)
        for vector in vectors.images {
            let digest = LogHash.digest(vector.stored.bytes)
            #expect(digest.bytes == vector.digest.bytes)
            let image = try keyring.imageID(of: digest, in: NamespaceName(vector.namespace))
            #expect(image.hex == vector.image)
        }
        for vector in vectors.blindIndexes {
            let subjects: [String: Keyring.BlindSubject] = [
                "owner": .owner, "job": .job, "request-key": .requestKey, "principal": .principal,
                "user": .user,
            ]
            let index = keyring.blindIndex(
                try #require(subjects[vector.subject]), vector.text,
                in: try NamespaceName(vector.namespace))
            #expect(index.hex == vector.index)
        }
        for vector in vectors.rowMacs {
            #expect(keyring.rowMAC(vector.row.bytes).hex == vector.mac)
            #expect(keyring.verify(try RowMAC(hex: vector.mac), of: vector.row.bytes))
        }
    }

    @Test("kept answers are the second implementation's, and each faulty one is refused")
    func answers() throws {
        let keyring = try FixedVault.keyring()
        let answers = try Vectors.load("lookups", as: LookupVectors.self).answers
        func open(_ vector: LookupVectors.Answer) throws -> [UInt8] {
            try keyring.openAnswer(
                vector.sealed.bytes, BlindIndex(hex: vector.lookup), index: vector.index,
                createdMicroseconds: vector.created)
        }
        for vector in answers.opens { #expect(try open(vector) == vector.text?.bytes) }
        #expect(answers.refusals.count > 3)
        for vector in answers.refusals {
            #expect(throws: CryptoError.refused, "\(vector.rule)") { try open(vector) }
        }
    }

    @Test(
        "one picture has one address a namespace, and none in an unknown one"
    )
    func namespaces() throws {
        let keyring = try FixedVault.keyring()
        let digest = LogHash.digest([1])
        let here = try keyring.imageID(of: digest, in: .standard)
        #expect(try keyring.imageID(of: digest, in: .standard) == here)
        #expect(try keyring.imageID(of: digest, in: NamespaceName("clinic")) != here)
        #expect(throws: CryptoError.unknownKey) {
            try keyring.imageID(of: digest, in: NamespaceName("nobody"))
        }
    }

    @Test("a row with any bit changed has another authenticator")
    func rowMutations() throws {
        let keyring = try FixedVault.keyring()
        let row = Array("holds\0\u{1}row".utf8)
        let mac = keyring.rowMAC(row)
        for index in row.indices {
            #expect(!keyring.verify(mac, of: flipped(row, at: index)))
        }
        for index in mac.bytes.indices {
            let other = RowMAC(checked: flipped(mac.bytes, at: index))
            #expect(!keyring.verify(other, of: row))
        }
        #expect(!keyring.verify(RowMAC(checked: []), of: row))
    }
}
