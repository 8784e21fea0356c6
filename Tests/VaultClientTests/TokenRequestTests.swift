import Testing
import VaultAPI
import VaultFormat

@Suite("What is asked of tokens and tickets")
struct TokenRequestTests {
    private func decoded<Value: RequestObject>(_ text: String, _ type: Value.Type) throws -> Value {
        try RequestJSON.decode(type, from: Array(text.utf8))
    }

    private func roundTrip<Value: RequestObject & Encodable & Equatable>(_ value: Value) throws {
        let text = String(decoding: try WireJSON.encode(value), as: UTF8.self)
        #expect(try decoded(text, Value.self) == value, "\(text)")
    }

    @Test("comes back as it was sent, and has its defaults")
    func roundTrips() throws {
        let thumbs = try PrincipalName("thumbs")
        try roundTrip(TokenRequest(principal: thumbs))
        try roundTrip(
            TokenRequest(
                principal: thumbs, scopes: TokenScopes([.getImages, .probeImages]), days: 1,
                note: try AdminNote("host 7")))
        try roundTrip(TokenRotationRequest(days: 366, overlapSeconds: 0))
        try roundTrip(TicketRequest(reads: 1000, seconds: 3600))
        #expect(try decoded("{}", TicketRequest.self) == TicketRequest(reads: 1, seconds: 300))
        #expect(
            try decoded("{}", TokenRotationRequest.self)
                == TokenRotationRequest(days: 90, overlapSeconds: 86_400))
    }

    @Test(
        "a token has nothing else in it, and nothing out of bounds",
        arguments: [
            "{}", #"{"principal":"No"}"#, #"{"principal":"a","scopes":[]}"#,
            #"{"principal":"a","scopes":["moon"]}"#, #"{"principal":"a","days":0}"#,
            #"{"principal":"a","scopes":["images.get","images.get"]}"#,
            #"{"principal":"a","days":367}"#, #"{"principal":"a","days":null}"#,
            #"{"principal":"a","note":"\n"}"#, #"{"principal":"a","more":1}"#,
        ])
    func badToken(text: String) {
        #expect(throws: RequestError.self) { try decoded(text, TokenRequest.self) }
    }

    @Test(
        "neither has a ticket",
        arguments: [
            #"{"reads":0}"#, #"{"reads":1001}"#, #"{"seconds":0}"#, #"{"seconds":3601}"#,
            #"{"days":1}"#,
        ])
    func badTicket(text: String) {
        #expect(throws: RequestError.self) { try decoded(text, TicketRequest.self) }
    }

    @Test(
        "nor a rotation",
        arguments: [
            #"{"days":0}"#, #"{"days":367}"#, #"{"overlap_seconds":-1}"#,
            #"{"overlap_seconds":2592001}"#, #"{"reads":1}"#,
        ])
    func badRotation(text: String) {
        #expect(throws: RequestError.self) { try decoded(text, TokenRotationRequest.self) }
    }

    // MARK: What is shown

    private func shown(
        _ authorization: [String] = [], _ tickets: [String] = [], _ query: Substring? = nil
    ) -> ShownBearer? {
        ShownBearer.shown(authorization: authorization, ticketFields: tickets, query: query)
    }

    @Test("one secret is shown, in one place; what has not its form is shown for nothing")
    func shows() {
        let text = { (kind: BearerText.Kind) in
            let secret = BearerText(kind, secret: Array(repeating: 0x61, count: BearerText.letters))
            return String(decoding: secret.bytes, as: UTF8.self)
        }
        let (token, ticket) = (text(.token), text(.ticket))
        #expect(shown() == nil)
        #expect(shown(["Bearer \(token)"])?.text?.kind == .token)
        #expect(shown(["bearer \(token)"])?.text?.kind == .token)
        #expect(shown([], [ticket])?.text?.kind == .ticket)
        #expect(shown([], [], "ticket=\(ticket)")?.text?.kind == .ticket)
        for bad in [token, "Basic \(token)", "Bearer  \(token)", "Bearer \(ticket)", "Bearer"] {
            let found = shown([bad])
            #expect(found?.kind == .token && found?.text == nil, "\(bad)")
        }
        #expect(shown([], [token])?.text == nil)
        for (fields, tickets, query) in [
            (["Bearer \(token)"], [ticket], nil), ([], [ticket], "ticket=\(ticket)"),
            (["Bearer \(token)", "Bearer \(token)"], [], nil), ([], [ticket, ticket], nil),
        ] as [([String], [String], Substring?)] {
            let several = shown(fields, tickets, query)
            #expect(several != nil && several?.text == nil, "good for nothing")
        }
        // Whoever reads the query says what is wrong with it.
        for query in ["more=1", "ticket=a&ticket=b", "ticket"] {
            #expect(shown([], [], query[...]) == nil)
        }
    }
}
