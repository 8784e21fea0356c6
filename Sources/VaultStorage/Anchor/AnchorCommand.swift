// The anchor to a command of the admin's choice: on its standard input, once.

package import Vault
package import VaultFormat

package struct AnchorCommand: AnchorTarget {
    private let command: CommandRun
    package var kind: AnchorKind { .command }

    /// - Parameters:
    ///   - words: a program by its path, and what it is given.
    ///   - seconds: after which it is killed, with all that it started in its process group.
    package init(_ words: [String], seconds: Int = Limits.anchorCommandSeconds) {
        command = CommandRun(words, seconds: seconds)
    }

    package func keep(_ note: String, signedBy key: String) throws(StorageError) {
        try command.run(note)
    }
}
