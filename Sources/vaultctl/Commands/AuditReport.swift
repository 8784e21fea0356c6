// `audit report`: what happened in a period, as one page that an auditor can read and check.

import ArgumentParser
import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

struct AuditReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make an auditor's report of a period.",
        discussion: """
            One HTML file that shows, without a network, who used the vault, which keys were changed, which ways \
            in were tried, which settings of what is kept changed, and what went wrong. It carries the bundle of \
            that time, checks it with the log's public key, and shows what it read there and nothing else.

            A page cannot vouch for itself. Whoever gets it from somebody else opens it in a verifier of his own: \
            "vaultverify bundle FILE --key audit.pub", or Tools/verify.html, which shows the report, too.

            The period is a year, a quarter, a month, or a first and a last day, in UTC.

            Examples:
              vaultctl audit report --period 2026-Q3
              vaultctl audit report --period 2026-11 --output november.html
              vaultctl audit report --period 2026-11-01..2026-11-30 --known monday.txt
            """)

    @Option(help: "2026, 2026-Q3, 2026-11, or 2026-11-01..2026-11-30.")
    var period: AuditPeriod

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Write here; imagevault-report-PERIOD.html by default.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("A checkpoint from before; repeat it.", valueName: "file"),
        completion: .file())
    var known: [String] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        var query = BundleQuery()
        query.filter.since = period.since
        query.filter.until = period.until
        query.known = try known.map { try AuditExport.size(of: $0) }
        let asked = query
        let path = output ?? "imagevault-report-\(period.name).html"
        try await common.session(.audit) { client in
            let sink = try ExportSink(report: path)
            try await client.bundle(asked) { (bytes) throws(ClientError) in
                try sink.take(bytes)
            }
            try sink.finish(client.socket)
            Output.line(path)
        }
    }
}
