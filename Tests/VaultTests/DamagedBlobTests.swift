// The damage matrix of blobs: flips, cuts and swaps of header, frames and tags in both suites, in
// blobs of one frame and of three. Each is refused by its name, and no wrong byte comes out.

import Testing
import Vault
import VaultFormat
import VaultTestKit

/// Where a blob is damaged, and whether that shows before the first byte leaves.
struct BlobDamage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout [UInt8]) -> Void

    init(_ description: String, _ change: @escaping @Sendable (inout [UInt8]) -> Void) {
        testDescription = description
        self.change = change
    }

    /// One bit, at an offset from the start or, if it is negative, from the end.
    static func flip(_ what: String, at offset: Int) -> BlobDamage {
        BlobDamage("\(what) flipped at \(offset)") { bytes in
            bytes[offset < 0 ? bytes.count + offset : offset] ^= 0x10
        }
    }
}

extension BlobDamage {
    private static let frameBytes = Limits.frameBytes + ObjectHeader.tagBytes

    static let ofAny: [BlobDamage] = [
        .flip("magic", at: 0), .flip("version", at: 7), .flip("suite", at: 8),
        .flip("reserved", at: 9), .flip("reserved", at: 11), .flip("frame bytes", at: 12),
        .flip("frame bytes", at: 15), .flip("plaintext bytes", at: 16),
        .flip("plaintext bytes", at: 20), .flip("plaintext bytes", at: 23), .flip("salt", at: 24),
        .flip("salt", at: 55), .flip("reserved", at: 56), .flip("reserved", at: 59),
        .flip("commitment", at: 60), .flip("commitment", at: 91), .flip("first frame", at: 92),
        .flip("last ciphertext", at: -17), .flip("last tag", at: -16), .flip("last tag", at: -1),
        BlobDamage("the other suite is named") { $0[8] ^= 3 },
        BlobDamage("cut to nothing") { $0 = [] },
        BlobDamage("cut inside the header") { $0 = Array($0.prefix(91)) },
        BlobDamage("cut to the header") { $0 = Array($0.prefix(92)) },
        BlobDamage("cut by a byte") { $0.removeLast() },
        BlobDamage("cut by a tag") { $0.removeLast(16) },
        BlobDamage("a byte longer") { $0.append(0) },
        BlobDamage("a frame longer") { $0 += $0.suffix(frameBytes) },
        BlobDamage("twice") { $0 += $0 },
        BlobDamage("zeros") { $0 = [UInt8](repeating: 0, count: $0.count) },
        BlobDamage("a byte less in the middle, one more at the end") { bytes in
            bytes.remove(at: 300)
            bytes.append(0)
        },
    ]

    /// A part of a blob of three frames: its bounds.
    private static func frame(_ index: Int, of bytes: [UInt8]) -> Range<Int> {
        let start = ObjectHeader.byteCount + index * frameBytes
        return start..<min(start + frameBytes, bytes.count)
    }

    static let ofThreeFrames: [BlobDamage] = [
        BlobDamage("the first two frames swapped") { bytes in
            let (one, two) = (frame(0, of: bytes), frame(1, of: bytes))
            let kept = Array(bytes[one])
            bytes.replaceSubrange(one, with: Array(bytes[two]))
            bytes.replaceSubrange(two, with: kept)
        },
        BlobDamage("the first frame twice") { bytes in
            bytes.replaceSubrange(frame(1, of: bytes), with: Array(bytes[frame(0, of: bytes)]))
        },
        BlobDamage("without the last frame") { bytes in
            bytes = Array(bytes[..<frame(2, of: bytes).lowerBound])
        },
        BlobDamage("without the last frame, and the header says so") { bytes in
            bytes = Array(bytes[..<frame(2, of: bytes).lowerBound])
            let plaintext = UInt64(2 * Limits.frameBytes)
            for place in 0..<8 {
                bytes[16 + place] = UInt8(plaintext >> UInt64(56 - 8 * place) & 255)
            }
        },
        BlobDamage("without the middle frame") { bytes in
            bytes.removeSubrange(frame(1, of: bytes))
        },
        .flip("second frame", at: ObjectHeader.byteCount + frameBytes),
        .flip("second frame's tag", at: ObjectHeader.byteCount + 2 * frameBytes - 1),
        .flip("third frame", at: ObjectHeader.byteCount + 2 * frameBytes),
    ]
}

