// The queries of the paths that have one: parsed for the server, spelled for the client.

package import VaultFormat

/// Where a listing goes on: the vault's own word, opaque to everyone else. 1 to 128 of
/// `[A-Za-z0-9_-]`.
package struct PageCursor: TextCoded, Hashable, Sendable {
    package let wireText: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        let legal = text.utf8.allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
            default: false
            }
        }
        guard legal, (1...128).contains(text.utf8.count) else { throw .invalidText(field: "after") }
        wireText = text
    }

    package init(wireText: String) throws { try self.init(wireText) }
}

/// `GET /v1/images?job=&owner=&after=&limit=`.
package struct ImageListQuery: Hashable, Sendable {
    /// Only claims of this job, of this owner; nil asks for all.
    package var claim: Claim
    package var after: PageCursor?
    /// Rows of the page.
    package var limit: Int

    package init(
        claim: Claim = .unnamed, after: PageCursor? = nil, limit: Int = Limits.pageRowsDefault
    ) {
        self.claim = claim
        self.after = after
        self.limit = limit
    }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["job", "owner", "after", "limit"])
        claim = try Claim(jobFields: query.fields("job"), ownerFields: query.fields("owner"))
        after = try onlyValue(
            of: query.fields("after"),
            orThrow: .invalidParameter("after", expected: "the next of another page"),
            PageCursor.init)
        limit = try query.pageLimit("limit") ?? Limits.pageRowsDefault
    }

    package var query: String {
        QueryString.encode([
            ("job", claim.job?.description), ("owner", claim.owner?.description),
            ("after", after?.wireText), ("limit", String(limit)),
        ])
    }
}

/// `DELETE /v1/images?job=&owner=`: one of the two at least.
package struct ErasureQuery: Hashable, Sendable {
    package var claim: Claim

    package init(claim: Claim) { self.claim = claim }

    /// - Throws: ``RequestError``, also for none: nobody erases a namespace by a slip.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["job", "owner"])
        claim = try Claim(jobFields: query.fields("job"), ownerFields: query.fields("owner"))
        guard claim != .unnamed else {
            throw .invalidParameter("owner", expected: "there where job is not")
        }
    }

    package var query: String {
        QueryString.encode([("job", claim.job?.description), ("owner", claim.owner?.description)])
    }
}

/// `GET /v1/events?after=&limit=` and filters, or `?newest=`.
package enum EventListQuery: Hashable, Sendable {
    /// Events with an index above `after`, from the first one when that is nil, oldest first.
    case after(UInt64?, limit: Int, AuditQuery = AuditQuery())
    /// The last events of the log, oldest of them first.
    case newest(Int)

    /// - Throws: ``RequestError``; `newest` stands alone.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(
            query, allowed: AuditQuery.names.union(["after", "limit", "newest"]))
        let filter = try AuditQuery(query)
        let after = try query.number("after", in: 0...UInt64(Int64.max))
        let limit = try query.pageLimit("limit")
        if let newest = try query.pageLimit("newest") {
            guard after == nil, limit == nil, filter == AuditQuery() else {
                throw .invalidParameter("newest", expected: "alone")
            }
            self = .newest(newest)
        } else {
            self = .after(after, limit: limit ?? Limits.pageRowsDefault, filter)
        }
    }

    package var query: String {
        switch self {
        case .after(let index, let limit, let filter):
            QueryString.encode(
                [("after", index.map { String($0) }), ("limit", String(limit))] + filter.pairs)
        case .newest(let count):
            QueryString.encode([("newest", String(count))])
        }
    }
}

extension QueryString {
    func pageLimit(_ name: String) throws(RequestError) -> Int? {
        try number(name, in: 1...UInt64(Limits.pageRows)).map { Int($0) }
    }
}
