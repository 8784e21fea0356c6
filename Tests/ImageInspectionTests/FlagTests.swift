// Flags: what an image carries beyond its picture, read with hard bounds, never a refusal.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

struct FlagTests {
    private static func jpeg(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        TestJPEG.gray.parts.inserting(.segment(marker: marker, payload: payload), before: 0xDB)
            .bytes
    }

    private static func exif(_ change: (inout TestEXIF) -> Void) -> TestEXIF {
        var exif = TestEXIF()
        change(&exif)
        return exif
    }

    private static func xmp(_ text: String) -> [UInt8] {
        Array("http://ns.adobe.com/xap/1.0/\u{0}<x:xmpmeta><rdf \(text)/>".utf8)
    }

    static let blocks: [(TestEXIF, ImageFlags)] = [
        (exif { $0.image = [.init(0x0112, value: 6)] }, ImageFlags()),
        (exif { $0.gps = [.init(0x0002, count: 3), .init(0x0004, count: 3)] }, .gps),
        (exif { $0.gps = [.init(0x0000, count: 4)] }, []),
        (exif { $0.thumbnail = [.init(0x0201, value: 200), .init(0x0202, value: 9)] }, .thumbnail),
        (exif { $0.exif = [.init(0x927C, count: 40)] }, .makerNote),
        (exif { $0.exif = [.init(0xA431, count: 9)] }, .serialNumber),
        (exif { $0.exif = [.init(0xA431, count: 1)] }, []),
        (exif { $0.image = [.init(0xC62F, count: 9)] }, .serialNumber),
    ]

    @Test(arguments: blocks)
    func `EXIF flags are read in both byte orders and both formats`(
        _ exif: TestEXIF, _ flags: ImageFlags
    ) throws {
        for isLittleEndian in [false, true] {
            var exif = exif
            exif.isLittleEndian = isLittleEndian
            let photo = Self.jpeg(0xE1, exif.segment)
            #expect(try accepted(photo).verdict.flags == flags)
            let drawing = TestPNG.color.parts.inserting(.init("eXIf", exif.bytes), before: "IDAT")
            #expect(try accepted(drawing.bytes).verdict.flags == flags)
        }
    }

    static let properties: [(String, ImageFlags)] = [
        ("exif:GPSLatitude='1'", ImageFlags.gps), ("aux:SerialNumber='1'", .serialNumber),
        ("xmpMM:History='1'", .xmpHistory), ("xmpGImg:image='1'", .thumbnail),
        ("dc:title='1'", ImageFlags()),
    ]

    @Test(arguments: properties)
    func `XMP flags are read in both formats`(_ text: String, _ flags: ImageFlags) throws {
        #expect(try accepted(Self.jpeg(0xE1, Self.xmp(text))).verdict.flags == flags)
        let packet = Array("XML:com.adobe.xmp".utf8) + [0, 0, 0, 0, 0] + Self.xmp(text)
        let drawing = TestPNG.color.parts.inserting(.init("iTXt", packet), before: "IDAT")
        #expect(try accepted(drawing.bytes).verdict.flags == flags)
    }

    @Test func `thumbnails are found in JFIF, in its extension, and in Photoshop resources`() throws
    {
        let jfif = Array("JFIF\u{0}".utf8) + [1, 1, 0, 0, 1, 0, 1, 1, 1, 9, 9, 9]
        #expect(try accepted(Self.jpeg(0xE0, jfif)).verdict.flags == .thumbnail)
        let extended = Array("JFXX\u{0}".utf8) + [0x10]
        #expect(try accepted(Self.jpeg(0xE0, extended)).verdict.flags == .thumbnail)
        let resource = Array("Photoshop 3.0\u{0}8BIM".utf8) + [4, 12, 0, 0, 0, 0, 0, 0]
        #expect(try accepted(Self.jpeg(0xED, resource)).verdict.flags == .thumbnail)
        #expect(try accepted(TestJPEG.gray.bytes + TestJPEG.gray.bytes).verdict.flags == .thumbnail)
    }

    @Test func `C2PA is found in both formats`() throws {
        let box = Array("JP".utf8) + [0, 1, 0, 0, 0, 1] + Array("jumbc2pa".utf8)
        #expect(try accepted(Self.jpeg(0xEB, box)).verdict.flags == .c2pa)
        let drawing = TestPNG.color.parts.inserting(.init("caBX", [0]), before: "IDAT")
        #expect(try accepted(drawing.bytes).verdict.flags == .c2pa)
    }

    @Test func `an EXIF block that loops, lies or is cut is read to its bounds and accepted`()
        throws
    {
        var loop = TestEXIF()
        loop.image = [.init(0x8769, value: 8), .init(0x8825, value: 8), .init(0x0002)]
        var bytes = loop.bytes
        bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0, 8])
        _ = try accepted(Self.jpeg(0xE1, Array("Exif\u{0}\u{0}".utf8) + bytes))
        var sound = TestEXIF()
        sound.gps = [.init(0x0002, count: 3)]
        for length in 0..<sound.segment.count {
            _ = try accepted(Self.jpeg(0xE1, Array(sound.segment.prefix(length))))
        }
        for offset in 6..<sound.segment.count {
            var segment = sound.segment
            segment[offset] = 0xFF
            _ = try accepted(Self.jpeg(0xE1, segment))
        }
    }

    @Test func `every flag has one bit and one name`() {
        let names = ImageFlags.named.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(ImageFlags.named.enumerated().allSatisfy { $1.flag.rawValue == 1 << $0 })
        #expect(([.gps, .c2pa] as ImageFlags).names == ["gps", "c2pa"])
    }
}
