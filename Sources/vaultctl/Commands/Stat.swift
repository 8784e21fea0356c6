// `stat`: what the vault knows about one image.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Stat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Show what is known about an image.",
        discussion: "Example: vaultctl stat 3f7a…6a3b --job job_42")

    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var id: ImageID

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.images) { client in
            let image = try await client.metadata(id, claim: claim.claim)
            if common.json {
                Output.json(image)
            } else {
                Output.line(Self.pairs(image).joined(separator: "\n"))
            }
        }
    }

    private static func pairs(_ image: ImageAnswer) -> [String] {
        let verdict = image.verdict
        return Table.pairs([
            ("id", image.id.hex),
            ("name", image.name.text),
            ("safe name", image.safeName),
            ("type", image.type.mediaType),
            ("pixels", "\(image.width) x \(image.height)"),
            ("received", text(image.received)),
            ("stored", text(image.stored)),
            ("transformed", list(image.transformed)),
            ("job", image.job?.description ?? "-"),
            ("owner", image.owner?.description ?? "-"),
            ("created", image.created.wireText),
            ("verdict", "\(verdict.level), inspector \(verdict.inspector)"),
            ("findings", list(verdict.findings.map(\.code))),
            ("flags", list(verdict.flags)),
        ])
    }

    private static func text(_ content: ContentSummary) -> String {
        "\(content.bytes) bytes, SHA-256 \(content.sha256.hex)"
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "-" : words.joined(separator: ", ")
    }
}
