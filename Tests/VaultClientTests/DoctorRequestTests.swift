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
