// `Range: bytes=…` (RFC 9110 §14.2): one run of bytes. Whatever is no single range of bytes asks for the
// whole, as the RFC lets a server decide: several runs in one answer would need a second format.

package import VaultFormat

package enum RangeField {
    /// What a request's `Range` asks for.
    ///
    /// - Parameter fields: every value of `Range`.
    package static func span(fields: [String]) -> ByteSpan {
        guard fields.count == 1, let field = fields.first, field.utf8.count <= longestField,
            field.prefix(unit.count).lowercased() == unit
        else { return .whole }
        let spec = field.dropFirst(unit.count)
        let parts = spec.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return .whole }
        if parts[0].isEmpty { return number(parts[1]).map { .suffix($0) } ?? .whole }
        guard let first = number(parts[0]) else { return .whole }
        if parts[1].isEmpty { return .run(first: first, last: nil) }
        guard let last = number(parts[1]), first <= last else { return .whole }
        return .run(first: first, last: last)
    }

    /// What `Content-Range` says of a part.
    package static func content(_ range: Range<Int>, of count: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(count)"
    }

    /// What `Content-Range` says where no byte fits.
    package static func unsatisfied(of count: Int) -> String { "bytes */\(count)" }

    private static let unit = "bytes="
    /// `bytes=`, two numbers of 64 bits, and the dash.
    private static let longestField = 64

    /// Digits alone; a number past 63 bits is as good as the largest.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }
}
