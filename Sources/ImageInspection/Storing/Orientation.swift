// Orientation: which way up a picture is (CIPA DC-008 §4.6.4, tag 0x0112), the one fact of EXIF
// without which the same pixels are another picture.
import VaultFormat

enum Orientation {
    private static let tag = 0x0112
    /// Bytes up to the end of the one entry: a block with fewer has its directory inside its header.
    private static let fewestBytes = 22
    /// What the numbers 2 to 8 mean is a turn or a mirror; 1 is the picture as it lies.
    private static let meaningful = 2...8

    /// A TIFF structure with this entry alone, or nothing where the block in `range` has none that
    /// matters. It is never longer than that block.
    static func block(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
        guard range.count >= fewestBytes, let value = value(bytes, range),
            meaningful.contains(value)
        else { return [] }
        let whole: [UInt8] = [
            0x4D, 0x4D, 0, 42, 0, 0, 0, 8,  // big-endian; the directory is at 8
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(value), 0, 0,  // one number of 16 bits
            0, 0, 0, 0,  // no further directory
        ]
        return Array(whole.prefix(range.count))
    }

    /// The value of the last entry, which is the one that readers heed.
    private static func value(_ bytes: RawSpan, _ range: Range<Int>) -> Int? {
        guard let block = TIFFBlock(bytes, range) else { return nil }
        let entries = block.entries(bytes, at: block.first).entries
        guard let entry = entries.last(where: { $0.tag == tag && $0.count == 1 }) else {
            return nil
        }
        return switch entry.type {
        case 3: block.u16(bytes, entry.place + 8)
        case 4: block.u32(bytes, entry.place + 8)
        default: nil
        }
    }
}
