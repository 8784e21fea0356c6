// Inflated text meets the same search as text that came uncompressed.

import ImageInspection

enum TextSearch {
    static func hidesSomething(_ text: [UInt8]) -> Bool {
        do throws(InspectionRefusal) {
            // Bytes of bytes: every bit pattern is one.
            try unsafe ImageInspector.searchText(text.span.bytes)
            return false
        } catch {
            return true
        }
    }
}
