// Which claims are gone, kept beside the anchor, so that a restore from an older snapshot brings none of them back.
// BackupFormat §6.

/// A claim that is gone; or an image with every claim.
package struct ErasureLine: Hashable, Sendable {
    /// Of the event that says so.
    package let index: UInt64
    package let namespace: NamespaceName
    package let image: ImageID
    /// Nil for every claim.
    package let reference: ReferenceID?

    package init(
        index: UInt64, namespace: NamespaceName, image: ImageID, reference: ReferenceID?
    ) {
        self.index = index
        self.namespace = namespace
        self.image = image
        self.reference = reference
    }

    /// Ended.
    package var text: String {
        "gone \(index) \(namespace) \(image.hex) \(reference?.hex ?? "-")\n"
    }
}

package struct ErasureList: Sendable {
    package let vault: VaultID
    package private(set) var lines: [ErasureLine] = []
    /// How many lines there were when the log went on from an earlier place, as after a restore; where it did.
    private var branches: [(lines: Int, size: UInt64)] = []
    /// Every erasure below this size of the log is listed.
    package private(set) var through: UInt64 = 0

    package init(vault: VaultID) { self.vault = vault }

    package static let heading = "imagevault-erasures/1"

    /// What a new list begins with.
    package static func beginning(_ vault: VaultID) -> String {
        "\(heading)\nvault \(vault.hex)\n"
    }

    package static func throughText(_ size: UInt64) -> String { "through \(size)\n" }

    private static func restoredText(_ size: UInt64) -> String { "restored \(size)\n" }

    /// Without what was superseded.
    package var text: String {
        var text = Self.beginning(vault)
        var done = 0
        for branch in branches {
            text += lines[done..<branch.lines].map(\.text).joined()
            text += Self.restoredText(branch.size)
            done = branch.lines
        }
        return text + lines[done...].map(\.text).joined() + Self.throughText(through)
    }

    /// From here on the log is another than was listed.
    ///
    /// - Parameter size: below which all that was listed is of this one, too.
    package mutating func branch(at size: UInt64) {
        branches.append((lines.count, size))
        through = size
    }

    /// No log that is shorter is the one that was listed last.
    package var reach: UInt64 {
        let last = lines.count > branches.last?.lines ?? 0 ? lines.last : nil
        return max(through, last.map { $0.index + 1 } ?? 0)
    }

    /// Takes away what stands behind the last line that says how far the list goes: a writer that was cut off left it,
    /// and lists it again.
    package mutating func dropUnstated() {
        let first = branches.last?.lines ?? 0
        let stated = lines[first...].prefix { $0.index < through }.count
        lines.removeSubrange((first + stated)...)
    }

    /// What a backup may have of what is gone, by the size of its log. A claim's id never comes again, so that each
    /// line of one counts; an image may have been stored anew, so that a line of a whole one counts only where it is
    /// later than the backup, or may be.
    package func lines(for size: UInt64) -> [ErasureLine] {
        let behind = branches.first?.lines ?? lines.count
        return lines.enumerated().filter { place, line in
            line.reference != nil || line.index >= size || place >= behind
        }.map(\.element)
    }

    /// - Throws: ``FormatError`` unless the text is a list; what follows its last end of a line is not there.
    package init(parsing text: String) throws(FormatError) {
        var rest = text.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        guard rest.popFirst() == Self.heading[...] else { throw .wrongMagic }
        guard let named = rest.popFirst(), named.hasPrefix("vault ") else {
            throw .invalidText(field: "vault")
        }
        vault = try VaultID(hex: named.dropFirst("vault ".count))
        for line in rest { try take(line) }
    }

    private mutating func take(_ line: Substring) throws(FormatError) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        switch (words[0], words.count) {
        case ("through", 2):
            let size = try StatedLines.number(words[1], "through")
            guard size >= through else { throw .notCanonical(field: "through") }
            through = size
        case ("restored", 2):
            branch(at: try StatedLines.number(words[1], "restored"))
        case ("gone", 5):
            let index = try StatedLines.number(words[1], "gone")
            let isFirst = lines.count == branches.last?.lines ?? 0
            guard isFirst || lines.last.map({ $0.index <= index }) ?? true else {
                throw .notCanonical(field: "gone")
            }
            lines.append(
                ErasureLine(
                    index: index, namespace: try NamespaceName(String(words[2])),
                    image: try ImageID(hex: words[3]),
                    reference: words[4] == "-" ? nil : try ReferenceID(hex: words[4])))
        default: throw .invalidText(field: "erasures")
        }
    }
}
