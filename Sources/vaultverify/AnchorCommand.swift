// `anchor`: what the vault left outside of its directory.

import ArgumentParser
import VaultCrypto
import VaultFormat

struct AnchorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "anchor",
        abstract: "Check an anchor, and say what it states.",
        discussion: """
            A store that has fewer events, another root over them, or an older keyring is not the newest state \
            of that vault.

            Example: vaultverify anchor /srv/anchors/vault.anchor --key audit.pub
            """)

    @Argument(help: "The file of the setting audit.anchor_file, or a copy of it.")
    var file: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.")
    var key: String

    func run() throws {
        let anchor: Anchor
        let note: VerifiedNote
        do {
            note = try VerifiedNote(file: file, keys: key)
            anchor = try Anchor(parsing: note.text)
            try note.require(anchor.vault, of: "anchor")
        } catch {
            throw Refusal(error)
        }
        let lines = [
            "vault         \(anchor.vault)", "stated at     \(anchor.at)",
            "keyring       generation \(anchor.generation), SHA-256 \(anchor.keyring.hex)",
            "log           \(anchor.logSize) events, root \(anchor.logRoot)",
            "signed by     key \(note.verifier.fingerprint)",
        ]
        print(lines.joined(separator: "\n"))
    }
}
