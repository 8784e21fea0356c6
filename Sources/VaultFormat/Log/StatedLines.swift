/// The lines of a text that the log's key signs: a heading, then fields in their order, a name and a value
/// each. LogFormat §7.
struct StatedLines {
    private var lines: ArraySlice<Substring>

    /// - Throws: ``FormatError/wrongMagic`` for another heading.
    init(_ text: String, heading: String) throws(FormatError) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == heading[...] else { throw .wrongMagic }
    }

    /// The value of the field that comes next.
    mutating func value(_ name: String) throws(FormatError) -> Substring {
        guard let value = value(ifNext: name) else { throw .invalidText(field: name) }
        return value
    }

    /// Nil, with nothing taken, where another field comes next.
    mutating func value(ifNext name: String) -> Substring? {
        guard let line = lines.first, line.hasPrefix(name + " ") else { return nil }
        lines.removeFirst()
        return line.dropFirst(name.count + 1)
    }

    mutating func number(_ name: String) throws(FormatError) -> UInt64 {
        try Self.number(value(name), name)
    }

    mutating func epoch(_ name: String) throws(FormatError) -> EpochNumber {
        try Self.epoch(value(name), name)
    }

    mutating func time(_ name: String) throws(FormatError) -> String {
        try Self.time(value(name), name)
    }

    /// The log's size and root.
    mutating func log() throws(FormatError) -> (UInt64, Digest256) {
        let words = try Self.words(value("log"), 2, "log")
        return (try Self.number(words[0], "log"), try Digest256(bytes: Base64.decode(words[1])))
    }

    /// - Throws: ``FormatError`` where more follows, or the last newline is missing.
    func finish() throws(FormatError) {
        guard !lines.isEmpty else { throw .truncated }
        guard lines == [""] else { throw .trailingBytes }
    }

    // MARK: Values

    static func words(
        _ text: Substring, _ count: Int, _ field: String
    ) throws(FormatError) -> [Substring] {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == count else { throw .invalidText(field: field) }
        return words
    }

    static func number(_ text: Substring, _ field: String) throws(FormatError) -> UInt64 {
        guard let number = UInt64(text), String(number) == text else {
            throw .invalidText(field: field)
        }
        return number
    }

    static func epoch(_ text: Substring, _ field: String) throws(FormatError) -> EpochNumber {
        let number = try number(text, field)
        guard let small = UInt32(exactly: number) else { throw .outOfRange(field: field) }
        return try EpochNumber(small)
    }

    static func time(_ text: Substring, _ field: String) throws(FormatError) -> String {
        let time = String(text)
        guard Timestamp.microseconds(time) != nil else { throw .invalidText(field: field) }
        return time
    }
}
