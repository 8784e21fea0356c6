// The program: what a vault signed, checked anywhere with its public key. It needs no daemon and no
// secret, and reads nothing but the files it is given.

import ArgumentParser

@main
struct VaultVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vaultverify",
        abstract: "Check what an ImageVault signed, with its public key.",
        discussion: """
            The key is what "vaultd init" wrote as audit.pub. Compare its fingerprint, which is \
            printed, with the one that init printed: whoever can put another key in its place can \
            sign anything.

            Ends with 0 when everything holds, with 1 when it does not, and with 64 for wrong usage.
            """,
        subcommands: [
            AnchorCommand.self, BackupCommand.self, Bundle.self, Receipt.self, Statement.self,
        ])
}
