// The fields of a reading (Range, If-None-Match, If-Range) and of any request (timeout, asserted context).

import Testing
import VaultAPI
import VaultFormat

@Suite("The fields of a reading")
struct ReadingFieldTests {
    @Test(
        "one range of bytes is understood",
        arguments: [
            ("bytes=0-0", ByteSpan.run(first: 0, last: 0)),
            ("Bytes=5-", .run(first: 5, last: nil)),
            ("bytes=-7", .suffix(7)),
            ("bytes=00-01", .run(first: 0, last: 1)),
            ("bytes=99999999999999999999-", .run(first: .max, last: nil)),
        ])
    func understood(field: String, span: ByteSpan) {
        #expect(RangeField.span(fields: [field]) == span)
    }

    @Test(
        "anything else asks for the whole",
        arguments: [
            "", "bytes", "bytes=", "bytes=-", "bytes=1", "bytes=2-1", "bytes=0-1,3-4",
            "bytes=a-b", "bytes=+1-2", "bytes= 1-2", "bytes=1-2 ", "bytes=1--2", "rows=0-1",
            "bytes=0-" + String(repeating: "9", count: 80),
        ])
    func whole(field: String) {
        #expect(RangeField.span(fields: [field]) == .whole)
        #expect(RangeField.span(fields: ["bytes=0-0", field]) == .whole)
    }

    private let id = ImageID(checked: [UInt8](repeating: 0xAB, count: 32))

    @Test("a reader that names the tag, in a list, weakly or by a star, has the image")
    func held() {
        let tag = EntityTag.text(id)
        for fields in [[tag], ["W/" + tag], ["*"], ["\"x\", " + tag + " "], ["\"x\"", tag]] {
            #expect(EntityTag.isHeld(id, ifNoneMatch: fields), "\(fields)")
        }
        for fields in [[], [""], [id.hex], ["\"x\""], ["W/"], [tag.uppercased()]] {
            #expect(!EntityTag.isHeld(id, ifNoneMatch: fields), "\(fields)")
        }
    }

    @Test("a part goes only to a reader that names the very tag, or none")
    func part() {
        let tag = EntityTag.text(id)
        #expect(EntityTag.allowsPart(of: id, ifRange: []))
        #expect(EntityTag.allowsPart(of: id, ifRange: [tag]))
        for fields in [["W/" + tag], ["\"x\""], ["Sat, 29 Oct 1994 19:43:31 GMT"], [tag, tag]] {
            #expect(!EntityTag.allowsPart(of: id, ifRange: fields))
        }
    }
}

@Suite("The context of a request")
struct RequestContextTests {
    private func context(_ fields: [String: [String]]) throws(RequestError) -> RequestContext {
        try RequestContext { fields[$0] ?? [] }
    }

    @Test("that says nothing is empty")
    func empty() throws {
        let context = try context([:])
        #expect(context.timeoutMilliseconds == nil && context.asserted == .none)
    }

    @Test("has every part that was sent")
    func full() throws {
        let context = try context([
            "Vault-Timeout-Ms": ["2500"], "Vault-Actor": ["user:8421"],
            "Vault-Client": [#"ip=203.0.113.9; ua="Mozilla \"5\" \\""#],
            "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        ])
        #expect(context.timeoutMilliseconds == 2500)
        #expect(context.asserted.actor?.description == "user:8421")
        #expect(context.asserted.client?.description == "203.0.113.9")
        #expect(context.asserted.agent?.description == #"Mozilla "5" \"#)
        #expect(context.asserted.trace?.hex == "0af7651916cd43dd8448eb211c80319c")
    }

    @Test(
        "spells an address one way",
        arguments: [
            ("ip=2001:DB8:0::0:1", "2001:db8::1"), ("ip=::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("ua=\"x\";ip=10.0.0.1", "10.0.0.1"),
        ])
    func addresses(field: String, address: String) throws {
        #expect(try context(["Vault-Client": [field]]).asserted.client?.description == address)
    }

    @Test("keeps the beginning of a long agent")
    func longAgent() throws {
        let agent = String(repeating: "a", count: 900)
        let context = try context(["Vault-Client": ["ua=\"\(agent)\""]])
        #expect(context.asserted.agent?.description == String(agent.prefix(255)))
    }

    @Test(
        "is refused when a client is none",
        arguments: [
            "", "203.0.113.9", "ip=", "ip=localhost", "ip=1.2.3", "ip=1.2.3.4;", "ip=1.2.3.4,",
            "ip=1.2.3.4; ip=1.2.3.4", "ip=fe80::1%eth0", "ua=x", "ua=\"x", "ua=\"\\x\"",
            "ua=\"\"", "ua=\"\u{07}\"", "via=\"x\"", "ip=1.2.3.4 ua=\"x\"",
        ])
    func badClient(field: String) {
        #expect(
            throws: RequestError.invalidHeader("Vault-Client", expected: "ip=ADDRESS; ua=\"AGENT\"")
        ) { try context(["Vault-Client": [field]]) }
    }

    @Test("is refused when a timeout is none", arguments: ["", "0", "-1", "1.5", "3600001", "1s"])
    func badTimeout(field: String) {
        let refusal = RequestError.invalidHeader("Vault-Timeout-Ms", expected: "1 to 3600000")
        #expect(throws: refusal) { try context(["Vault-Timeout-Ms": [field]]) }
        #expect(throws: refusal) { try context(["Vault-Timeout-Ms": ["1", "1"]]) }
    }

    @Test(
        "passes over a trace that is none, as the W3C asks",
        arguments: [
            "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        ])
    func badTrace(field: String) throws {
        #expect(try context(["traceparent": [field]]).asserted.trace == nil)
    }
}
