// A bundle that is put into a page comes out of it as it was.

import Testing
import VaultFormat
import VaultTestKit

@Suite("A bundle in a page")
struct BundlePageTests {
    @Test(
        "what is written in any pieces is read as it was",
        arguments: [0, 1, 56, 57, 58, 113, 114, 1000])
    func roundTrip(count: Int) throws {
        var random = SeededRandom()
        let bundle = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        var (writer, text, rest) = (BundlePageWriter(), [UInt8](), bundle[...])
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...130, using: &random))
            text += writer.take(piece)
            rest = rest.dropFirst(piece.count)
        }
        text += writer.finish()
        let lines = text.split(separator: UInt8(ascii: "\n"))
        #expect(lines.dropLast().allSatisfy { $0.count == 76 })
        #expect(text.count == lines.reduce(0) { $0 + $1.count + 1 })
        var (reader, read) = (BundlePageReader(), [UInt8]())
        for line in ["<html>", BundlePage.opening] {
            read += try reader.take(Array(line.utf8)[...])
        }
        for line in lines { read += try reader.take(line) }
        for line in [BundlePage.closing, "</html>"] {
            read += try reader.take(Array(line.utf8)[...])
        }
        try reader.finish(rest: 0)
        #expect(read == bundle)
    }
}
