// Somebody's word as it is sent.

import Testing
import VaultAPI
import VaultFormat

@Suite("The body of an attestation")
struct DoctorRequestTests {
    private func decoded(_ text: String) throws -> AttestationRequest {
        try RequestJSON.decode(AttestationRequest.self, from: Array(text.utf8))
    }

    private func text(
        item: String = "firewall", evidence: String = String(repeating: "a", count: 64),
        bytes: String = "1", expires: String = "2027-03-31T23:59:59.999999Z"
    ) -> String {
        #"{"item":"\#(item)","evidence":"\#(evidence)","bytes":\#(bytes),"expires":"\#(expires)"}"#
    }

    @Test("is read as it was written")
    func roundTrip() throws {
        let request = try decoded(text())
        #expect(request.item == .firewall && request.bytes == 1)
        #expect(try decoded(String(decoding: WireJSON.encode(request), as: UTF8.self)) == request)
    }

    @Test("names something that no program can see, with a digest, a length and a time")
    func refusals() {
        for body in [
            "{}", text(item: "swap"), text(item: "moon"), text(evidence: "aa"), text(bytes: "-1"),
            text(bytes: "1099511627777"), text(expires: "2027-03-31"),
            text(expires: "2027-13-31T23:59:59.999999Z"), text() + " x",
            text().replacing(#""bytes""#, with: #""more":1,"bytes""#),
        ] {
            #expect(throws: RequestError.self, "\(body)") { try decoded(body) }
        }
    }
}

@Suite("A doctor's result")
struct DoctorResultTests {
    @Test("has the form that its page shows, which scripts read")
    func form() throws {
        let answer = DoctorAnswer(
            atMicroseconds: 0,
            checks: [
                .init(.swap, .warning, evidence: ["seen"], fix: "do"),
                .init(.firewall, .ok, evidence: ["told"], fix: ""),
                .init(.log, .failure, evidence: ["seen", "more"], fix: "do"),
                .init(.clock, .unknown, evidence: [], fix: "do"),
            ])
        let text = [
            #"{"at":"1970-01-01T00:00:00.000000Z","checks":["#,
            #"{"attested":false,"evidence":["seen"],"fix":"do","id":"swap","verdict":"warning"},"#,
            #"{"attested":true,"evidence":["told"],"fix":null,"id":"firewall","verdict":"ok"},"#,
            #"{"attested":false,"evidence":["seen","more"],"fix":"do","id":"log","verdict":"failure"},"#,
            #"{"attested":false,"evidence":[],"fix":"do","id":"clock","verdict":"unknown"}],"#,
            #""counts":{"failure":1,"ok":1,"unknown":1,"warning":1}}"#,
        ].joined()
        #expect(String(decoding: try WireJSON.encode(answer), as: UTF8.self) == text)
        #expect(try WireJSON.decode(DoctorAnswer.self, from: text.utf8) == answer)
    }
}
