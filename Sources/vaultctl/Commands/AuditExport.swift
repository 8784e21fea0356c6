// `audit export`: the log taken away, with its proof or in the words of another system.

import ArgumentParser
import Foundation
import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

struct AuditExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Take the log, or a part of it, away.",
        discussion: """
            The default format is the bundle: the events with a checkpoint and the proof that the log has \
            them. Of a range of indexes it proves that no event is left out; of a time, that none between the \
            first and the last shown is; of filtered events, \
            that the log has each one. "vaultverify bundle FILE --key audit.pub" checks it, without the vault.

            The other formats are for other systems, and prove nothing: --proof keeps the bundle beside \
            them. jsonl has the field names of ECS, ocsf those of OCSF 1.3 (API Activity), cef and syslog (RFC 5424) \
            their own; csv has the log's, and no cell of it starts a formula.

            --known takes a checkpoint kept from before, so that the bundle can be checked against it.

            Examples:
              vaultctl audit export --output log.bundle
              vaultctl audit export --from 120000 --to 130000 --output part.bundle
              vaultctl audit export --since 2026-11-01 --format csv --proof log.bundle > log.csv
            """)

    @Option(help: "The first index.")
    var from: UInt64 = 0

    @Option(help: "The index behind the last; the log's end by default.")
    var to: UInt64?

    @OptionGroup var filters: AuditFilters

    @Option(help: "bundle, jsonl, csv, cef, ocsf or syslog.")
    var format = ExportFormat.bundle

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write here; standard output by default.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: ArgumentHelp("Keep the bundle here.", valueName: "file"), completion: .file())
    var proof: String?

    @Option(
        help: ArgumentHelp("A checkpoint from before; repeat it.", valueName: "file"),
        completion: .file())
    var known: [String] = []

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard to ?? .max >= from else { throw ValidationError("--to must not be below --from.") }
        guard proof == nil || format != .bundle else {
            throw ValidationError("--proof goes with another format; --output keeps the bundle.")
        }
    }

    func run() async throws {
        var query = BundleQuery()
        query.from = from
        query.to = to
        query.filter = filters.query
        query.known = try known.map { try Self.size(of: $0) }
        let asked = query
        try await common.session(.audit) { client in
            let sink = try ExportSink(format, output: output, proof: proof)
            try await client.bundle(asked) { (bytes) throws(ClientError) in
                try sink.take(bytes)
            }
            try sink.finish(client.socket)
        }
    }

    static func size(of path: String) throws -> UInt64 {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let note = try? SignedNote(parsing: text),
            let checkpoint = try? Checkpoint(parsing: note.text)
        else { throw ValidationError("\(path) is no checkpoint.") }
        return checkpoint.size
    }
}

extension ExportFormat: ExpressibleByArgument {}
