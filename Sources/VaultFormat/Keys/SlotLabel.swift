/// What an admin calls a slot: 1 to 64 of `[A-Za-z0-9_.-]`.
package struct SlotLabel: Hashable, Sendable {
    package let text: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        let plain = text.utf8.allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E: true
            default: false
            }
        }
        guard plain, (1...64).contains(text.utf8.count) else { throw .invalidText(field: "label") }
        self.text = text
    }
}
