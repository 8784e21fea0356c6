// Secrets as lines of text, from locked memory and into it. KeyringFormat §3.2.

import VaultFormat

extension CheckedText {
    /// Reads a line; a missing last newline is forgiven.
    ///
    /// - Parameter out: room for the bytes without their checksum.
    /// - Returns: whether it is one, with the checksum that it says.
    func read(_ line: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Bool {
        precondition(out.count == byteCount)
        guard unsafe line.starts(with: prefix) else { return false }
        let end = unsafe line.count - (line.last == 0x0A ? 1 : 0)
        var place = prefix.count
        /// The next byte; nil for what is no digit.
        func next() -> UInt8? {
            var value: UInt8 = 0
            for _ in 0..<2 {
                while isSpaced, place < end, unsafe line[place] == 0x20 { place += 1 }
                guard place < end, let digit = unsafe Hex.value(line[place]) else {
                    return nil
                }
                place += 1
                value = value << 4 | digit
            }
            return value
        }
        for index in 0..<byteCount {
            guard let byte = next() else { return false }
            unsafe out[index] = byte
        }
        var told: UInt32 = 0
        for _ in 0..<Self.checksumBytes {
            guard let byte = next() else { return false }
            told = told << 8 | UInt32(byte)
        }
        while isSpaced, place < end, unsafe line[place] == 0x20 { place += 1 }
        return place == end && told == Self.checksum(count: byteCount) { unsafe out[$0] }
    }

    /// Lends the line of `bytes`, with its newline, to one call and wipes it.
    func withLine<R>(
        of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> R
    ) throws -> R {
        precondition(bytes.count == byteCount)
        let line = try unsafe LockedBytes(count: characters + 1) { (out) throws(CryptoError) in
            unsafe write(bytes, to: out)
        }
        return try unsafe line.withBytesOrZeros(body)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to out: UnsafeMutableRawBufferPointer) {
        unsafe out.copyBytes(from: prefix)
        var place = prefix.count
        func append(_ byte: UInt8) {
            for nibble in [byte >> 4, byte & 15] {
                unsafe out[place] = nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
                place += 1
            }
        }
        for index in 0..<bytes.count { append(unsafe bytes[index]) }
        let checksum = Self.checksum(count: byteCount) { unsafe bytes[$0] }
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: checksum >> UInt32(shift))) }
        unsafe out[place] = 0x0A
    }
}

extension Secret {
    /// Lends this key as a line of text, with its newline, to one call and wipes it.
    func withLine<R>(
        as text: CheckedText, _ body: (UnsafeRawBufferPointer) throws -> R
    ) throws -> R {
        try unsafe inTransit().withBytes { bytes in try unsafe text.withLine(of: bytes, body) }
    }
}
