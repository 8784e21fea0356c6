// `ls`: the claims of a namespace, a page or all of them.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List stored images, one line a claim.",
        discussion: "Example: vaultctl ls --job job_42 --all")

    @Option(help: "The most rows: 1 to \(Limits.pageRows).")
    var limit = Limits.pageRowsDefault

    @Flag(help: "Every page, in pages of --limit rows.")
    var all = false

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...Limits.pageRows).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(Limits.pageRows).")
        }
    }

    func run() async throws {
        try await common.session(.images) { client in
            var query = ImageListQuery(claim: claim.claim, limit: limit)
            repeat {
                let page = try await client.images(query)
                show(page.images)
                // A vault that repeats a cursor would keep us here for ever.
                guard page.next != query.after || page.next == nil else { break }
                query.after = page.next
            } while all && query.after != nil
            if query.after != nil, !common.json { Output.note("There are more: add --all.") }
        }
    }

    private func show(_ images: [ImageAnswer]) {
        if common.json {
            images.forEach { Output.json($0) }
            return
        }
        guard !images.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("SIZE", .right), ("PIXELS", .right), ("TYPE", .left),
            ("CREATED", .left), ("JOB", .left), ("OWNER", .left), ("NAME", .left),
        ])
        for image in images {
            table.add([
                image.id.hex, Units.bytes(image.stored.bytes), "\(image.width)x\(image.height)",
                image.type.fileExtension, Units.moment(image.created),
                image.job?.description ?? "-", image.owner?.description ?? "-", image.name.text,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}
