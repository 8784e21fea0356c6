// `get`: one image out of the vault, whole or not at all.

import ArgumentParser
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Fetch an image.",
        discussion: """
            A file appears under its name only when it is complete, readable by you alone. On \
            standard output a broken answer is told by the exit code.

            Example: vaultctl get 3f7a…6a3b -o photo.jpg
            """)

    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var id: ImageID

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Where to put it; - is standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if output == nil, Output.resultsAreOnTerminal {
            throw ValidationError("An image is no text for a terminal: name a file with -o.")
        }
        if common.json, isStream {
            throw ValidationError("--json goes with -o FILE.")
        }
    }

    private var isStream: Bool { output == nil || output == "-" }

    func run() async throws {
        try await common.session(.images) { client in
            if let output, !isStream {
                try await save(output, through: client)
            } else {
                try await client.fetch(id, claim: claim.claim) { bytes throws(ClientError) in
                    try writeAll(bytes, to: STDOUT_FILENO, name: "standard output")
                }
            }
        }
    }

    private func save(_ path: String, through client: VaultClient) async throws(ClientError) {
        var bar: ProgressBar?
        var shown = 0
        defer { bar?.end() }
        let bytes = try await client.download(id, claim: claim.claim, to: path) { done, expected in
            if bar == nil { bar = ProgressBar(totalBytes: expected, totalFiles: 1) }
            bar?.advance(bytes: done - shown)
            shown = done
        }
        bar?.end()
        if common.json {
            Output.json(Saved(id: id, bytes: bytes, file: path))
        } else {
            Output.note("\(path): \(Units.bytes(bytes))")
        }
    }
}

/// What was saved where, as a line of JSON.
private struct Saved: Encodable {
    let id: ImageID
    let bytes: Int
    let file: String
}
