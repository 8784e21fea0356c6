// The queries of audit.sock: parsed for the server, spelled for the client.

package import VaultFormat

extension AuditQuery {
    static let names: Set<String> = [
        "image", "uid", "owner", "job", "actor", "client", "namespace", "token", "ticket",
        "pseudonym", "action", "outcome", "since", "until",
    ]

    init(_ query: QueryString) throws(RequestError) {
        self.init()
        image = try query.value("image", "an ImageID") { (text) throws(FormatError) in
            try ImageID(hex: text)
        }
        uid = try query.number("uid", in: 0...UInt64(UInt32.max)).map { UInt32($0) }
        owner = try query.value("owner", "an owner", OwnerID.init)
        job = try query.value("job", "a job", JobID.init)
        actor = try query.value("actor", "1 to 128 of printable ASCII", ActorName.init)
        client = try query.value("client", "a network address") { (text) throws(FormatError) in
            try ClientAddress(canonical: text)
        }
        namespace = try query.value(
            "namespace", "a namespace, beside an owner, a job, an actor or a client"
        ) { (text) throws(FormatError) in
            // By itself it would find what it seems not to.
            guard owner != nil || job != nil || actor != nil || client != nil else {
                throw .invalidText(field: "namespace")
            }
            return try NamespaceName(text)
        }
        token = try query.value("token", "32 digits") { (text) throws(FormatError) in
            try AccessTokenID(hex: text)
        }
        ticket = try query.value("ticket", "32 digits") { (text) throws(FormatError) in
            try TicketID(hex: text)
        }
        pseudonym = try query.value("pseudonym", "32 digits") { (text) throws(FormatError) in
            try Pseudonym(hex: text)
        }
        actions = try query.value("action", "actions, with commas between", Self.actions) ?? []
        outcome = try query.value("outcome", "done, refused or failed") {
            (text) throws(FormatError) in
            guard let outcome = EventOutcome(name: text) else {
                throw .unknownValue(field: "outcome")
            }
            return outcome
        }
        since = try query.value("since", Self.time, Self.microseconds)
        until = try query.value("until", Self.time, Self.microseconds)
    }

    private static let time = "a time in UTC with six digits of a second"

    private static func microseconds(_ text: String) throws(FormatError) -> Int64 {
        guard let time = Timestamp.microseconds(text) else { throw .invalidText(field: "time") }
        return time
    }

    private static func actions(_ text: String) throws(FormatError) -> [EventAction] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        guard names.count <= Limits.queryActions else { throw .outOfRange(field: "action") }
        var actions: [EventAction] = []
        for name in names {
            guard let action = EventAction(name: name), !actions.contains(action) else {
                throw .unknownValue(field: "action")
            }
            actions.append(action)
        }
        return actions
    }

    var pairs: [(name: String, value: String?)] {
        [
            ("image", image?.hex), ("uid", uid.map { String($0) }),
            ("owner", owner?.description), ("job", job?.description),
            ("actor", actor?.description), ("client", client?.description),
            ("namespace", namespace?.description), ("token", token?.hex),
            ("ticket", ticket?.hex), ("pseudonym", pseudonym?.hex),
            ("action", actions.isEmpty ? nil : actions.map(\.name).joined(separator: ",")),
            ("outcome", outcome?.name),
            ("since", since.map { Timestamp.text(microseconds: $0) }),
            ("until", until.map { Timestamp.text(microseconds: $0) }),
        ]
    }

    /// As it stands in a bundle's heading.
    package var words: String { String(QueryString.encode(pairs).dropFirst()) }
}

extension BundleQuery {
    /// `GET /v1/log/bundle`.
    ///
    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(
            query, allowed: AuditQuery.names.union(["from", "to", "known"]))
        self.init()
        from = try query.number("from", in: 0...UInt64(Int64.max)) ?? 0
        to = try query.number("to", in: 0...UInt64(Int64.max))
        guard to ?? .max >= from else {
            throw .invalidParameter("to", expected: "no less than from")
        }
        filter = try AuditQuery(query)
        known =
            try query.value("known", "sizes of checkpoints, with commas between") {
                (text) throws(FormatError) in
                let sizes = text.split(separator: ",", omittingEmptySubsequences: false)
                guard sizes.count <= Limits.knownCheckpoints else {
                    throw .outOfRange(field: "known")
                }
                var known: [UInt64] = []
                for size in sizes {
                    guard let number = UInt64(size), String(number) == size else {
                        throw .invalidText(field: "known")
                    }
                    known.append(number)
                }
                return known
            } ?? []
    }

    package var query: String {
        QueryString.encode(
            [
                ("from", from == 0 ? nil : String(from)), ("to", to.map { String($0) }),
                (
                    "known",
                    known.isEmpty ? nil : known.map { String($0) }.joined(separator: ",")
                ),
            ] + filter.pairs)
    }
}

extension QueryString {
    /// The value of a name that is there at most once.
    func value<Value>(
        _ name: String, _ expected: String, _ make: (String) throws(FormatError) -> Value
    ) throws(RequestError) -> Value? {
        guard let text = self[name] else { return nil }
        do throws(FormatError) {
            return try make(text)
        } catch {
            throw .invalidParameter(name, expected: expected)
        }
    }
}

/// The body of `POST /v1/log/names/{pseudonym}`.
package struct ResolveRequest: RequestObject, Encodable, Hashable, Sendable {
    package static let members: Set<String> = ["reason"]
    package static let shape = "a JSON object with reason (1 to 200 printable ASCII characters)"

    package let reason: AdminNote

    private enum CodingKeys: String, CodingKey { case reason }

    package init(reason: AdminNote) { self.reason = reason }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.container(keyedBy: CodingKeys.self)
            .decode(String.self, forKey: .reason)
        guard !text.isEmpty else { throw FormatError.invalidText(field: "reason") }
        reason = try AdminNote(text)
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(reason.text, forKey: .reason)
    }
}

/// The name behind a pseudonym.
package struct NameAnswer: Codable, Hashable, Sendable {
    package let pseudonym: String
    package let kind: String
    package let name: String

    package init(_ pseudonym: Pseudonym, kind: Pseudonym.Kind, name: String) {
        self.pseudonym = pseudonym.hex
        self.kind = kind.name
        self.name = name
    }
}
