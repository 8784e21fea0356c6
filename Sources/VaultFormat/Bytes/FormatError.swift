/// Why bytes or text are not what a specification says they must be.
///
/// Nothing in it quotes the input: it travels into logs and answers.
package enum FormatError: Error, Hashable, Sendable {
    case wrongLength(expected: Int, actual: Int)
    case truncated
    case trailingBytes
    case wrongMagic
    case unknownVersion(UInt64)
    case unknownValue(field: String)
    case outOfRange(field: String)
    case notCanonical(field: String)
    case invalidText(field: String)

    /// A stable name for the rule that was broken.
    package var code: String {
        switch self {
        case .wrongLength: "wrong-length"
        case .truncated: "truncated"
        case .trailingBytes: "trailing-bytes"
        case .wrongMagic: "wrong-magic"
        case .unknownVersion: "unknown-version"
        case .unknownValue: "unknown-value"
        case .outOfRange: "out-of-range"
        case .notCanonical: "not-canonical"
        case .invalidText: "invalid-text"
        }
    }
}
