// `reinspect`: stored images under today's rules.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Reinspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reinspect",
        abstract: "Inspect stored images anew, and list what would now be refused.",
        discussion: """
            Begins an operation and returns; "vaultctl ops" looks after it. An image that passes gets \
            its new verdict. Sent again under the same --key within 24 hours, it begins nothing.

            Speaks to the admin socket. Example: vaultctl reinspect --all --quarantine --wait
            """)

    @Option(help: "Only images whose verdict is of an inspector before this version.")
    var below: UInt32?

    @Flag(help: "Every image.")
    var all = false

    @Option(help: "structure or decode; the level in force unless given.")
    var level: InspectionLevel?

    @Flag(help: "Make unreadable what would now be refused.")
    var quarantine = false

    @Flag(help: "Only list; renew no verdict, quarantine nothing.")
    var dryRun = false

    @Flag(help: "Wait for the end.")
    var wait = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard all != (below != nil) else {
            throw ValidationError("Give either --all or --below VERSION.")
        }
        guard below != 0 else { throw ValidationError("--below must be at least 1.") }
        guard !(quarantine && dryRun) else {
            throw ValidationError("--dry-run quarantines nothing.")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            let request = InspectionRequest(
                below: below, level: level, quarantine: quarantine, trial: dryRun)
            try await OperationLine.begin(client, wait: wait, common) {
                try await client.inspect(request, key: key)
            }
        }
    }
}
