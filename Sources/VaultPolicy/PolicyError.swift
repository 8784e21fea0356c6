// What is wrong with a policy's file, and where, for whoever wrote it.

import Yams

package struct PolicyError: Error, Hashable, CustomStringConvertible {
    package let line: Int?
    package let words: String

    package var description: String { line.map { "line \($0): \(words)" } ?? words }

    init(_ words: String, line: Int? = nil) {
        self.words = words
        self.line = line
    }

    init(_ words: String, at node: Node) {
        self.init(words, line: node.mark?.line)
    }
}
