// `vaultd shares`: one secret in the hands of several people, of whom some are enough.

import ArgumentParser
import Foundation
import VaultCrypto
import VaultFormat
import VaultStorage

struct Shares: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shares",
        abstract: "Make shares that open a slot together.",
        subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make shares for another slot, a file each. Refuses to overwrite one.",
            discussion: """
                Any NEEDED of the COUNT shares open the slot; fewer say nothing of the secret. The \
                vault's id is what vaultctl status shows. Give all of them to the vault once, so that \
                it checks that they fit together, and then each to its holder.

                EXAMPLE
                  vaultd shares new --needed 3 --count 5 --vault ID /mnt/ceremony
                  cat /mnt/ceremony/share-*.txt \\
                    | vaultctl slots add --label board --secret-file -

                Later each holder runs vaultctl unseal and types a share, or vaultctl slots prove SLOT.
                """)

        @Option(
            help:
                "Shares that open the slot: \(Limits.sharesNeeded.lowerBound) to \(Limits.sharesNeeded.upperBound)."
        )
        var needed: Int

        @Option(help: "Shares that are made, at most \(Limits.shares).")
        var count: Int

        @Option(help: ArgumentHelp("The vault that they are for.", valueName: "id"))
        var vault: String

        @Argument(help: "The folder to make them in, readable by this user only.")
        var folder: String

        func validate() throws {
            guard Limits.sharesNeeded.contains(needed),
                (needed...max(needed, Limits.shares)).contains(count)
            else {
                throw ValidationError(
                    "\(Limits.sharesNeeded.lowerBound) to \(Limits.sharesNeeded.upperBound) shares may be "
                        + "needed, of that many or more, up to \(Limits.shares).")
            }
            guard (try? VaultID(hex: vault)) != nil else {
                throw ValidationError(
                    "--vault is 32 hexadecimal digits, as vaultctl status shows them.")
            }
        }

        func run() throws {
            try Hardening.apply()
            let shares = try KeyShare.make(
                needed: needed, of: count, vault: VaultID(hex: vault))
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let paths = shares.map { "\(folder)/share-\($0.head.number).txt" }
            guard paths.allSatisfy({ !FileManager.default.fileExists(atPath: $0) }) else {
                throw SettingsError("there are shares in \(folder) already; nothing was changed")
            }
            var made: [String] = []
            for (share, path) in zip(shares, paths) {
                do {
                    try unsafe share.withLine { line in
                        try unsafe KeyFileStore.write(line, at: path, mode: 0o600, replacing: false)
                    }
                } catch {
                    // A set that is not whole is none, and its shares are not to be taken for one.
                    for path in made { try? KeyFileStore.remove(path) }
                    throw SettingsError(
                        "\(path) cannot be made: \(KeyOpener.code(of: error)); nothing was left")
                }
                made.append(path)
            }
            for path in made { print("share        \(path)") }
            print("Any \(needed) of them open the slot, once vaultctl slots add has it.")
        }
    }
}
