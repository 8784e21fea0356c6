// Shares of a slot's secret: made together, given back one by one. KeyringFormat §3.5.

package import VaultFormat

/// One share: what stands on it, and its 32 secret bytes.
package final class KeyShare: Sendable {
    package let head: ShareHead
    private let bytes: LockedBytes

    private static let valueBytes = Secret<SlotSecret>.byteCount

    private init(head: ShareHead, bytes: consuming LockedBytes) {
        self.head = head
        self.bytes = bytes
    }

    /// - Parameter line: as it stands on paper.
    /// - Throws: ``CryptoError/malformedText``.
    init(line: UnsafeRawBufferPointer) throws(CryptoError) {
        let bytes = try unsafe LockedBytes(count: CheckedText.share.byteCount) {
            (out) throws(CryptoError) in
            guard unsafe CheckedText.share.read(line, into: out) else { throw .malformedText }
        }
        let head = try unsafe bytes.withBytes { (all) throws(CryptoError) in
            unsafe Array(all[..<ShareHead.byteCount])
        }
        do throws(FormatError) {
            self.head = try ShareHead(parsing: head)
        } catch {
            throw .malformedText
        }
        self.bytes = bytes
    }

    /// Lends the line of this share, with its newline, to one call and wipes it.
    package func withLine<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try unsafe bytes.withBytesOrZeros { bytes in
            try unsafe CheckedText.share.withLine(of: bytes, body)
        }
    }

    /// In constant time.
    package func isSame(as other: KeyShare) throws(CryptoError) -> Bool {
        guard head == other.head else { return false }
        return try unsafe withValue { (one) throws(CryptoError) in
            try unsafe other.withValue { (other) throws(CryptoError) in
                unsafe Sodium.equal(one, other)
            }
        }
    }

    private func withValue<R>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe bytes.withBytes { (all) throws(CryptoError) in
            try unsafe body(UnsafeRawBufferPointer(rebasing: all[ShareHead.byteCount...]))
        }
    }

    /// Shares a new random secret, which is kept nowhere else.
    ///
    /// - Throws: ``FormatError/outOfRange(field:)`` for counts that are not allowed.
    package static func make(
        needed: Int, of count: Int, vault: VaultID
    ) throws -> [KeyShare] {
        let set = try ShareSet(
            id: Random.bytes(ShareSet.idBytes), needed: UInt8(clamping: needed),
            count: UInt8(clamping: count))
        let secret = try Secret<SlotSecret>.random()
        return try unsafe secret.withBytes { (bytes) throws(CryptoError) in
            try unsafe split(bytes, set, vault)
        }
    }

    static func split(
        _ secret: UnsafeRawBufferPointer, _ set: ShareSet, _ vault: VaultID
    ) throws(CryptoError) -> [KeyShare] {
        let coefficients = try unsafe LockedBytes(count: (Int(set.needed) - 1) * valueBytes) {
            (out) throws(CryptoError) in unsafe Sodium.fillRandom(out)
        }
        var shares: [KeyShare] = []
        for number in 1...set.count {
            guard let head = try? ShareHead(vault: vault, set: set, number: number) else {
                throw .refused
            }
            let bytes = try unsafe LockedBytes(count: CheckedText.share.byteCount) {
                (out) throws(CryptoError) in
                unsafe out.copyBytes(from: head.encoded)
                try unsafe coefficients.withBytes { (coefficients) throws(CryptoError) in
                    unsafe SecretSharing.evaluate(
                        secret, coefficients, at: number,
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: out[ShareHead.byteCount...]))
                }
            }
            shares.append(KeyShare(head: head, bytes: bytes))
        }
        return shares
    }

    /// The secret that shares of one set have in common.
    ///
    /// - Throws: ``CryptoError/wrongKey`` for too few, for two of one number, for shares of several sets
    ///   or vaults, and where more than are needed do not agree.
    package static func combined(_ shares: [KeyShare]) throws(CryptoError) -> Secret<SlotSecret> {
        guard let set = shares.first?.head.set, let vault = shares.first?.head.vault,
            shares.allSatisfy({ $0.head.set == set && $0.head.vault == vault }),
            shares.count >= Int(set.needed),
            Set(shares.map(\.head.number)).count == shares.count
        else { throw .wrongKey }
        let enough = Array(shares.prefix(Int(set.needed)))
        for share in shares.dropFirst(enough.count) {
            let expected = try value(of: enough, at: share.head.number)
            let isSame = try unsafe expected.withBytes { (expected) throws(CryptoError) in
                try unsafe share.withValue { (value) throws(CryptoError) in
                    unsafe Sodium.equal(expected, value)
                }
            }
            guard isSame else { throw .wrongKey }
        }
        return try value(of: enough, at: 0)
    }

    private static func value(
        of shares: [KeyShare], at place: UInt8
    ) throws(CryptoError) -> Secret<SlotSecret> {
        let weights = try SecretSharing.weights(of: shares.map(\.head.number), at: place)
        return try unsafe Secret<SlotSecret> { (out) throws(CryptoError) in
            for (share, weight) in zip(shares, weights) {
                try unsafe share.withValue { (value) throws(CryptoError) in
                    unsafe SecretSharing.add(weight, value, to: out)
                }
            }
        }
    }
}
