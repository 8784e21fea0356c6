// UploadName: what a caller says about an upload, judged before its bytes (step 0). The name is
// never a path: only what follows the last "/" is kept. A backslash is a letter on one system and
// a separator on another, so it is refused. Only the last extension counts.
package import VaultFormat

/// An upload's file name, safe to store and to show in a header.
package struct UploadName: Hashable, Sendable {
    /// The last path component, as it came.
    package let text: String
    /// The type that the last extension stands for.
    package let type: ImageType

    /// - Throws: ``InspectionRefusal`` with one of the `name-…` codes or `extension-not-allowed`.
    package init(_ text: String) throws(InspectionRefusal) {
        do throws(Refused) {
            try self.init(checking: text)
        } catch {
            throw InspectionRefusal(finding: error.finding, type: nil)
        }
    }

    private init(checking text: String) throws(Refused) {
        guard text.utf8.count <= Limits.uploadNameBytes else { throw Refused(.nameTooLong) }
        for scalar in text.unicodeScalars {
            if let code = Self.violation(scalar) { throw Refused(code) }
        }
        let last = text.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard !last.isEmpty else { throw Refused(.nameEmpty) }
        guard let dot = last.lastIndex(of: "."), dot != last.startIndex,
            let type = ImageType(fileExtension: last[last.index(after: dot)...].lowercased())
        else { throw Refused(.extensionNotAllowed) }
        self.text = String(last)
        self.type = type
    }

    /// The rule that a scalar breaks, if any.
    private static func violation(_ scalar: Unicode.Scalar) -> FindingCode? {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: .nameControl
        // Marks, embeddings, overrides and isolates of Unicode Annex 9.
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: .nameBidi
        case 0x5C: .nameBackslash
        default: nil
        }
    }
}

/// What the caller's `Content-Type` says about the upload.
package enum DeclaredType: Hashable, Sendable {
    /// No header, or one that says nothing: `application/octet-stream`, and the form type that
    /// curl sends with any body unless told otherwise.
    case undeclared
    case image(ImageType)
    /// Anything else; no upload agrees with it.
    case other

    /// Parameters after ";" are ignored, upper and lower case are equal (RFC 9110 §8.3.1).
    package init(mediaType: String?) {
        guard let mediaType, !mediaType.isEmpty else {
            self = .undeclared
            return
        }
        guard mediaType.utf8.count <= Limits.mediaTypeBytes else {
            self = .other
            return
        }
        let essence = mediaType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        if ["application/octet-stream", "application/x-www-form-urlencoded"].contains(essence) {
            self = .undeclared
        } else if let type = ImageType(mediaType: essence) {
            self = .image(type)
        } else {
            self = .other
        }
    }
}
