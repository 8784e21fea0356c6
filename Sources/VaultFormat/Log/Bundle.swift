// What an auditor takes away, line by line. BundleFormat §2.

/// What a bundle says it is about.
package struct BundleHeading: Hashable, Sendable {
    package static let magic = "imagevault-bundle/1"

    package let vault: VaultID
    /// First index, and the one behind the last.
    package let from: UInt64
    package let to: UInt64
    /// What was asked for, in percent-encoded pairs; nil where the range is shown whole.
    package let query: String?

    package init(vault: VaultID, from: UInt64, to: UInt64, query: String?) {
        self.vault = vault
        self.from = from
        self.to = to
        self.query = query
    }

    /// With the empty line behind it.
    package var text: String {
        let rows = query.map { "some\nquery \($0)" } ?? "all"
        return "\(Self.magic)\nvault \(vault.hex)\nrange \(from) \(to)\nrows \(rows)\n\n"
    }

    /// - Parameter text: the heading without its empty line.
    /// - Throws: ``FormatError`` for what is no heading.
    package init(parsing text: String) throws(FormatError) {
        var lines = try StatedLines(text, heading: Self.magic)
        vault = try VaultID(hex: lines.value("vault"))
        let range = try StatedLines.words(lines.value("range"), 2, "range")
        from = try StatedLines.number(range[0], "range")
        to = try StatedLines.number(range[1], "range")
        switch try lines.value("rows") {
        case "all": query = nil
        case "some":
            let words = String(try lines.value("query"))
            guard words.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw .invalidText(field: "query")
            }
            query = words
        default: throw .unknownValue(field: "rows")
        }
        try lines.finish()
    }
}

/// One line between a bundle's heading and its checkpoint.
package enum BundleItem: Hashable, Sendable {
    /// The root of 2^height leaves that are not shown.
    case node(height: Int, Digest256)
    case event(salt: [UInt8], content: Digest256, body: ArraySlice<UInt8>)
    /// A leaf without its body.
    case erased(Digest256)

    /// The highest node.
    package static let highest = 62
    /// The longest log: sizes stay countable in 64 bits.
    package static let mostLeaves: UInt64 = (1 << 63) - 1

    /// Its line, with the newline.
    package var line: [UInt8] {
        switch self {
        case .node(let height, let hash):
            return Array("node \(height) \(Base64.encode(hash.bytes))\n".utf8)
        case .event(let salt, let content, let body):
            var line = Array("event ".utf8)
            line.reserveCapacity(body.count + 98)
            line += Base64.utf8(salt)
            line.append(Self.space)
            line += Base64.utf8(content.bytes)
            line.append(Self.space)
            line += body
            line.append(UInt8(ascii: "\n"))
            return line
        case .erased(let content):
            return Array("erased \(Base64.encode(content.bytes))\n".utf8)
        }
    }

    /// - Parameter line: without its newline.
    /// - Throws: ``FormatError`` for what is no item.
    package init(parsing line: ArraySlice<UInt8>) throws(FormatError) {
        guard let end = line.firstIndex(of: Self.space) else { throw .invalidText(field: "item") }
        let rest = line[(end + 1)...]
        switch line.first {
        case UInt8(ascii: "e") where line[..<end].elementsEqual("event".utf8):
            self = try Self.event(rest)
        case UInt8(ascii: "e") where line[..<end].elementsEqual("erased".utf8):
            self = .erased(try Self.digest(rest))
        case UInt8(ascii: "n") where line[..<end].elementsEqual("node".utf8):
            self = try Self.node(rest)
        default: throw .unknownValue(field: "item")
        }
    }

    private static let space = UInt8(ascii: " ")
    private static let digestText = 44

    private static func digest(_ text: ArraySlice<UInt8>) throws(FormatError) -> Digest256 {
        guard text.count == digestText else {
            throw .wrongLength(expected: digestText, actual: text.count)
        }
        return try Digest256(bytes: Base64.decode(utf8: text))
    }

    private static func event(_ text: ArraySlice<UInt8>) throws(FormatError) -> BundleItem {
        let body = text.startIndex + 2 * (digestText + 1)
        guard text.endIndex > body, text[body - 1] == space,
            text[text.startIndex + digestText] == space
        else { throw .truncated }
        guard text[body...].allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .invalidText(field: "body")
        }
        return .event(
            salt: try digest(text.prefix(digestText)).bytes,
            content: try digest(text[(text.startIndex + digestText + 1)..<(body - 1)]),
            body: text[body...])
    }

    private static func node(_ text: ArraySlice<UInt8>) throws(FormatError) -> BundleItem {
        let words = text.split(separator: space, omittingEmptySubsequences: false)
        guard words.count == 2 else { throw .invalidText(field: "node") }
        let height = try StatedLines.number(
            String(decoding: words[0], as: UTF8.self)[...], "height")
        guard height <= highest else { throw .outOfRange(field: "height") }
        return .node(height: Int(height), try digest(words[1]))
    }
}

/// Cuts bytes that arrive in pieces into lines.
package struct LineSplitter: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0

    package init() {}

    package mutating func feed(_ bytes: some Sequence<UInt8>) {
        buffer.removeFirst(start)
        start = 0
        buffer.append(contentsOf: bytes)
    }

    /// The next line without its newline; nil until more is fed.
    package mutating func next() -> ArraySlice<UInt8>? {
        guard let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { start = end + 1 }
        return buffer[start..<end]
    }

    /// Bytes that are no whole line yet.
    package var rest: Int { buffer.count - start }
    package var unfinished: ArraySlice<UInt8> { buffer[start...] }
}
