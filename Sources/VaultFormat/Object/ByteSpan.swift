/// Which bytes of an image a reader asks for: all, or one run of them (RFC 9110 §14.1.2).
package enum ByteSpan: Hashable, Sendable {
    case whole
    /// From `first`, the last one included; to the end where `last` is nil.
    case run(first: Int, last: Int?)
    /// The last so many bytes.
    case suffix(Int)

    /// The bytes of a body of `count` that this names; nil where there are none.
    ///
    /// - Parameter count: bytes of the whole body, at least one.
    package func range(in count: Int) -> Range<Int>? {
        switch self {
        case .whole: return 0..<count
        case .run(let first, let last):
            guard first < count else { return nil }
            return first..<min(last ?? count - 1, count - 1) + 1
        case .suffix(let bytes):
            return bytes > 0 ? max(0, count - bytes)..<count : nil
        }
    }
}
