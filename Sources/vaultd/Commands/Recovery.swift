// `vaultd recovery`: the key that opens the vault when everything else is lost. It is made, checked and used
// where its holder is, best on a machine without a network; the vault only ever has its public half.

import ArgumentParser
import Glibc
import VaultCrypto
import VaultFormat

struct Recovery: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "Make, check and use a recovery key, away from the vault.",
        discussion: """
            A recovery key is kept on paper and never given to the vault. The vault gets its public \
            half, the recipient, and seals its root key to it. Whoever has the paper answers a \
            challenge of the vault, which proves the slot or opens the vault.

            EXAMPLE, from making to proving
              vaultd recovery new                               (offline; write it down)
              vaultctl slots add --label safe --recipient imagevault-recipient-1:…
              vaultctl slots challenge SLOT                     (at the vault)
              vaultd recovery answer imagevault-challenge-1:…   (offline, with the paper)
              vaultctl slots prove SLOT                         (or vaultctl unseal)
            """,
        subcommands: [New.self, Check.self, Answer.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a recovery key and show it once.",
            discussion: """
                Shows the key as text and as a QR code, its check words, and the recipient for the vault. \
                Nothing is stored. Refuses to write anywhere but to a terminal, unless told to.

                Examples:
                  vaultd recovery new
                  vaultd recovery new --no-terminal | lp
                """)

        @Flag(help: "Write to a pipe or a file too, such as a printer's.")
        var noTerminal = false

        @Flag(inversion: .prefixedNo, help: "Draw the QR code.")
        var qr = true

        func run() throws {
            guard noTerminal || isatty(STDOUT_FILENO) == 1 else {
                throw SettingsError(
                    "standard output is no terminal: a recovery key must not be left in a file. "
                        + "With --no-terminal it is written nevertheless; nothing was made")
            }
            try Hardening.apply()
            let key = try RecoveryKey.random()
            try tell(
                "Write this down. Who has it can open the vault; it is shown once and kept nowhere.\n"
            )
            try unsafe key.withLine { line in
                try unsafe SecretOutput.writeSpaced(line)
                if qr { try unsafe draw(line) }
            }
            try tell("\ncheck words  \(key.words)")
            try tell("recipient    \(key.recipientText)\n")
            try tell("Give the recipient to vaultctl slots add; the same words must come up there.")
            try tell("Compare your copy with: vaultd recovery check")
        }

        private func tell(_ line: String) throws {
            try unsafe (Array(line.utf8) + [0x0A]).withUnsafeBytes {
                try unsafe SecretOutput.write($0)
            }
        }

        private func draw(_ line: UnsafeRawBufferPointer) throws {
            // Without the newline: a code that is scanned is typed as it is.
            let text = unsafe UnsafeRawBufferPointer(rebasing: line[..<(line.count - 1)])
            guard let code = unsafe TerminalCode(text) else {
                throw SettingsError("the QR code could not be drawn; try --no-qr")
            }
            try unsafe code.draw { try unsafe SecretOutput.write($0) }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a copy of a recovery key.",
            discussion: """
                Asks for the key and shows its check words and recipient: those that came with it, and \
                that the vault shows for the slot.

                Example: vaultd recovery check
                """)

        @OptionGroup var source: RecoveryKeyOptions

        func run() throws {
            try Hardening.apply()
            let key = try source.key()
            print("check words  \(key.words)")
            print("recipient    \(key.recipientText)")
        }
    }

    struct Answer: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a vault's challenge.",
            discussion: """
                Shows which vault asks, and the words that its admin sees beside the challenge. If \
                they are others, stop: somebody else asks for the vault's root key.

                Example: vaultd recovery answer imagevault-challenge-1:…
                """)

        @Argument(help: "What vaultctl slots challenge showed.")
        var challenge: String

        @OptionGroup var source: RecoveryKeyOptions

        func run() throws {
            try Hardening.apply()
            let asked: RecoveryChallenge
            do throws(FormatError) {
                asked = try RecoveryChallenge(text: Array(challenge.utf8))
            } catch {
                throw SettingsError("this is no challenge, or it was cut short or mistyped")
            }
            tell("vault        \(asked.vault)")
            tell("slot         \(asked.slot), keyring generation \(asked.generation)")
            tell("its words    \(CheckWords.words(of: asked.session))")
            tell("Go on only if the vault's admin sees the same words.")
            let key = try source.key()
            do throws(CryptoError) {
                print(try key.answer(asked).text)
            } catch {
                guard error == .wrongKey else { throw error }
                throw SettingsError(
                    "the challenge is for another recovery key: this one's words are \(key.words)")
            }
        }

        private func tell(_ line: String) {
            unsafe (Array(line.utf8) + [0x0A]).withUnsafeBytes {
                unsafe _ = write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
        }
    }
}

struct RecoveryKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the recovery key from a file, or from standard input with -; else it is asked for.",
            valueName: "file"))
    var keyFile: String?

    func key() throws -> RecoveryKey {
        let typed =
            try keyFile.map { try KeyOpener.secret(at: $0) }
            ?? KeyOpener.askedSecret("Recovery key: ")
        do throws(CryptoError) {
            return try RecoveryKey(typed)
        } catch {
            guard error == .malformedText else { throw error }
            throw SettingsError("this is no recovery key, or it was cut short or mistyped")
        }
    }
}
