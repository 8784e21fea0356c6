/// The query of `POST /v1/checks`: rows against the log, or everything that is stored.
package struct CheckQuery: Hashable, Sendable {
    package var contents: Bool

    package init(contents: Bool) { self.contents = contents }

    private static let name = "contents"

    /// - Throws: ``RequestError`` for another value than `true` or `false`.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        switch try QueryString(query, allowed: [Self.name])[Self.name] {
        case nil, "false": contents = false
        case "true": contents = true
        default: throw .invalidParameter(Self.name, expected: "true or false")
        }
    }

    /// With its `?`, or nothing.
    package var query: String { contents ? "?\(Self.name)=true" : "" }
}
