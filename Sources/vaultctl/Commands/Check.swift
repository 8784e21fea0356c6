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
            Begins an operation and returns; "vaultctl ops" looks after it. It changes nothing. With --wait \
            it lists what it found, each with the event that says otherwise, and ends with 7 if there was any. \
            Sent again under the same --key within 24 hours, it begins nothing.

            Speaks to the admin socket. Example: vaultctl check --wait
            """)

    @Flag(help: "Wait for the end, and list what was found.")
    var wait = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let operation = try await OperationLine.begun(client, wait: wait, common) {
                try await client.check(key: key)
            }
            guard wait else { return }
            if operation.found > 0 {
                try await FindingLines.show(of: operation.id, client, common)
            }
            guard operation.found == 0, !isOfDamage(operation.failure) else {
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
