// `check`: what is stored, compared with the log.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compare the vault's records with its log, and list what does not fit.",
        discussion: """
            With --contents everything that is stored is opened first, with all claims: each frame of each image is \
            decrypted, hashed and compared with its address. What does not open is put under quarantine, and an \
            incident is opened. That is what the vault does by itself every week, slowly.

            Begins an operation and returns; "vaultctl ops" looks after it. With --wait \
            it lists what it found, each with the event that says otherwise, and ends with 7 if there was any. \
            Sent again under the same --key within 24 hours, it begins nothing.

            Speaks to the admin socket. Examples: vaultctl check --wait; vaultctl check --contents --wait
            """)

    @Flag(help: "Wait for the end, and list what was found.")
    var wait = false

    @Flag(help: "Open everything that is stored.")
    var contents = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let operation = try await OperationLine.begun(client, wait: wait, common) {
                try await client.check(contents: contents, key: key)
            }
            guard wait else { return }
            if operation.found + operation.failures > 0 {
                try await FindingLines.show(of: operation.id, client, common)
            }
            guard operation.found + operation.failures == 0, !isOfDamage(operation.failure) else {
                throw ExitCode(ExitKind.damaged.rawValue)
            }
            try OperationLine.requireDone(operation)
        }
    }

    /// What does not even parse ends the check.
    private func isOfDamage(_ failure: String?) -> Bool {
        guard let failure, let code = ErrorCode(rawValue: failure) else { return false }
        return code == .rowDamaged || code == .catalogDamaged
    }
}
