// `vaultd new-key-file`: the secret of one more slot, made without the daemon and never sent by it.

import ArgumentParser
import VaultCrypto
import VaultStorage

struct NewKeyFile: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-key-file",
        abstract: "Makes a key file for another slot. Refuses to overwrite one.",
        discussion: """
            EXAMPLE
              vaultd new-key-file /mnt/stick/root.key
              vaultctl slots add --label stick --secret-file /mnt/stick/root.key
            """)

    @Argument(help: "Where to make it, readable by this user only.")
    var path: String

    func run() throws {
        try Hardening.apply()
        let secret = try Secret<SlotSecret>.random()
        do {
            try unsafe secret.withKeyFileText { text in
                try unsafe KeyFileStore.write(text, at: path, mode: 0o600, replacing: false)
            }
        } catch KeyFileStoreError.exists {
            throw SettingsError("\(path) is there already; nothing was changed")
        } catch {
            throw SettingsError("\(path) cannot be made: \(KeyOpener.code(of: error))")
        }
        print("key file     \(path)")
    }
}
