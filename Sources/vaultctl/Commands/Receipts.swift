// `receipt`: how far an erasure is.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Receipts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Show how far erasures are, what they wait for, and what stays.",
        subcommands: [ReceiptShow.self, ReceiptList.self])
}

struct ReceiptShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show how far an erasure is now, and what it waits for.",
        discussion: """
            --output keeps the receipt as the vault signed it: "vaultverify receipt FILE --key audit.pub" \
            checks it, without the vault.

            Example: vaultctl receipt show 5fec…6c79 --output receipt.txt
            """)

    @Argument(help: "The receipt's id: 32 hexadecimal digits.")
    var id: ReceiptID

    @Option(
        name: [.short, .long], help: ArgumentHelp("Keep the signed text here.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: "Which socket to ask.")
    var door = Door.images

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(door) { client in
            let receipt = try await client.receipt(id)
            if let output { try keep(receipt, at: output) }
            if common.json { return Output.json(receipt) }
            Output.line(ReceiptText.page(receipt).joined(separator: "\n"))
        }
    }

    private func keep(_ receipt: ReceiptAnswer, at path: String) throws {
        guard let note = receipt.note else {
            Output.note("The vault sent no signed text.")
            throw ExitCode(ExitKind.damaged.rawValue)
        }
        let file = try DownloadFile(target: path)
        try file.write(note)
        try file.keep()
    }
}

struct ReceiptList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List receipts, newest first.",
        discussion: """
            At the images socket those of your namespace; those of a retention's end are at the others.

            Example: vaultctl receipt ls --below 2 --door admin
            """,
        aliases: ["list"])

    @Option(help: "Only erasures that have not reached this level.")
    var below: ErasureLevel?

    @Option(help: "The most rows: 1 to \(Limits.pageRows).")
    var limit = Limits.pageRowsDefault

    @Option(help: "Which socket to ask.")
    var door = Door.images

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...Limits.pageRows).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(Limits.pageRows).")
        }
    }

    func run() async throws {
        try await common.session(door) { client in
            // Each page is an event: few rows of many are looked for in long ones.
            var page = PageQuery(limit: below == nil ? limit : Limits.pageRows)
            var found: [ReceiptAnswer] = []
            repeat {
                let answer = try await client.receipts(page)
                found += answer.receipts.filter { receipt in
                    below.map { receipt.level < $0.rawValue } ?? true
                }
                // A vault that repeats a cursor would keep us here for ever.
                guard answer.next != page.after || answer.next == nil else { break }
                page.after = answer.next
            } while page.after != nil && found.count < limit
            show(Array(found.prefix(limit)))
        }
    }

    private func show(_ receipts: [ReceiptAnswer]) {
        guard !common.json else { return receipts.forEach { Output.json($0) } }
        guard !receipts.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("ERASED", .left), ("ASKED", .left), ("CLAIMS", .right),
            ("IMAGES", .right), ("LEVEL", .right), ("WAITS FOR", .left),
        ])
        for receipt in receipts {
            let first = receipt.waits.first.map { ReceiptText.name($0) } ?? "-"
            let more = receipt.waits.count > 1 ? " and \(receipt.waits.count - 1) more" : ""
            table.add([
                receipt.id.hex, receipt.erased, Units.moment(receipt.asked),
                String(receipt.claims), String(receipt.images), String(receipt.level), first + more,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}
