// What the format's tests share.

import VaultFormat

/// The error that `body` throws, or nil when it throws none.
func formatError(_ body: () throws(FormatError) -> Void) -> FormatError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}

/// `bytes` with one bit of one byte changed.
func flipped(_ bytes: [UInt8], at index: Int, bit: UInt8 = 1) -> [UInt8] {
    var bytes = bytes
    bytes[index] ^= bit
    return bytes
}
