// What the verbs of operations take: bodies and queries.

package import VaultFormat

/// The body of `POST /v1/inspections`.
package struct InspectionRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Only images whose verdict is of an inspector before this one; nil for all.
    package var below: UInt32?
    /// Nil for the level in force.
    package var level: InspectionLevel?
    /// Whether images that would now be refused are quarantined.
    package var quarantine: Bool
    /// Whether it only lists.
    package var trial: Bool

    package static let members: Set<String> = ["below", "level", "quarantine", "trial"]
    package static let shape =
        "a JSON object with any of below (a number from 1), level (structure or decode), "
        + "quarantine and trial (true or false)"

    package init(
        below: UInt32? = nil, level: InspectionLevel? = nil, quarantine: Bool = false,
        trial: Bool = false
    ) {
        self.below = below
        self.level = level
        self.quarantine = quarantine
        self.trial = trial
    }

    private enum CodingKeys: String, CodingKey {
        case below, level, quarantine, trial
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        below = try members.decode(UInt32.self, ifThere: .below)
        level = try members.decode(String.self, ifThere: .level).map { name in
            guard let level = InspectionLevel(name: name) else {
                throw FormatError.unknownValue(field: "level")
            }
            return level
        }
        quarantine = try members.decode(Bool.self, ifThere: .quarantine) ?? false
        trial = try members.decode(Bool.self, ifThere: .trial) ?? false
        guard below != 0 else { throw FormatError.outOfRange(field: "below") }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(below, forKey: .below)
        try members.encodeIfPresent(level?.name, forKey: .level)
        try members.encode(quarantine, forKey: .quarantine)
        try members.encode(trial, forKey: .trial)
    }
}

/// `?after=&limit=` of a listing.
package struct PageQuery: Hashable, Sendable {
    package var after: PageCursor?
    /// Rows of the page.
    package var limit: Int

    package init(after: PageCursor? = nil, limit: Int = Limits.pageRowsDefault) {
        self.after = after
        self.limit = limit
    }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["after", "limit"])
        after = try onlyValue(
            of: query.fields("after"),
            orThrow: .invalidParameter("after", expected: "the next of another page"),
            PageCursor.init)
        limit = try query.pageLimit("limit") ?? Limits.pageRowsDefault
    }

    package var query: String {
        QueryString.encode([("after", after?.wireText), ("limit", String(limit))])
    }
}

/// `GET /v1/operations/{id}?wait=`.
package struct OperationQuery: Hashable, Sendable {
    /// Seconds to wait for its end.
    package var wait: Int

    package init(wait: Int = 0) { self.wait = wait }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["wait"])
        let seconds = try query.number("wait", in: 0...UInt64(Limits.operationWaitSeconds))
        wait = seconds.map { Int($0) } ?? 0
    }

    package var query: String {
        QueryString.encode([("wait", wait == 0 ? nil : String(wait))])
    }
}
