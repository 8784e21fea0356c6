// An HTML page that shows a bundle and carries it, in lines of Base64. BundleFormat §6.

package enum BundlePage {
    /// The first line of every page, and of no bundle.
    package static let firstLine = "<!doctype html>"
    /// The lines in front of the bundle and behind it.
    package static let opening = "<script type=\"application/octet-stream\" id=\"bundle\">"
    package static let closing = "</script>"
    /// Bytes of each line but the last: 76 digits.
    package static let lineBytes = 57
    /// Characters of such a line, its newline too.
    package static let lineCharacters = 77
}

/// Turns a bundle's bytes into the lines between opening and closing.
package struct BundlePageWriter: Sendable {
    private var rest: [UInt8] = []

    package init() {}

    /// - Returns: the lines that are whole now.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        rest.append(contentsOf: bytes)
        let whole = rest.count - rest.count % BundlePage.lineBytes
        defer { rest.removeFirst(whole) }
        return Self.lines(rest[..<whole])
    }

    /// - Returns: the last line, where the others did not end with the bundle.
    package mutating func finish() -> [UInt8] {
        defer { rest = [] }
        return Self.lines(rest[...])
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        let lines = bytes.count / BundlePage.lineBytes + 1
        text.reserveCapacity(lines * BundlePage.lineCharacters)
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: BundlePage.lineBytes) {
            let end = min(start + BundlePage.lineBytes, bytes.endIndex)
            text += Base64.utf8(Array(bytes[start..<end]))
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }
}

/// Takes a page's lines behind the first, and gives back the bundle: the one that is there, or none.
package struct BundlePageReader: Sendable {
    private enum Part { case before, bundle, after }

    private var part = Part.before
    private var sawLast = false

    package init() {}

    /// - Parameter line: without its newline.
    /// - Returns: the bytes of the bundle that stand in it.
    /// - Throws: ``FormatError`` where the page is not in its form; the bundle ends there.
    package mutating func take(_ line: ArraySlice<UInt8>) throws(FormatError) -> [UInt8] {
        // With its newline.
        guard line.count < Limits.bundleLineBytes else { throw .notCanonical(field: "page") }
        switch part {
        case .before:
            if line.elementsEqual(BundlePage.opening.utf8) { part = .bundle }
            return []
        case .bundle where line.elementsEqual(BundlePage.closing.utf8):
            part = .after
            return []
        case .bundle:
            guard !sawLast, !line.isEmpty else { throw .notCanonical(field: "bundle") }
            let bytes = try Base64.decode(utf8: line)
            guard bytes.count <= BundlePage.lineBytes else { throw .notCanonical(field: "bundle") }
            sawLast = bytes.count < BundlePage.lineBytes
            return bytes
        case .after:
            // Of two bundles, one reader would judge the first and another one the second.
            guard !line.elementsEqual(BundlePage.opening.utf8) else {
                throw .notCanonical(field: "bundle")
            }
            return []
        }
    }

    /// - Parameter rest: bytes behind the last newline.
    package func finish(rest: Int) throws(FormatError) {
        guard part == .after else { throw .truncated }
        guard rest == 0 else { throw .trailingBytes }
    }
}