@Suite("Damaged blobs")
struct DamagedBlobTests {
    /// A read of a damaged image: what came out before the refusal, and its code.
    private func read(_ test: TestVault, _ id: ImageID) async throws -> ([UInt8], ErrorCode?) {
        var bytes: [UInt8] = []
        let code = try await refusal {
            let image = try await test.vault.open(id, claim: .unnamed, test.call())
            for index in image.frames {
                bytes += try await test.vault.frame(index, of: image)
            }
        }
        return (bytes, code)
    }

    private func check(_ picture: [UInt8], _ matrix: [BlobDamage], _ suite: Suite) async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs, suite: suite)
        defer { test.stop() }
        let image = try await test.put(picture).image
        let sound = try #require(blobs.content(of: image.blob))
        for damage in matrix {
            blobs.tamper(image.blob) { bytes in
                bytes = sound
                damage.change(&bytes)
            }
            #expect(blobs.content(of: image.blob) != sound, "\(damage.testDescription)")
            let (bytes, code) = try await read(test, image.image)
            #expect(code == .blobDamaged, "\(damage.testDescription)")
            #expect(bytes.count < picture.count, "\(damage.testDescription)")
            #expect(bytes == Array(picture.prefix(bytes.count)), "\(damage.testDescription)")
        }
        blobs.tamper(image.blob) { $0 = sound }
        #expect(try await test.get(image.image) == picture)
    }

    @Test(
        "each damage to a blob of one frame is refused as blob-damaged", arguments: Suite.allCases)
    func oneFrame(suite: Suite) async throws {
        try await check(TestImages.small, BlobDamage.ofAny, suite)
    }

    @Test(
        "each damage to a blob of three frames is refused as blob-damaged",
        arguments: Suite.allCases)
    func threeFrames(suite: Suite) async throws {
        try await check(TestImages.large, BlobDamage.ofAny + BlobDamage.ofThreeFrames, suite)
    }

    @Test("any flipped bit of a blob is refused as blob-damaged", arguments: Suite.allCases)
    func everyByte(suite: Suite) async throws {
        var random = SeededRandom()
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs, suite: suite)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        let sound = try #require(blobs.content(of: image.blob))
        for offset in sound.indices {
            blobs.tamper(image.blob) { bytes in
                bytes = sound
                bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let (bytes, code) = try await read(test, image.image)
            #expect(code == .blobDamaged && bytes.isEmpty, "byte \(offset)")
        }
    }

    @Test("two blobs that were swapped are refused, whatever they share", arguments: Suite.allCases)
    func swapped(suite: Suite) async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs, suite: suite)
        defer { test.stop() }
        let images = [
            try await test.put(TestImages.small).image,
            // The same picture in another namespace has the same size.
            try await test.put(TestImages.small, as: TestClaim(in: TestKeys.clinic)).image,
        ]
        let contents = try images.map { try #require(blobs.content(of: $0.blob)) }
        blobs.plant(images[0].blob, contents[1])
        blobs.plant(images[1].blob, contents[0])
        #expect(try await refusal { _ = try await test.get(images[0].image) } == .blobDamaged)
        let who = try TestClaim(in: TestKeys.clinic)
        #expect(
            try await refusal { _ = try await test.get(images[1].image, as: who) } == .blobDamaged)
    }

    @Test("an earlier blob of the same picture does not open under the later row")
    func replayed() async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs)
        defer { test.stop() }
        let first = try await test.put(TestImages.small).image
        let old = try #require(blobs.content(of: first.blob))
        try await test.delete(first.image)
        let second = try await test.put(TestImages.small).image
        blobs.plant(second.blob, old)
        #expect(try await refusal { _ = try await test.get(second.image) } == .blobDamaged)
    }
}
