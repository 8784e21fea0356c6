// Epochs over the generations of a keyring, and many wraps at a time.

import Testing
import VaultFormat
import VaultTestKit

@testable import VaultCrypto

@Suite("Epochs")
struct EpochTests {
    /// A keyring whose first epoch is readable and whose second is primary.
    private func rotated(_ keyring: Keyring) throws -> Keyring {
        let next = keyring.nextEpoch
        let added = try Keyring(
            KeyFileCipher.remade(
                keyring.keys, entries: keyring.entries(adding: next, createdMicroseconds: 1)))
        return try Keyring(
            KeyFileCipher.remade(added.keys, entries: added.entries(promoting: next)))
    }

    private func hashes(_ keyring: Keyring) throws -> [Digest256] {
        try keyring.keys.file.entries.indices.map { index in
            try unsafe keyring.keys.withKey(at: index) { key in unsafe LogHash.digest(Array(key)) }
        }
    }

    @Test("a destroyed epoch's key is zeros, a new one's is new, and every other is what it was")
    func generations() throws {
        let first = try TestKeys.keyring()
        let second = try rotated(first)
        let gone = try Keyring(
            KeyFileCipher.remade(second.keys, entries: second.entries(destroying: .first)))
        #expect(second.generation == first.generation + 2)
        #expect(second.epochs.map(\.state) == [3, 2] && gone.epochs.map(\.state) == [4, 2])
        let zeros = LogHash.digest([UInt8](repeating: 0, count: 32))
        let (before, after) = (try hashes(second), try hashes(gone))
        #expect(Set(before).count == before.count && !before.contains(zeros))
        for (place, entry) in gone.keys.file.entries.enumerated() {
            #expect(after[place] == (entry.isDestroyed ? zeros : before[place]))
        }
        let kept = try hashes(first)
        #expect(Set(kept).isSubset(of: before))
        // Its number is never used again.
        #expect(gone.nextEpoch.value == 3)
    }

    @Test("many wraps come under the primary epoch, in order, and what does not open is left out")
    func rewrapping() throws {
        let old = try TestKeys.keyring()
        let new = try rotated(old)
        var wraps: [BoundWrap] = []
        for number in 0..<5 {
            let context = WrapContext(
                subject: number % 2 == 0
                    ? .blob(try Random.id()) : .reference(try Random.id()),
                epoch: .first, namespace: .standard, image: try Random.id())
            let key = try Secret<DataKey>.random()
            wraps.append(
                BoundWrap(context: context, bytes: try old.wrap(key, context: context)))
        }
        var broken = wraps[2].bytes
        broken[30] ^= 1
        wraps[2] = BoundWrap(context: wraps[2].context, bytes: broken)
        wraps.append(BoundWrap(context: wraps[0].context, bytes: []))
        wraps.append(BoundWrap(context: wraps[0].context, bytes: wraps[1].bytes))
        let moved = try new.rewrapped(wraps)
        #expect(moved.map { $0 != nil } == [true, true, false, true, true, false, false])
        #expect(try new.opens(wraps) == moved.map { $0 != nil })
        for (wrap, bytes) in zip(wraps, moved) {
            guard let bytes else { continue }
            let context = WrapContext(
                subject: wrap.context.subject, epoch: try EpochNumber(2), namespace: .standard,
                image: wrap.context.image)
            let before = try old.unwrap(wrap.bytes, context: wrap.context)
            let after = try new.unwrap(bytes, context: context)
            let isSame = try unsafe before.withBytes { (one) throws(CryptoError) in
                try unsafe after.withBytes { (two) throws(CryptoError) in
                    unsafe Array(one) == Array(two)
                }
            }
            #expect(isSame)
            #expect(throws: CryptoError.refused) {
                _ = try new.unwrap(bytes, context: wrap.context)
            }
        }
        #expect(Set(moved.compactMap { $0.map { Array($0.prefix(24)) } }).count == 4)
        #expect(try new.rewrapped([]).isEmpty)
    }
}
