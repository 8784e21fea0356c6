// What an admin types or sends to open a slot, from its first byte to its last in locked memory. Its
// form tells which kind of slot it is for. KeyringFormat §3.3.

import Synchronization
package import VaultFormat

/// A secret as it came: the text of a key file, or a passphrase.
@safe package final class TypedSecret: @unchecked Sendable {
    // @unchecked: filled by the one task that receives it, and only read afterwards.
    private var bytes: LockedBytes
    package private(set) var count = 0

    /// Secrets that are there now.
    private static let living = Atomic<Int>(0)

    /// - Throws: ``CryptoError/keyMemoryExhausted`` also while there are ``Limits/secretsAtOnce``.
    package init() throws(CryptoError) {
        bytes = try unsafe Self.room()
    }

    deinit { Self.living.subtract(1, ordering: .relaxed) }

    /// Room for one more secret, that whoever has it gives back as this object ends.
    private static func room(
        _ fill: (UnsafeMutableRawBufferPointer) -> Void = { _ in }
    ) throws(CryptoError) -> LockedBytes {
        let before = living.add(1, ordering: .relaxed).oldValue
        do throws(CryptoError) {
            guard before < Limits.secretsAtOnce else { throw .keyMemoryExhausted }
            return try unsafe LockedBytes(count: Limits.secretBytes) { room in unsafe fill(room) }
        } catch {
            living.subtract(1, ordering: .relaxed)
            throw error
        }
    }

    /// - Parameter read: writes the secret into room for ``Limits/secretBytes`` and tells its length.
    package init<E: Error>(
        reading read: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws {
        var count = 0
        var failure: E?
        bytes = try unsafe Self.room { room in
            do throws(E) {
                count = try unsafe read(room)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        self.count = min(count, Limits.secretBytes)
    }

    /// Leaves out the newline that ends a file's only line.
    package func dropLastNewline() {
        let ends = unsafe withBytesOrZeros { bytes in unsafe bytes.last == 0x0A }
        if ends { count -= 1 }
    }

    /// Whether both are the same bytes, in constant time for equal lengths.
    package func equals(_ other: TypedSecret) -> Bool {
        unsafe withBytesOrZeros { mine in
            unsafe other.withBytesOrZeros { theirs in
                unsafe Sodium.equal(mine, theirs)
            }
        }
    }

    package var isEmpty: Bool { count == 0 }

    /// Takes more bytes in.
    ///
    /// - Returns: false, with nothing taken, past ``Limits/secretBytes``.
    package func append(_ more: UnsafeRawBufferPointer) -> Bool {
        guard more.count <= Limits.secretBytes - count else { return false }
        unsafe bytes.write(more, at: count)
        count += more.count
        return true
    }

    /// What the first bytes say that it is.
    package enum Form: Sendable {
        case keyFile, passphrase
        /// One share of a set or several, a line each.
        case shares
        /// The public half of a recovery key, which makes a slot.
        case recipient
        /// What opens a recovery recipient's slot.
        case answer
        /// The private half, which is given to no vault, and whatever else begins like a text of ours.
        case refused
    }

    package var form: Form {
        let named: [(CheckedText, Form)] = [
            (.keyFile, .keyFile), (.share, .shares), (.recipient, .recipient), (.answer, .answer),
        ]
        return unsafe withBytesOrZeros { bytes in
            if let named = named.first(where: { unsafe bytes.starts(with: $0.0.prefix) }) {
                return named.1
            }
            return unsafe CheckedText.isAttempted(in: bytes) ? .refused : .passphrase
        }
    }

    /// The text, where its form says that it is no secret.
    private var plainText: [UInt8] {
        unsafe withBytesOrZeros { bytes in unsafe Array(bytes) }
    }

    /// - Throws: ``CryptoError/malformedText``.
    package func recipient() throws(CryptoError) -> [UInt8] {
        guard form == .recipient, let bytes = try? CheckedText.recipient.bytes(plainText) else {
            throw .malformedText
        }
        return bytes
    }

    /// - Throws: ``CryptoError/malformedText``.
    package func answer() throws(CryptoError) -> RecoveryAnswer {
        // Sealed to a key that only the vault has.
        guard form == .answer, let answer = try? RecoveryAnswer(text: plainText) else {
            throw .malformedText
        }
        return answer
    }

    /// The shares, in the order in which they stand.
    ///
    /// - Throws: ``CryptoError/malformedText``.
    package func shares() throws(CryptoError) -> [KeyShare] {
        try unsafe withBytes { (bytes) throws(CryptoError) in
            var shares: [KeyShare] = []
            var start = 0
            while start < bytes.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[start...])
                let length = unsafe rest.firstIndex(of: 0x0A) ?? rest.count
                let line = unsafe UnsafeRawBufferPointer(rebasing: rest[..<length])
                shares.append(try unsafe KeyShare(line: line))
                start += length + 1
            }
            return shares
        }
    }

    /// Stretches this passphrase here and lends the result to one call.
    ///
    /// - Throws: ``CryptoError/refused`` when that returns false, ``CryptoError/stretchFailed``.
    package func stretched(
        salt: [UInt8], _ parameters: PassphraseParameters,
        _ body: (UnsafeRawBufferPointer) -> Bool
    ) throws(CryptoError) {
        let secret = try Secret(passphrase: self, slotSalt: salt, parameters, Argon2id())
        let isTaken = try unsafe secret.withBytes { (bytes) throws(CryptoError) in
            unsafe body(bytes)
        }
        guard isTaken else { throw .refused }
    }

    /// Lends the bytes to one call, for a library that is not ours, or a socket to it.
    package func lend<R>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe withBytes(body)
    }

    func withBytes<R: ~Copyable>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe bytes.withBytes { (all) throws(CryptoError) in
            try unsafe body(UnsafeRawBufferPointer(rebasing: all[..<count]))
        }
    }

    private func withBytesOrZeros<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe bytes.withBytesOrZeros { all in
            unsafe body(UnsafeRawBufferPointer(rebasing: all[..<count]))
        }
    }
}
