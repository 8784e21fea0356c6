// Versions of the C libraries, as they say themselves.

package enum Library: UInt8, Sendable, CaseIterable {
    case jpeg = 1
    case magic = 2
    case zlib = 3
    case deflate = 4
    case seccomp = 5
    case sodium = 6
    case sqlite = 7

    package var name: String {
        switch self {
        case .jpeg: "libjpeg-turbo"
        case .magic: "libmagic"
        case .zlib: "zlib"
        case .deflate: "libdeflate"
        case .seccomp: "libseccomp"
        case .sodium: "libsodium"
        case .sqlite: "SQLite"
        }
    }
}

/// Three numbers, of which the first counts most.
package struct VersionNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let parts: [UInt16]

    package init(_ major: UInt16, _ minor: UInt16, _ patch: UInt16 = 0) {
        parts = [major, minor, patch]
    }

    /// The first numbers of a text, as in `libjpeg-turbo version 2.1.5 (build …)`.
    ///
    /// - Returns: nil where it has none.
    package init?(in text: some StringProtocol) {
        let digits = text.drop { !$0.isASCII || !$0.isNumber }.prefix {
            $0.isASCII && ($0.isNumber || $0 == ".")
        }
        var numbers = digits.split(separator: ".").prefix(3).compactMap { UInt16($0) }
        guard numbers.count >= 2 else { return nil }
        if numbers.count == 2 { numbers.append(0) }
        parts = numbers
    }

    package var description: String { parts.map { String($0) }.joined(separator: ".") }

    package static func < (one: Self, other: Self) -> Bool {
        one.parts.lexicographicallyPrecedes(other.parts)
    }
}

package struct LibraryVersion: Hashable, Sendable {
    package let library: Library
    package let version: VersionNumber

    package init(_ library: Library, _ version: VersionNumber) {
        self.library = library
        self.version = version
    }
}

/// A fault of a library that the vault calls, in its releases from one on and below another.
package struct KnownFault: Hashable, Sendable {
    package let library: Library
    package let from: VersionNumber
    package let fixed: VersionNumber
    package let name: String
    package let words: String

    package func applies(to found: LibraryVersion) -> Bool {
        found.library == library && found.version >= from && found.version < fixed
    }
}

extension KnownFault {
    /// Faults of memory or of a filter. Each range is what the record of the name says, https://www.cve.org/CVERecord?id=
    /// and the name; where that says less, its source stands beside it. A distribution may have mended an older release
    /// and kept its number, as those do that are supported for many years: such a one is reported all the same.
    package static let list: [KnownFault] = [
        // The record names 2.0.90 alone, the beta of 2.1.
        KnownFault(
            library: .jpeg, from: VersionNumber(2, 0, 90), fixed: VersionNumber(2, 1),
            name: "CVE-2021-29390", words: "reads beyond a buffer"),
        // Through 5.37.
        KnownFault(
            library: .magic, from: VersionNumber(0, 0), fixed: VersionNumber(5, 38),
            name: "CVE-2019-18218", words: "writes beyond a buffer"),
        // Before 5.43.
        KnownFault(
            library: .magic, from: VersionNumber(0, 0), fixed: VersionNumber(5, 43),
            name: "CVE-2022-48554", words: "reads beyond a buffer on the stack"),
        // The record names 1.2.8 alone; mended in 1.2.9, as its ChangeLog has it.
        KnownFault(
            library: .zlib, from: VersionNumber(0, 0), fixed: VersionNumber(1, 2, 9),
            name: "CVE-2016-9841", words: "inflates with wrong pointers"),
        // Through 1.2.12; for callers of inflateGetHeader, which the vault is not.
        KnownFault(
            library: .zlib, from: VersionNumber(0, 0), fixed: VersionNumber(1, 2, 13),
            name: "CVE-2022-37434", words: "writes beyond a buffer"),
        // Before 2.4.0; https://github.com/seccomp/libseccomp/issues/139.
        KnownFault(
            library: .seccomp, from: VersionNumber(0, 0), fixed: VersionNumber(2, 4),
            name: "CVE-2019-9893", words: "compares arguments wrongly: a filter lets too much pass"),
        // From 1.0.12 on, before 3.39.2; https://sqlite.org/cves.html.
        KnownFault(
            library: .sqlite, from: VersionNumber(1, 0, 12), fixed: VersionNumber(3, 39, 2),
            name: "CVE-2022-35737", words: "writes beyond a buffer for very long texts"),
    ]
}
