// PrefixSet: a quick "certainly not" for a list of texts, so that a hostile file full of beginnings
// costs little. The first four bytes are compared as one number, with bit 0x20 of each set, which
// folds the case of letters; what passes is compared in full elsewhere.

struct PrefixSet {
    private static let fold: UInt32 = 0x2020_2020
    private let keys: [UInt32]
    /// Covers as many bytes as a text shorter than four has.
    private let masks: [UInt32]

    init(_ texts: [[UInt8]]) {
        var keys: [UInt32] = []
        var masks: [UInt32] = []
        for text in texts {
            var key: UInt32 = 0
            var mask: UInt32 = 0
            for (index, byte) in text.prefix(4).enumerated() {
                key |= UInt32(byte) << (8 * UInt32(index))
                mask |= 0xFF << (8 * UInt32(index))
            }
            keys.append((key | Self.fold) & mask)
            masks.append(mask)
        }
        self.keys = keys
        self.masks = masks
    }

    /// The bytes at `offset`, `offset + stride`, … as one folded number; zeros beyond the end.
    static func word(_ bytes: RawSpan, at offset: Int, stride: Int) -> UInt32 {
        if stride == 1, let word = bytes.u32(offset) { return word.byteSwapped | fold }
        var word: UInt32 = 0
        for index in 0..<4 {
            word |= UInt32(bytes.u8(offset + stride * index) ?? 0) << (8 * UInt32(index))
        }
        return word | fold
    }

    /// The first text from `index` on that may begin with `word`.
    func next(from index: Int, _ word: UInt32) -> Int? {
        let keys = keys.span
        let masks = masks.span
        var index = index
        while index < keys.count {
            if word & masks[index] == keys[index] { return index }
            index += 1
        }
        return nil
    }
}
