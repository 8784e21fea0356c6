// Shares of a slot's secret: against what others published, and by what any of them may and may not do.

import Testing
import VaultFormat
import VaultTestKit

@testable import VaultCrypto

@Suite("Shares")
struct SharesTests {
    private static let vectors = Result { try Vectors.load("slot-texts", as: SlotTextVectors.self) }

    /// The values at `place`, from points.
    private func interpolated(_ points: [(UInt8, [UInt8])], at place: UInt8) throws -> [UInt8] {
        let weights = try SecretSharing.weights(of: points.map(\.0), at: place)
        var sum = [UInt8](repeating: 0, count: points[0].1.count)
        for (point, weight) in zip(points, weights) {
            unsafe sum.withUnsafeMutableBytes { sum in
                unsafe point.1.withUnsafeBytes { unsafe SecretSharing.add(weight, $0, to: sum) }
            }
        }
        return sum
    }

    /// The polynomials' values at `place`.
    private func values(_ secret: [UInt8], _ coefficients: [UInt8], at place: UInt8) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: secret.count)
        unsafe out.withUnsafeMutableBytes { out in
            unsafe secret.withUnsafeBytes { secret in
                unsafe coefficients.withUnsafeBytes { rows in
                    unsafe SecretSharing.evaluate(secret, rows, at: place, into: out)
                }
            }
        }
        return out
    }

    private func lines(_ share: KeyShare) throws -> String {
        try unsafe share.withLine { unsafe String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    private func bytes(_ secret: borrowing Secret<SlotSecret>) throws -> [UInt8] {
        try unsafe secret.withBytes { (bytes) throws(CryptoError) in unsafe Array(bytes) }
    }

    /// Every choice of `count` of the elements.
    private func choices<T>(_ count: Int, of all: [T]) -> [[T]] {
        guard count > 0 else { return [[]] }
        return all.indices.flatMap { index in
            choices(count - 1, of: Array(all[(index + 1)...])).map { [all[index]] + $0 }
        }
    }

    @Test("points that others published lead to the secrets that they published")
    func published() throws {
        for vector in try Self.vectors.get().published {
            let points = vector.points.map { (UInt8($0.key) ?? 0, $0.value.bytes) }
            #expect(points.count >= vector.needed)
            for some in choices(vector.needed, of: points) {
                let secret = try interpolated(some, at: vector.at)
                #expect(secret == vector.secret.bytes, "\(vector.rule)")
            }
            for few in choices(vector.needed - 1, of: points) where !few.isEmpty {
                let secret = try interpolated(few, at: vector.at)
                #expect(secret != vector.secret.bytes, "\(vector.rule)")
            }
        }
    }

    @Test("shares of the vectors are made from their coefficients, and give the secret back")
    func vectors() throws {
        for vector in try Self.vectors.get().sharings {
            let coefficients = vector.coefficients.flatMap(\.bytes)
            let shares = try FixedVault.typed(vector.shares.joined(separator: "\n")).shares()
            for (share, text) in zip(shares, vector.shares) {
                let value = values(vector.secret.bytes, coefficients, at: share.head.number)
                #expect(CheckedText.share.text(share.head.encoded + value) == text)
                #expect(try lines(share) == text)
            }
            #expect(try bytes(KeyShare.combined(shares)) == vector.secret.bytes)
        }
    }

    @Test("any that are enough give the secret, and no fewer do, however they are counted")
    func anyOfThem() throws {
        let vault: VaultID = try Random.id()
        for (needed, count) in [(2, 2), (2, 5), (3, 5), (4, 6), (5, 5)] {
            let shares = try KeyShare.make(needed: needed, of: count, vault: vault)
            #expect(shares.map(\.head.number) == Array(1...UInt8(count)))
            let secret = try bytes(KeyShare.combined(shares))
            for some in choices(needed, of: shares) {
                #expect(try bytes(KeyShare.combined(some.shuffled())) == secret)
            }
            for few in choices(needed - 1, of: shares) {
                #expect(throws: CryptoError.wrongKey) { _ = try KeyShare.combined(few) }
                // Even somebody who counts for themselves finds another secret.
                let points = try few.map { share in
                    let text = try CheckedText.share.bytes(Array(lines(share).utf8))
                    return (share.head.number, Array(text.suffix(32)))
                }
                #expect(try interpolated(points, at: 0) != secret)
            }
        }
    }

    @Test("every secret fits to shares that are too few: they say nothing of the one it was")
    func nothingIsSaid() throws {
        // One byte of two shares, of the three that it takes.
        let (one, two) = (
            values([0x53], [0xA7, 0x1E], at: 1), values([0x53], [0xA7, 0x1E], at: 2)
        )
        let every = Array(UInt8.min...UInt8.max)
        for secret in every {
            // At 1 every power is 1, so that each first coefficient leaves one second to the first share.
            let secrets = [UInt8](repeating: secret, count: every.count)
            let coefficients = every + every.map { secret ^ $0 ^ one[0] }
            #expect(values(secrets, coefficients, at: 1).allSatisfy { $0 == one[0] })
            // Of those polynomials the second share leaves one.
            #expect(values(secrets, coefficients, at: 2).count { $0 == two[0] } == 1)
        }
    }

    @Test("two sharings of one vault have nothing in common")
    func fresh() throws {
        let vault: VaultID = try Random.id()
        let (one, two) = try (
            KeyShare.make(needed: 2, of: 3, vault: vault),
            KeyShare.make(needed: 2, of: 3, vault: vault)
        )
        #expect(one[0].head.set.id != two[0].head.set.id)
        #expect(try bytes(KeyShare.combined(one)) != bytes(KeyShare.combined(two)))
        #expect(throws: CryptoError.wrongKey) { _ = try KeyShare.combined([one[0], two[1]]) }
    }

    @Test("places are distinct, and none is that of the secret")
    func places() throws {
        #expect(throws: CryptoError.refused) { try SecretSharing.weights(of: [1, 1], at: 0) }
        #expect(throws: CryptoError.refused) { try SecretSharing.weights(of: [], at: 0) }
        let share = try KeyShare.make(needed: 2, of: 2, vault: Random.id())[0]
        #expect(throws: CryptoError.wrongKey) { _ = try KeyShare.combined([share, share]) }
        var bytes = try CheckedText.share.bytes(Array(lines(share).utf8))
        for number: UInt8 in [0, 3, 255] {
            bytes[ShareHead.byteCount - 1] = number
            let typed = try FixedVault.typed(CheckedText.share.text(bytes))
            #expect(throws: CryptoError.malformedText) { _ = try typed.shares() }
        }
    }

    @Test("products are those of the field: by one, by zero, and back by the inverse")
    func field() throws {
        // FIPS 197 §4.2.
        #expect(SecretSharing.multiply(0x57, 0x83) == 0xC1)
        #expect(SecretSharing.multiply(0x57, 0x13) == 0xFE)
        for value in UInt8.min...UInt8.max {
            #expect(SecretSharing.multiply(value, 1) == value)
            #expect(SecretSharing.multiply(0, value) == 0)
        }
        for value in 1...UInt8.max {
            // With one other value, taken at 1, the weight at 0 is the inverse.
            let inverse = try SecretSharing.weights(of: [1 ^ value, 1], at: 0)[0]
            #expect(SecretSharing.multiply(value, inverse) == 1)
            #expect(SecretSharing.multiply(inverse, value) == 1)
        }
    }

    @Test("a slot of shares opens with enough of them, in a vault that they are for")
    func slot() throws {
        let keyring = try TestKeys.keyring()
        let vault = keyring.vault
        let shares = try KeyShare.make(needed: 2, of: 3, vault: vault)
        let text = try shares.map { try lines($0) }
        let next = try KeyFileCipher.resealed(keyring.keys) { root in
            try SlotCipher.make(
                label: "board", vault: vault, typed: FixedVault.typed(text.joined(separator: "\n")),
                root: root, createdMicroseconds: 1, stretch: Argon2id())
        }
        let slot = try #require(next.file.slots.last)
        #expect(slot.kind == .shares && slot.detail == "2 of 3")
        let opened = try KeyFileCipher.open(next.file, with: SharesOpener([shares[2], shares[0]]))
        #expect(opened.slot == slot.id)
        #expect(throws: CryptoError.wrongKey) {
            try KeyFileCipher.prove(slot, of: next.file, with: SharesOpener([shares[1]]))
        }
        let stranger: VaultID = try Random.id()
        #expect(throws: CryptoError.wrongKey) {
            let root = try Secret<RootKey>.random()
            _ = try SlotCipher.make(
                label: "board", vault: stranger,
                typed: FixedVault.typed(text.joined(separator: "\n")), root: root,
                createdMicroseconds: 1, stretch: Argon2id())
        }
    }
}
