// PNGRepair: libFuzzer's own mutation of a file, and then, three times out of four, lengths and
// checksums of its chunks set right. Without that nearly every mutated PNG ends at its first
// checksum. A JPEG is left as it is: it has none.

import CFuzz

enum PNGRepair {
    static func mutate(
        _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ capacity: Int, _ seed: UInt32
    ) -> Int {
        let mutated = unsafe LLVMFuzzerMutate(start, count, capacity)
        guard seed % 4 != 0 else { return mutated }
        // libFuzzer lends `capacity` bytes, of which the first `mutated` are the file.
        let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: mutated)
        var file = unsafe buffer.mutableSpan
        repair(&file)
        return mutated
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320
        }
    }

    private static func repair(_ file: inout MutableSpan<UInt8>) {
        guard file.count > 8, file[0] == 0x89, file[1] == 0x50 else { return }
        var offset = 8
        while file.count - offset >= 12 {
            var length = number(file, at: offset)
            if length > file.count - offset - 12 {
                // The last chunk takes what is left.
                length = file.count - offset - 12
                put(UInt32(length), in: &file, at: offset)
            }
            let end = offset + 8 + length
            var checksum: UInt32 = ~0
            for index in offset + 4..<end {
                checksum = table[Int((checksum ^ UInt32(file[index])) & 0xFF)] ^ checksum >> 8
            }
            put(~checksum, in: &file, at: end)
            offset = end + 4
        }
    }

    private static func number(_ file: borrowing MutableSpan<UInt8>, at offset: Int) -> Int {
        var number = 0
        for index in offset..<offset + 4 { number = number << 8 | Int(file[index]) }
        return number
    }

    private static func put(_ number: UInt32, in file: inout MutableSpan<UInt8>, at offset: Int) {
        for index in 0..<4 {
            file[offset + index] = UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32(index)))
        }
    }
}
