/// Bytes of things that do not belong into an image, as small as they can be and still be found.
package enum TestArchive {
    /// One stored file of no bytes.
    package static let zip: [UInt8] = {
        let name = Array("a".utf8)
        let shared: [UInt8] = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        let local = Array("PK\u{3}\u{4}".utf8) + shared + [1, 0, 0, 0] + name
        let central =
            Array("PK\u{1}\u{2}".utf8) + [20, 0] + shared + [1, 0]
            + [UInt8](repeating: 0, count: 16) + name
        let end =
            Array("PK\u{5}\u{6}".utf8) + [0, 0, 0, 0, 1, 0, 1, 0] + [UInt8(central.count), 0, 0, 0]
            + [UInt8(local.count), 0, 0, 0] + [0, 0]
        return local + central + end
    }()

    package static let rar: [UInt8] = Array("Rar!\u{1A}\u{7}\u{1}\u{0}".utf8)
    package static let sevenZip: [UInt8] = [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4]
    package static let bzip2: [UInt8] = Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
    package static let elf: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0]

    /// A DOS header that points to the real one, 64 bytes on.
    package static let portableExecutable: [UInt8] =
        Array("MZ".utf8) + [UInt8](repeating: 0, count: 58) + [64, 0, 0, 0] + Array("PE".utf8)
        + [0, 0]

    package static let pdf: [UInt8] = Array("%PDF-1.7\n".utf8)
    package static let compoundDocument: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]
}
