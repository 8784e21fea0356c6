// The key-file slot's secret as the text of a file. KeyringFormat §3.2.

import CSodium
import VaultFormat

extension Secret where Purpose == SlotSecret {
    /// Reads the text of a key file; a missing last newline is forgiven, nothing else is.
    ///
    /// - Throws: ``CryptoError/malformedKeyFile``.
    package init(keyFileText text: UnsafeRawBufferPointer) throws(CryptoError) {
        let newline = unsafe text.last == 0x0A ? 1 : 0
        guard text.count - newline == KeyFileText.byteCount - 1,
            unsafe text.starts(with: KeyFileText.prefix)
        else { throw .malformedKeyFile }
        let digits = unsafe UnsafeRawBufferPointer(rebasing: text[KeyFileText.prefix.count...])
        try unsafe self.init { (out) throws(CryptoError) in
            for index in 0..<Self.byteCount {
                unsafe out[index] = try unsafe Self.byte(digits, at: index)
            }
            var checksum: UInt32 = 0
            for index in Self.byteCount..<Self.byteCount + KeyFileText.checksumBytes {
                checksum = checksum << 8 | UInt32(try unsafe Self.byte(digits, at: index))
            }
            guard checksum == KeyFileText.checksum({ unsafe out[$0] }) else {
                throw .malformedKeyFile
            }
        }
    }

    /// - Throws: ``CryptoError/malformedKeyFile``.
    package init(keyFile typed: TypedSecret) throws(CryptoError) {
        self = try unsafe typed.withBytes { (text) throws(CryptoError) in
            try unsafe Secret(keyFileText: text)
        }
    }

    /// Lends the text of the key file to one call and wipes it.
    package func withKeyFileText<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        let text = try unsafe LockedBytes(count: KeyFileText.byteCount) {
            (out) throws(CryptoError) in
            try unsafe withBytes { (secret) throws(CryptoError) in
                unsafe Self.write(secret, to: out)
            }
        }
        return try unsafe text.withBytesOrZeros(body)
    }

    private static func write(
        _ secret: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer
    ) {
        unsafe out.copyBytes(from: KeyFileText.prefix)
        var place = KeyFileText.prefix.count
        func append(_ byte: UInt8) {
            for nibble in [byte >> 4, byte & 15] {
                unsafe out[place] = nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
                place += 1
            }
        }
        for index in 0..<byteCount { unsafe append(secret[index]) }
        let checksum = KeyFileText.checksum { unsafe secret[$0] }
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: checksum >> UInt32(shift))) }
        unsafe out[place] = 0x0A
    }

    private static func byte(
        _ digits: UnsafeRawBufferPointer, at index: Int
    ) throws(CryptoError) -> UInt8 {
        var value: UInt8 = 0
        for place in 2 * index...2 * index + 1 {
            let digit = unsafe digits[place]
            switch digit {
            case 0x30...0x39: value = value << 4 | (digit - 0x30)
            case 0x61...0x66: value = value << 4 | (digit - 0x61 + 10)
            default: throw .malformedKeyFile
            }
        }
        return value
    }
}
