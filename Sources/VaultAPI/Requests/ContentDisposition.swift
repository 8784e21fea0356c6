// The name of an image in `Content-Disposition` (RFC 6266), with names beyond ASCII in the extended
// form of RFC 8187.
//
// Reading is strict: one field, `attachment`, `filename` and `filename*` at most once each and
// nothing else. Where both are there, `filename*` is the name and `filename` need only be
// well-formed. Raw UTF-8 inside a quoted `filename` is taken, because that is what people type.
// U+FFFD is not: HTTP libraries put it where the bytes were no UTF-8. Writing uses one spelling.

package import VaultFormat

package enum ContentDisposition {
    /// The file name that an upload carries in `fields`: every value of `Content-Disposition`.
    ///
    /// - Throws: ``RequestError/missingName`` or ``RequestError/invalidName(_:)``.
    package static func fileName(fields: [String]) throws(RequestError) -> FileName {
        guard let field = fields.first else { throw .missingName }
        guard fields.count == 1 else { throw .invalidName(.repeatedHeader) }
        let name: String?
        do throws(NameFault) {
            name = try parse(field)
        } catch {
            throw .invalidName(error)
        }
        guard let name else { throw .missingName }
        do throws(FormatError) {
            return try FileName(name)
        } catch {
            throw .invalidName(.unusable)
        }
    }

    /// The field's value that gives `name`. Readers that do not know `filename*` see `fallback`,
    /// which is ASCII without quotes and backslashes; it is made from the name when nil.
    package static func field(for name: FileName, fallback: String? = nil) -> String {
        let plain = name.text.utf8.allSatisfy(isPlain)
        let shown = fallback ?? (plain ? name.text : reduced(name.text))
        let quoted = "attachment; filename=\"\(shown)\""
        return shown == name.text
            ? quoted : "\(quoted); filename*=UTF-8''\(PercentEncoding.encode(name.text.utf8))"
    }

    /// Printable ASCII that every reader takes as it stands. RFC 6266 appendix D advises against
    /// `%` because some readers decode it.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != 0x22 && byte != 0x25 && byte != 0x5C
    }

    /// One underscore for each character that is not plain.
    private static func reduced(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.isASCII && isPlain(UInt8(truncatingIfNeeded: scalar.value))
                        ? scalar : "_"
                }))
    }

    /// The name in a field's value; nil when there is none.
    private static func parse(_ field: String) throws(NameFault) -> String? {
        var reader = DispositionReader(field)
        guard try reader.type() == "attachment" else { throw .notAttachment }
        var plain: String?
        var extended: String?
        while let name = try reader.parameterName() {
            switch name {
            case "filename":
                guard plain == nil else { throw .repeatedParameter }
                plain = try reader.value()
            case "filename*":
                guard extended == nil else { throw .repeatedParameter }
                extended = try reader.extendedValue()
            default: throw .unknownParameter
            }
        }
        if let extended { return extended }
        guard let plain else { return nil }
        guard !plain.unicodeScalars.contains("\u{FFFD}") else { throw .notUTF8 }
        return plain
    }
}
