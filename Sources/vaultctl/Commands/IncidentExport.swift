// `incidents export`: a case in clear, as files that anybody can check without the vault.

import ArgumentParser
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct IncidentExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Write a case into a directory: manifest, census, entries and a bundle of the log.",
        discussion: """
            It needs the audit socket: a case holds events, and admins read none.

            Example: vaultctl incidents export 5fec…6c79 --output case
                     vaultverify bundle case/log.bundle --key audit.pub
            """)

    @Argument(help: "The incident's id: 32 hexadecimal digits.")
    var id: IncidentID

    @Option(help: "A directory; it is made where it is missing.")
    var output: String

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.audit) { client in
            let found = try await client.exportCase(id)
            guard unsafe mkdir(output, 0o700) == 0 || errno == EEXIST else {
                throw ClientError.file(FileFault(path: output, reason: .system(errno)))
            }
            let files = [
                ("manifest.json", found.manifest + "\n"),
                ("census.jsonl", Self.lines(found.census)),
                ("entries.jsonl", Self.lines(found.entries)), ("log.bundle", found.bundle),
            ]
            for (name, text) in files {
                let file = try DownloadFile(target: "\(output)/\(name)")
                try file.write(text)
                try file.keep()
            }
            if common.json {
                Output.json(found.incident)
            } else {
                Output.line(
                    "events \(found.incident.from) to \(found.incident.to) are in \(output)/log.bundle"
                )
            }
        }
    }

    private static func lines(_ lines: [String]) -> String {
        lines.map { $0 + "\n" }.joined()
    }
}
