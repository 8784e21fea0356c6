// `ETag`, `If-None-Match`, `If-Range` (RFC 9110 §8.8.3, §13.1). An image's address is drawn from its
// bytes, so it is its own strong validator, known before anything is looked up.

package import VaultFormat

package enum EntityTag {
    package static func text(_ id: ImageID) -> String { "\"\(id.hex)\"" }

    /// Whether a reader that sent these `If-None-Match` fields has the image already: `*`, or a list
    /// with its tag, compared weakly.
    package static func isHeld(_ id: ImageID, ifNoneMatch fields: [String]) -> Bool {
        let tag = text(id)
        return fields.joined(separator: ",").split(separator: ",").contains { item in
            let item = item.drop { $0 == " " || $0 == "\t" }
            let bare = item.hasPrefix("W/") ? item.dropFirst(2) : item
            return bare == "*" && fields.count == 1 || trimmed(bare) == tag
        }
    }

    /// Whether a part may be sent to a reader whose `If-Range` names what it holds; true where none
    /// is sent. Compared strongly, so a weak tag or a date asks for the whole.
    package static func allowsPart(of id: ImageID, ifRange fields: [String]) -> Bool {
        fields.isEmpty || fields == [text(id)]
    }

    private static func trimmed(_ text: Substring) -> Substring {
        guard let end = text.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return text[...end]
    }
}
