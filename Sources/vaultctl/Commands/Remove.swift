// `rm`: drops claims; the last claim on an image takes the image with it.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Drop claims on images; the last claim erases the image.",
        discussion: """
            Drops the claim of --job and --owner; without them, the one made without any. "vaultctl \
            receipt show" tells how far an erasure is.

            Example: vaultctl rm 3f7a…6a3b --job job_42
            """)

    @Argument(help: "Image ids: 64 hexadecimal digits each.")
    var ids: [ImageID]

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.images) { client in
            var kinds: [ExitKind] = []
            for id in ids {
                do throws(ClientError) {
                    show(try await client.delete(id, claim: claim.claim))
                } catch {
                    common.tell(error, about: id.hex)
                    kinds.append(ExitKind(error))
                    if ExitKind.isHopeless(error) { break }
                }
            }
            let kind = ExitKind.combined(kinds)
            guard kind == .done else { throw ExitCode(kind.rawValue) }
        }
    }

    private func show(_ answer: DeleteAnswer) {
        if common.json {
            Output.json(answer)
        } else {
            let rest = Units.count(answer.remainingClaims, "claim")
            let end =
                answer.erased ? "it was the last claim, the image is erased" : "left: \(rest)"
            Output.line("\(answer.id.hex)  dropped; \(end)  receipt \(answer.receipt.hex)")
        }
    }
}
