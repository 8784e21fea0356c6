// `erase`: all that an owner or a job claims, as one operation with one receipt.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Erase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erase all that an owner or a job claims now, with one receipt.",
        discussion: """
            Takes every claim of --owner, of --job, or of both together; an image goes with its last claim, \
            and what others claim stays. What is under a hold stays too.

            Begins an operation and returns; "vaultctl receipt show" tells how far it is. --wait waits for one \
            that is paused, too. Sent again under \
            the same --key within 24 hours, it begins nothing.

            Speaks to the images socket. Example: vaultctl erase --owner user_8421 --wait
            """)

    @OptionGroup var claim: ClaimOptions

    @Flag(help: "Wait until the keys and blobs are gone from the live store.")
    var wait = false

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard claim.claim != .unnamed else {
            throw ValidationError("Name whose images: --owner, --job, or both.")
        }
    }

    func run() async throws {
        try await common.session(.images) { client in
            let begun = try await client.erase(ErasureQuery(claim: claim.claim), key: key)
            guard wait else {
                if common.json { return Output.json(begun) }
                return Output.line(
                    "\(begun.operation.id.hex)  \(Units.count(begun.operation.total, "claim")) to "
                        + "erase  receipt \(begun.receipt.hex)")
            }
            let receipt = try await end(of: begun, client)
            if common.json {
                Output.json(receipt)
            } else {
                let went = ReceiptText.went(receipt)
                Output.line("\(receipt.id.hex)  \(went)  level \(ReceiptText.level(receipt))")
            }
            guard receipt.left == 0 else { throw left(receipt) }
        }
    }

    /// Waits for the work's end and the purge; on a terminal it is drawn meanwhile.
    private func end(
        of begun: ErasureAnswer, _ client: VaultClient
    ) async throws -> ReceiptAnswer {
        let isShown = Output.notesAreOnTerminal
        var pause = Limits.receiptLookMilliseconds
        defer { if isShown { Output.control("\r\u{1B}[K") } }
        while true {
            let receipt = try await client.receipt(begun.receipt)
            guard receipt.level < ErasureLevel.purged.rawValue else { return receipt }
            if isShown {
                let waits = receipt.waits.first.map { "  waits for \(ReceiptText.name($0))" } ?? ""
                Output.draw("\(receipt.claims) of \(begun.operation.total) claims\(waits)")
            }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, Limits.longestWaitMilliseconds)
        }
    }

    /// The operation says which claims it left, and why.
    private func left(_ receipt: ReceiptAnswer) -> ExitCode {
        Output.note(
            "Left: \(ErasureReceipt.words(left: receipt.left)). What stayed and why, an admin sees: "
                + "vaultctl ops show \(receipt.operation?.hex ?? "")")
        return ExitCode(ExitKind.other.rawValue)
    }
}
