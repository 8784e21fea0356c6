// Fixed-width fields, hexadecimal and Base64: each value has one spelling.

import Testing
import VaultFormat
import VaultTestKit

@Suite("Bytes")
struct BytesTests {
    @Test("a reader gives back what a writer laid out")
    func readerReversesWriter() throws {
        var writer = ByteWriter()
        writer.append(UInt8(1))
        writer.append(UInt16(0x0203))
        writer.append(UInt32(0x0405_0607))
        writer.append(UInt64(0x0809_0A0B_0C0D_0E0F))
        writer.appendShort([0xAA, 0xBB])
        #expect(writer.bytes == Array(1...15) + [2, 0xAA, 0xBB])
        var reader = ByteReader(writer.bytes)
        #expect(try reader.read(UInt8.self) == 1)
        #expect(try reader.read(UInt16.self) == 0x0203)
        #expect(try reader.read(UInt32.self) == 0x0405_0607)
        #expect(try reader.read(UInt64.self) == 0x0809_0A0B_0C0D_0E0F)
        #expect(try reader.readShort() == [0xAA, 0xBB])
        try reader.finish()
    }

    @Test("a read past the end is refused and takes nothing")
    func readPastEnd() throws {
        var reader = ByteReader([3, 1, 2])
        #expect(throws: FormatError.truncated) { try reader.read(4) }
        #expect(throws: FormatError.truncated) { try reader.read(-1) }
        #expect(throws: FormatError.truncated) { try reader.read(UInt32.self) }
        #expect(reader.offset == 0)
        #expect(throws: FormatError.truncated) { try reader.readShort() }
    }

    @Test("hexadecimal is lower case, whole, and of the length asked for")
    func hexIsCanonical() throws {
        #expect(try Hex.decode("00ff7a", count: 3) == [0, 255, 0x7A])
        for wrong in ["00FF7A", "00ff7g", "0 ff7a", "+0ff7a", "00ff7\u{660}"] {
            #expect(throws: FormatError.self) { try Hex.decode(wrong, count: 3) }
        }
        for length in ["", "00ff7", "00ff7a0", "00ff7a00"] {
            let expected = FormatError.wrongLength(expected: 6, actual: length.utf8.count)
            #expect(throws: expected) { try Hex.decode(length, count: 3) }
        }
    }

    @Test(
        "the examples of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64Examples(plain: String, text: String) throws {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(try Base64.decode(text) == Array(plain.utf8))
    }

    @Test(
        "Base64 that is not the one spelling of its bytes is refused",
        arguments: [
            "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zm8=Zm8=", "Zg==\n", "Z-8=",
            "Zm 8", "Zm\u{301}8=", "=Zm8", "Z=m8",
        ])
    func base64Strict(text: String) {
        #expect(throws: FormatError.self) { try Base64.decode(text) }
    }

    @Test("any bytes survive hexadecimal and Base64, and any accepted text is its bytes' spelling")
    func textRoundTrips() throws {
        var random = SeededRandom()
        for _ in 0..<500 {
            let bytes = random.bytes(Int.random(in: 0...70, using: &random))
            #expect(try Hex.decode(Hex.encode(bytes), count: bytes.count) == bytes)
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
            let text = random.text(of: "ABZaz09+/=", 4...8)
            if let decoded = try? Base64.decode(text) { #expect(Base64.encode(decoded) == text) }
        }
    }

    @Test("an identifier is exactly its bytes and its lower-case digits")
    func identifiers() throws {
        let digits = String(repeating: "0a", count: 32)
        let image = try ImageID(hex: digits)
        #expect(image.hex == digits)
        #expect("\(image)" == digits)
        #expect(throws: FormatError.self) { try ImageID(hex: digits.uppercased()) }
        #expect(throws: FormatError.wrongLength(expected: 32, actual: 31)) {
            try ImageID(bytes: Array(image.bytes.dropLast()))
        }
        #expect(throws: FormatError.wrongLength(expected: 16, actual: 32)) {
            try BlobID(bytes: image.bytes)
        }
    }
}
