// Spans of an image, and the frames that hold them.

import Testing
import VaultFormat

@Suite("A span of bytes")
struct SpanTests {
    @Test(
        "names the bytes that the image has of it",
        arguments: [
            (ByteSpan.whole, 0..<10), (.run(first: 0, last: nil), 0..<10),
            (.run(first: 9, last: 9), 9..<10), (.run(first: 3, last: .max), 3..<10),
            (.run(first: 2, last: 4), 2..<5), (.suffix(3), 7..<10), (.suffix(.max), 0..<10),
        ])
    func inside(span: ByteSpan, range: Range<Int>) {
        #expect(span.range(in: 10) == range)
    }

    @Test(
        "outside the image names nothing",
        arguments: [ByteSpan.run(first: 10, last: nil), .run(first: .max, last: .max), .suffix(0)])
    func outside(span: ByteSpan) {
        #expect(span.range(in: 10) == nil)
    }

    @Test("an asserted name has its letters and its length")
    func names() throws {
        #expect(try ActorName("user:8421").description == "user:8421")
        for bad in ["", "a b", "\u{7F}", "é", String(repeating: "a", count: 129)] {
            #expect(throws: FormatError.invalidText(field: "actor")) { try ActorName(bad) }
        }
        #expect(try AgentName("curl/8.0 (X)").description == "curl/8.0 (X)")
        for bad in ["", "a\u{0A}b", "é", String(repeating: "a", count: 256)] {
            #expect(throws: FormatError.invalidText(field: "agent")) { try AgentName(bad) }
        }
        for bad in ["", ":", "fe80::1%eth0", "2001:DB8::1", String(repeating: "1", count: 46)] {
            #expect(throws: FormatError.invalidText(field: "client address")) {
                try ClientAddress(canonical: bad)
            }
        }
    }
}
