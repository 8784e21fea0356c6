// What the words that others bring may consist of.

/// Whether this is so many bytes of printable ASCII without space, whole.
func isVisible(_ text: String, _ length: ClosedRange<Int>) -> Bool {
    length.contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}

/// Whether this is 1 to 32 of `[a-z0-9-]`, whole: what namespaces, principals and roles may be called.
func isPlainName(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
        && text.utf8.allSatisfy { digit in
            (0x61...0x7A).contains(digit) || (0x30...0x39).contains(digit) || digit == 0x2D
        }
}
