// Blobs: what was sealed opens, everywhere else and everything else is refused. ObjectFormat §3, §4.

import Foundation
import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Blobs")
struct BlobTests {
    private func vectors() throws -> VectorFile<BlobVector> { try Vectors.load("blobs") }

    /// Opens a vector from its wrap on.
    private func open(_ vector: BlobVector, with keyring: Keyring) throws -> [UInt8] {
        let context = try vector.context()
        let key = try keyring.unwrap(vector.wrap.bytes, context: context)
        return try WholeBlob.open(
            vector.bytes, key: key, namespace: context.namespace, image: context.image)
    }

    @Test("what the second implementation sealed opens here")
    func vectorsOpen() throws {
        let keyring = try FixedVault.keyring()
        let opens = try vectors().opens
        #expect(opens.count == 8)
        for vector in opens {
            let plain = try open(vector, with: keyring)
            #expect(plain.count == vector.plaintextBytes)
            #expect(LogHash.digest(plain).hex == vector.plaintextSha256, "\(vector.rule)")
        }
    }

    @Test("each faulty vector is refused by its layer with its code")
    func vectorsRefused() throws {
        let keyring = try FixedVault.keyring()
        let refusals = try vectors().refusals
        #expect(refusals.count >= 80)
        for vector in refusals {
            let refusal = try #require(vector.refusal)
            #expect(throws: refusal, "\(vector.rule)") { try open(vector, with: keyring) }
        }
    }

    @Test("what is sealed here opens here, at every edge of a frame", arguments: Suite.allCases)
    func roundTrip(suite: Suite) throws {
        var random = SeededRandom()
        let image = ImageID(checked: random.bytes(32))
        let frame = Limits.frameBytes
        for size in [1, 2, 1000, frame - 1, frame, frame + 1, 2 * frame, 2 * frame + 77] {
            let plain = random.bytes(size)
            try WholeBlob.seal(plain, suite: suite, namespace: .standard, image: image) {
                file, key in
                let opened = try WholeBlob.open(
                    file, key: key, namespace: .standard, image: image)
                #expect(opened == plain, "\(size) bytes")
            }
        }
    }

    @Test("a blob with any bit changed never opens", arguments: Suite.allCases)
    func everyBit(suite: Suite) throws {
        let image = ImageID(checked: [UInt8](repeating: 3, count: 32))
        let plain = Array("eleven byte".utf8)
        try WholeBlob.seal(plain, suite: suite, namespace: .standard, image: image) { file, key in
            for index in file.indices {
                for bit in 0..<8 {
                    let changed = flipped(file, at: index, bit: 1 << UInt8(bit))
                    #expect(throws: Refusal.self, "byte \(index), bit \(bit)") {
                        try WholeBlob.open(changed, key: key, namespace: .standard, image: image)
                    }
                }
            }
        }
    }

    @Test("a blob cut anywhere, or with more bytes, never opens", arguments: Suite.allCases)
    func everyLength(suite: Suite) throws {
        let image = ImageID(checked: [UInt8](repeating: 3, count: 32))
        let plain = Array("eleven byte".utf8)
        try WholeBlob.seal(plain, suite: suite, namespace: .standard, image: image) { file, key in
            let cut = file.indices.map { Array(file[..<$0]) }
            let grown = (1...40).map { file + [UInt8](repeating: 0, count: $0) }
            for changed in cut + grown {
                #expect(throws: Refusal.self, "\(changed.count) bytes") {
                    try WholeBlob.open(changed, key: key, namespace: .standard, image: image)
                }
            }
        }
    }

    @Test("a frame of any length or number that it has not is refused", arguments: Suite.allCases)
    func frameLengths(suite: Suite) throws {
        let image = ImageID(checked: [UInt8](repeating: 3, count: 32))
        try WholeBlob.seal([1, 2, 3], suite: suite, namespace: .standard, image: image) {
            file, key in
            let header = try ObjectHeader(parsing: Array(file.prefix(92)))
            let opener = try BlobOpener(
                header: header, key: key, namespace: .standard, image: image)
            let frame = headroom(suite) + Data(file[92...])
            for count in 0..<frame.count {
                var cut = frame.prefix(count)
                #expect(throws: CryptoError.refused) { try opener.open(&cut, index: 0) }
            }
            var long = frame + [0]
            #expect(throws: CryptoError.refused) { try opener.open(&long, index: 0) }
            for index in [1, -1, 1 << 32, Int.max, Int.min + 1] {
                var whole = frame
                #expect(throws: CryptoError.refused) { try opener.open(&whole, index: index) }
            }
            // A slice whose indexes do not start at zero is the same frame.
            var slice = (Data([9, 9]) + frame).dropFirst(2)
            #expect(try Array(opener.open(&slice, index: 0)) == [1, 2, 3])
        }
    }

    @Test("two blobs of one image share neither key, salt nor bytes")
    func freshKeys() throws {
        let image = ImageID(checked: [UInt8](repeating: 3, count: 32))
        let plain = [UInt8](repeating: 0, count: 100)
        let files = try (0..<2).map { _ in
            try WholeBlob.seal(
                plain, suite: .aes256GCM, namespace: .standard, image: image
            ) { file, _ in file }
        }
        #expect(files[0][24..<56] != files[1][24..<56])
        #expect(files[0][60..<92] != files[1][60..<92])
        #expect(files[0][92...] != files[1][92...])
    }
}
