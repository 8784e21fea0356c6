// What a test takes of the machine: a directory of its own, and programs that may be there.

import Foundation
import Glibc

/// A directory that ends with its owner.
package final class TemporaryDirectory: Sendable {
    package let root: String

    /// Short, because the path of a Unix socket has at most 107 bytes.
    package init() throws {
        var template = Array("/tmp/iv-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw ToolFailure("no directory") }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    package func path(_ name: String) -> String { "\(root)/\(name)" }
}

/// Whether a program is found in PATH.
package func hasProgram(_ name: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
}
