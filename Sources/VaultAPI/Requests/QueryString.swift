// The part of a URL after `?`: `name=value` joined by `&`, percent-encoded (RFC 3986 §2.1).
//
// Only names that the path declares, each at most once; no empty pairs, no missing `=`. A plus is a
// plus: no value of this contract holds a space.

/// A query whose names are known and distinct, its values decoded but not yet understood.
package struct QueryString: Hashable, Sendable {
    private let values: [String: String]

    /// - Parameters:
    ///   - query: what follows `?`; nil or empty when there is nothing.
    ///   - allowed: the names that the path declares.
    /// - Throws: ``RequestError/malformedQuery``, ``RequestError/unknownParameter(_:)``,
    ///   ``RequestError/repeatedParameter(_:)``.
    package init(
        _ query: (some StringProtocol)?, allowed: Set<String>
    ) throws(RequestError) {
        var values: [String: String] = [:]
        guard let query, !query.isEmpty else {
            self.values = [:]
            return
        }
        for pair in query.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                let name = PercentEncoding.decodeText(pair[..<equals]),
                let value = PercentEncoding.decodeText(pair[pair.index(after: equals)...])
            else { throw .malformedQuery }
            guard allowed.contains(name) else { throw .unknownParameter(name) }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .repeatedParameter(name)
            }
        }
        self.values = values
    }

    /// - Throws: ``RequestError`` when there is any parameter: for paths that take none.
    package static func requireNone(_ query: (some StringProtocol)?) throws(RequestError) {
        _ = try QueryString(query, allowed: [])
    }

    package subscript(_ name: String) -> String? { values[name] }

    /// The values of `name`: one or none, for ``onlyValue(of:orThrow:_:)``.
    func fields(_ name: String) -> [String] { values[name].map { [$0] } ?? [] }

    /// A decimal number in its one spelling, without sign or leading zeros.
    ///
    /// - Throws: ``RequestError/invalidParameter(_:expected:)`` outside `range`.
    func number(
        _ name: String, in range: ClosedRange<UInt64>
    ) throws(RequestError) -> UInt64? {
        guard let text = values[name] else { return nil }
        guard let number = UInt64(text), String(number) == text, range.contains(number) else {
            throw .invalidParameter(
                name, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A query from names and values, in the order given; absent values are left out.
    package static func encode(_ pairs: [(name: String, value: String?)]) -> String {
        let present = pairs.compactMap { pair in
            pair.value.map { "\(pair.name)=\(PercentEncoding.encode($0.utf8))" }
        }
        return present.isEmpty ? "" : "?" + present.joined(separator: "&")
    }
}
