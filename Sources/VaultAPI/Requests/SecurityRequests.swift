// What a web tier says and asks of its own people.

package import VaultFormat

/// The body of `POST /v1/security-events`.
package struct SecurityEventRequest: RequestObject, Encodable, Hashable, Sendable {
    package var attempt: AuthAttempt

    package static let members: Set<String> = [
        "kind", "success", "reason", "actor", "client", "user_agent", "endpoint",
    ]
    package static let shape =
        "a JSON object with kind (auth_attempt) and success (true or false); and any of reason (1 to 64 of "
        + "a-z 0-9 _ . -), actor (1 to 128 printable letters without space), client (an IP address), user_agent "
        + "(1 to 255 printable letters) and endpoint (1 to 128 printable letters without space)"

    private static let kind = "auth_attempt"

    private enum CodingKeys: String, CodingKey {
        case kind, success, reason, actor, client, endpoint
        case agent = "user_agent"
    }

    package init(_ attempt: AuthAttempt) { self.attempt = attempt }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard try members.decode(String.self, forKey: .kind) == Self.kind else {
            throw FormatError.unknownValue(field: "kind")
        }
        attempt = AuthAttempt(isSuccess: try members.decode(Bool.self, forKey: .success))
        attempt.reason = try members.decode(String.self, ifThere: .reason)
            .map { try AttemptReason($0) }
        attempt.asserted.actor = try members.decode(String.self, ifThere: .actor).map {
            try ActorName($0)
        }
        attempt.asserted.client = try members.decode(String.self, ifThere: .client)
            .map { try ClientAddress(anySpelling: $0) }
        attempt.asserted.agent = try members.decode(String.self, ifThere: .agent).map {
            try AgentName($0)
        }
        attempt.endpoint = try members.decode(String.self, ifThere: .endpoint)
            .map { try EndpointName($0) }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(Self.kind, forKey: .kind)
        try members.encode(attempt.isSuccess, forKey: .success)
        try members.encodeIfPresent(attempt.reason?.description, forKey: .reason)
        try members.encodeIfPresent(attempt.asserted.actor?.description, forKey: .actor)
        try members.encodeIfPresent(attempt.asserted.client?.description, forKey: .client)
        try members.encodeIfPresent(attempt.asserted.agent?.description, forKey: .agent)
        try members.encodeIfPresent(attempt.endpoint?.description, forKey: .endpoint)
    }

    /// The attempt; what the body does not name is what the request's headers assert.
    package func attempt(orElse asserted: AssertedContext) -> AuthAttempt {
        var attempt = attempt
        attempt.asserted.actor = attempt.asserted.actor ?? asserted.actor
        attempt.asserted.client = attempt.asserted.client ?? asserted.client
        attempt.asserted.agent = attempt.asserted.agent ?? asserted.agent
        return attempt
    }
}

/// The body of `POST /v1/limits/check`.
package struct LimitCheckRequest: RequestObject, Encodable, Hashable, Sendable {
    /// So many a minute, some of them at once.
    package struct Pace: Hashable, Sendable {
        package let perMinute: Int
        package let burst: Int

        package init(perMinute: Int, burst: Int) {
            self.perMinute = perMinute
            self.burst = burst
        }
    }

    package var key: LimitKey
    package var cost: Int
    /// Nil for that of the settings.
    package var pace: Pace?

    package static let members: Set<String> = ["key", "cost", "per_minute", "burst"]
    package static let shape =
        "a JSON object with key (1 to 128 printable letters without space); cost, if it is not 1 (1 to "
        + "\(Limits.checkedCost)); and either both or none of per_minute (1 to \(Limits.requestsPerMinute.upperBound)) "
        + "and burst (1 to \(Limits.requestBurst.upperBound))"

    private enum CodingKeys: String, CodingKey {
        case key, cost, burst
        case perMinute = "per_minute"
    }

    package init(_ key: LimitKey, cost: Int = 1, _ pace: Pace? = nil) {
        self.key = key
        self.cost = cost
        self.pace = pace
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        key = try LimitKey(members.decode(String.self, forKey: .key))
        cost = try members.decode(Int.self, ifThere: .cost) ?? 1
        guard (1...Int(Limits.checkedCost)).contains(cost) else {
            throw FormatError.outOfRange(field: "cost")
        }
        let perMinute = try members.decode(Int.self, ifThere: .perMinute)
        let burst = try members.decode(Int.self, ifThere: .burst)
        switch (perMinute, burst) {
        case (nil, nil): pace = nil
        case (let perMinute?, let burst?)
        where Limits.requestsPerMinute.contains(perMinute) && Limits.requestBurst.contains(burst):
            pace = Pace(perMinute: perMinute, burst: burst)
        default: throw FormatError.outOfRange(field: "per_minute")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(key.description, forKey: .key)
        try members.encode(cost, forKey: .cost)
        try members.encodeIfPresent(pace?.perMinute, forKey: .perMinute)
        try members.encodeIfPresent(pace?.burst, forKey: .burst)
    }
}

/// `GET /v1/blocks`: a client, an actor, or both.
package struct BlockQuery: Hashable, Sendable {
    package let client: ClientAddress?
    package let actor: ActorName?

    package init(client: ClientAddress? = nil, actor: ActorName? = nil) {
        self.client = client
        self.actor = actor
    }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["client", "actor"])
        client = try query.value("client", "a network address") { (text) throws(FormatError) in
            try ClientAddress(anySpelling: text)
        }
        actor = try query.value("actor", "1 to 128 of printable ASCII", ActorName.init)
        guard client != nil || actor != nil else {
            throw .invalidParameter("client", expected: "there, or actor")
        }
    }

    package var query: String {
        QueryString.encode([
            ("client", client?.description), ("actor", actor?.description),
        ])
    }
}
