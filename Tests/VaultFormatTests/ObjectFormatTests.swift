// Blob headers, layouts and reference bodies: one spelling a value. ObjectFormat §2 to §6.

import Testing
import VaultFormat
import VaultTestKit

@Suite("ObjectFormat")
struct ObjectFormatTests {
    private func randomHeader(_ random: inout SeededRandom) throws -> ObjectHeader {
        try ObjectHeader(
            suite: Bool.random(using: &random) ? .aes256GCM : .xchacha20Poly1305,
            plaintextBytes: Int.random(in: 1...Limits.imageBytesCeiling, using: &random),
            salt: random.bytes(32), commitment: random.bytes(32))
    }

    @Test("a header is its 92 bytes")
    func headerRoundTrip() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let header = try randomHeader(&random)
            #expect(header.encoded.count == ObjectHeader.byteCount)
            #expect(try ObjectHeader(parsing: header.encoded) == header)
        }
    }

    @Test("a header with any bit changed is refused or is another header's one spelling")
    func headerMutations() throws {
        var random = SeededRandom()
        let bytes = try randomHeader(&random).encoded
        for index in bytes.indices {
            for bit in 0..<8 {
                let changed = flipped(bytes, at: index, bit: 1 << UInt8(bit))
                let header = try? ObjectHeader(parsing: changed)
                if let header { #expect(header.encoded == changed) }
                let fixed = index < 8 || (9..<16).contains(index) || (56..<60).contains(index)
                if fixed { #expect(header == nil, "byte \(index)") }
            }
        }
    }

    @Test("a header of any other length is refused")
    func headerLengths() throws {
        var random = SeededRandom()
        let bytes = try randomHeader(&random).encoded
        for count in 0..<bytes.count {
            #expect(throws: FormatError.truncated) {
                try ObjectHeader(parsing: Array(bytes[..<count]))
            }
        }
        #expect(throws: FormatError.trailingBytes) { try ObjectHeader(parsing: bytes + [0]) }
    }

    @Test("a header cannot be made out of bounds")
    func headerBounds() {
        let salt = [UInt8](repeating: 0, count: 32)
        for size in [0, -1, Limits.imageBytesCeiling + 1, .max, .min] {
            #expect(throws: FormatError.outOfRange(field: "plaintext bytes")) {
                try ObjectHeader(
                    suite: .aes256GCM, plaintextBytes: size, salt: salt, commitment: salt)
            }
        }
        #expect(throws: FormatError.outOfRange(field: "frame bytes")) {
            try ObjectHeader(
                suite: .aes256GCM, frameBytes: 65536, plaintextBytes: 1, salt: salt,
                commitment: salt)
        }
        #expect(throws: FormatError.wrongLength(expected: 32, actual: 31)) {
            try ObjectHeader(
                suite: .aes256GCM, plaintextBytes: 1, salt: Array(salt.dropLast()), commitment: salt
            )
        }
        #expect(throws: FormatError.wrongLength(expected: 32, actual: 33)) {
            try ObjectHeader(
                suite: .aes256GCM, plaintextBytes: 1, salt: salt, commitment: salt + [0])
        }
    }

    @Test("the frames cover the plaintext and the file, without a gap", arguments: Suite.allCases)
    func layout(suite: Suite) throws {
        let frame = Limits.frameBytes
        let salt = [UInt8](repeating: 7, count: 32)
        for size in [1, frame - 1, frame, frame + 1, 3 * frame, Limits.imageBytesCeiling] {
            let layout = try ObjectHeader(
                suite: suite, plaintextBytes: size, salt: salt, commitment: salt
            ).layout
            let lengths = (0..<layout.frameCount).map { layout.plaintextBytes(ofFrame: $0) }
            #expect(lengths.reduce(0, +) == size)
            #expect(lengths.allSatisfy { (1...frame).contains($0) })
            var offset = ObjectHeader.byteCount
            for (index, length) in lengths.enumerated() {
                #expect(layout.fileOffset(ofFrame: index) == offset)
                offset += length + ObjectHeader.tagBytes
            }
            #expect(layout.fileBytes == offset)
        }
    }

    @Test("no two frames of a blob share a nonce, and only the last one is flagged")
    func nonces() throws {
        let salt = [UInt8](repeating: 7, count: 32)
        for suite in Suite.allCases {
            let layout = try ObjectHeader(
                suite: suite, plaintextBytes: 600 * Limits.frameBytes, salt: salt, commitment: salt
            ).layout
            let nonces = (0..<600).map { layout.nonce(ofFrame: $0) }
            #expect(Set(nonces).count == 600)
            #expect(nonces.allSatisfy { $0.count == suite.nonceBytes })
            #expect(nonces.filter { $0.last == 1 } == [nonces[599]])
            #expect(Array(nonces[258].suffix(5)) == [0, 0, 1, 2, 0])
        }
    }

    @Test("the header's parser refuses each faulty vector with its code")
    func refusedHeaders() throws {
        let vectors = try Vectors.load("blobs", as: VectorFile<BlobVector>.self)
        let refusals = vectors.refusals.filter { $0.refusedBy == "header" }
        #expect(refusals.count > 30)
        for vector in refusals {
            let error = formatError { () throws(FormatError) in
                _ = try ObjectHeader(parsing: Array(vector.bytes.prefix(ObjectHeader.byteCount)))
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a reference body has the second implementation's bytes")
    func referenceVectors() throws {
        let vectors = try Vectors.load("references", as: VectorFile<ReferenceVector>.self)
        for vector in vectors.opens {
            let bytes = try #require(vector.body).bytes
            let body = try ReferenceBody(parsing: bytes)
            #expect(body.encoded == bytes, "\(vector.rule)")
            #expect(body.name.text == vector.name)
            #expect((body.claim.owner?.description ?? "") == vector.owner)
            #expect((body.claim.job?.description ?? "") == vector.job)
            #expect(body.receivedBytes == vector.receivedBytes)
            #expect(body.receivedDigest.bytes == vector.receivedDigest?.bytes)
            #expect(body.storedDigest.bytes == vector.storedDigest?.bytes)
            #expect(body.createdMicroseconds == vector.createdUs)
            #expect(body.transformations == vector.transformations)
        }
    }

    @Test("the reference body's parser refuses each faulty vector with its code")
    func refusedReferences() throws {
        let vectors = try Vectors.load("references", as: VectorFile<ReferenceVector>.self)
        let refusals = vectors.refusals.filter { $0.refusedBy == "body" }
        #expect(refusals.count > 10)
        for vector in refusals {
            let bytes = try #require(vector.body).bytes
            let error = formatError { () throws(FormatError) in
                _ = try ReferenceBody(parsing: bytes)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a reference body is its 512 bytes, and a changed one is refused or another's spelling")
    func referenceProperty() throws {
        var random = SeededRandom()
        for _ in 0..<20 {
            let body = try randomReference(&random)
            let bytes = body.encoded
            #expect(bytes.count == ReferenceBody.paddedBytes)
            #expect(try ReferenceBody(parsing: bytes) == body)
            for index in bytes.indices {
                let changed = flipped(bytes, at: index, bit: 1 << (random.next() % 8))
                if let other = try? ReferenceBody(parsing: changed) {
                    #expect(other.encoded == changed)
                }
            }
        }
    }

    private func randomReference(_ random: inout SeededRandom) throws -> ReferenceBody {
        let label = "abcXYZ019_-"
        let owner = random.text(of: label, 0...64)
        let job = random.text(of: label, 0...64)
        return ReferenceBody(
            name: try FileName(random.text(of: "abc é名.-", 3...80)),
            claim: Claim(
                owner: owner.isEmpty ? nil : try OwnerID(owner),
                job: job.isEmpty ? nil : try JobID(job)),
            receivedBytes: Int.random(in: 0...Int.max, using: &random),
            receivedDigest: Digest256(checked: random.bytes(32)),
            storedDigest: Digest256(checked: random.bytes(32)),
            createdMicroseconds: Int64(bitPattern: random.next()),
            transformations: UInt16.random(in: 0...3, using: &random))
    }

    @Test("a wrap's AAD is the second implementation's")
    func wrapData() throws {
        for vector in try Vectors.load("wraps", as: VectorFile<WrapVector>.self).opens {
            #expect(try vector.context().associatedData == vector.aad?.bytes, "\(vector.rule)")
        }
    }

    @Test("a reference body's AAD does not change with the epoch; a wrap's does")
    func epochAndBody() throws {
        let image = ImageID(checked: [UInt8](repeating: 1, count: 32))
        let id = ReferenceID(checked: [UInt8](repeating: 2, count: 16))
        let contexts = try [1, 2].map {
            WrapContext(
                subject: .reference(id), epoch: try EpochNumber($0), namespace: .standard,
                image: image)
        }
        #expect(contexts[0].bodyData == contexts[1].bodyData)
        #expect(contexts[0].associatedData != contexts[1].associatedData)
    }
}
