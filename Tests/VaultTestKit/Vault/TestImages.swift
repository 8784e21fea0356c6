// Sound images for tests of the vault, made once.

package enum TestImages {
    /// Less than a frame.
    package static let small = TestPNG.color.bytes
    /// Another picture.
    package static let other = TestPNG.palette.bytes
    package static let jpeg = TestJPEG.baseline.bytes
    /// Three frames.
    package static let large = noise(width: 470, height: 430)

    /// As many as wanted, each different from every other.
    package static func numbered(_ numbers: Range<Int>) -> [[UInt8]] {
        numbers.map { numbered($0) }
    }

    /// One of them.
    package static func numbered(_ number: Int) -> [UInt8] {
        var image = TestPNG.color
        image.seed = UInt64(1000 + number)
        return image.bytes
    }

    private static func noise(width: Int, height: Int) -> [UInt8] {
        var image = TestPNG()
        image.width = width
        image.height = height
        return image.bytes
    }
}
