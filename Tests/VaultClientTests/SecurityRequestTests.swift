import Testing
import VaultAPI
import VaultFormat

@Suite("What a web tier says and asks")
struct SecurityRequestTests {
    private func decoded<Value: RequestObject>(_ text: String, _ type: Value.Type) throws -> Value {
        try RequestJSON.decode(type, from: Array(text.utf8))
    }

    private func attempt() throws -> AuthAttempt {
        AuthAttempt(
            isSuccess: false, reason: try AttemptReason("wrong_password"),
            asserted: AssertedContext(
                actor: try ActorName("user:8421"),
                client: try ClientAddress(canonical: "2001:db8::1"),
                agent: try AgentName("Mozilla/5.0 (X11)")),
            endpoint: try EndpointName("/login"))
    }

    @Test("comes back as it was sent")
    func roundTrips() throws {
        for attempt in [try attempt(), AuthAttempt(isSuccess: true)] {
            let request = SecurityEventRequest(attempt)
            let text = String(decoding: try WireJSON.encode(request), as: UTF8.self)
            #expect(try decoded(text, SecurityEventRequest.self) == request, "\(text)")
        }
        let key = try LimitKey("search:203.0.113.9")
        for check in [
            LimitCheckRequest(key), LimitCheckRequest(key, cost: 10_000),
            LimitCheckRequest(key, .init(perMinute: 60, burst: 5)),
        ] {
            let text = String(decoding: try WireJSON.encode(check), as: UTF8.self)
            #expect(try decoded(text, LimitCheckRequest.self) == check, "\(text)")
        }
        let query = BlockQuery(
            client: try ClientAddress(canonical: "::1"), actor: try ActorName("a&b=c"))
        #expect(try BlockQuery(query: query.query.dropFirst()) == query)
    }

    @Test("takes an address in any spelling, and keeps one")
    func addresses() throws {
        let text = #"{"kind":"auth_attempt","success":true,"client":"2001:DB8:0:0::0001"}"#
        let request = try decoded(text, SecurityEventRequest.self)
        #expect(request.attempt.asserted.client?.description == "2001:db8::1")
        let query = try BlockQuery(query: "client=2001:DB8:0:0::0001")
        #expect(query.client?.description == "2001:db8::1")
    }

    @Test("takes from the headers what the body does not name")
    func asserted() throws {
        let asserted = AssertedContext(
            actor: try ActorName("header"), client: try ClientAddress(canonical: "::1"),
            agent: try AgentName("header"))
        let bare = SecurityEventRequest(AuthAttempt(isSuccess: true)).attempt(orElse: asserted)
        #expect(bare.asserted == asserted)
        let whole = try attempt()
        #expect(SecurityEventRequest(whole).attempt(orElse: asserted) == whole)
    }

    @Test(
        "an attempt has nothing else in it, and nothing over-long",
        arguments: [
            "{}", "[]", #"{"kind":"auth_attempt"}"#, #"{"success":true}"#,
            #"{"kind":"login","success":true}"#, #"{"kind":"auth_attempt","success":1}"#,
            #"{"kind":"auth_attempt","success":true,"more":1}"#,
            #"{"kind":"auth_attempt","success":true,"actor":null}"#,
            #"{"kind":"auth_attempt","success":true,"actor":"a b"}"#,
            #"{"kind":"auth_attempt","success":true,"actor":"\u202e"}"#,
            #"{"kind":"auth_attempt","success":true,"client":"example.org"}"#,
            #"{"kind":"auth_attempt","success":true,"client":"fe80::1%eth0"}"#,
            #"{"kind":"auth_attempt","success":true,"reason":"Wrong"}"#,
            #"{"kind":"auth_attempt","success":true,"endpoint":"/a b"}"#,
            #"{"kind":"auth_attempt","success":true,"user_agent":""}"#,
            #"{"kind":"auth_attempt","success":true,"actor":"\#(String(repeating: "a", count: 129))"}"#,
        ])
    func attempts(text: String) {
        #expect(throws: RequestError.invalidBody(expected: SecurityEventRequest.shape)) {
            try decoded(text, SecurityEventRequest.self)
        }
    }

    @Test(
        "a check has a key, a cost in bounds, and a whole pace or none",
        arguments: [
            "{}", #"{"key":""}"#, #"{"key":"a","cost":0}"#, #"{"key":"a","cost":10001}"#,
            #"{"key":"a","cost":1.5}"#, #"{"key":"a","per_minute":1}"#, #"{"key":"a","burst":1}"#,
            #"{"key":"a","per_minute":0,"burst":1}"#, #"{"key":"a","per_minute":1,"burst":0}"#,
            #"{"key":"a","per_minute":6000001,"burst":1}"#, #"{"key":"a b"}"#,
            #"{"key":"a","per_minute":1,"burst":100001}"#, #"{"key":"a","cost":null}"#,
        ])
    func checks(text: String) {
        #expect(throws: RequestError.invalidBody(expected: LimitCheckRequest.shape)) {
            try decoded(text, LimitCheckRequest.self)
        }
    }

    @Test(
        "a question about blocks names somebody, once",
        arguments: [
            nil, "", "client=", "client=example.org", "actor=", "actor=a%20b",
            "client=::1&client=::1", "client=::1&more=1",
        ] as [String?])
    func blocks(query: String?) {
        #expect(throws: RequestError.self) { try BlockQuery(query: query) }
    }
}
