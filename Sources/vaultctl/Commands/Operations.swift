// `ops`: background work, looked at and steered.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Operations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ops",
        abstract: "Look at background work, wait for it, pause, resume or cancel it.",
        subcommands: [
            OperationList.self, OperationShow.self, OperationWait.self, OperationPause.self,
            OperationResume.self, OperationCancel.self,
        ])
}

struct OperationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List operations, newest first.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops ls")

    @Option(help: "The most rows: 1 to \(Limits.pageRows).")
    var limit = Limits.pageRowsDefault

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...Limits.pageRows).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(Limits.pageRows).")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            let page = try await client.operations(PageQuery(limit: limit))
            if common.json {
                page.operations.forEach { Output.json($0) }
            } else if !page.operations.isEmpty {
                Output.line(Self.table(page.operations).lines.joined(separator: "\n"))
            }
        }
    }

    private static func table(_ operations: [OperationAnswer]) -> Table {
        var table = Table([
            ("ID", .left), ("KIND", .left), ("STATE", .left), ("CREATED", .left), ("DONE", .right),
            ("TOTAL", .right), ("FOUND", .right), ("FAILED", .right),
        ])
        for operation in operations {
            table.add([
                operation.id.hex, operation.kind, operation.state, Units.moment(operation.created),
                String(operation.done), String(operation.total), String(operation.found),
                String(operation.failures),
            ])
        }
        return table
    }
}

/// One operation, named.
struct OperationOptions: ParsableArguments {
    @Argument(help: "The operation's id: 32 hexadecimal digits.")
    var id: OperationID

    @OptionGroup var common: CommonOptions

    func show(_ operation: OperationAnswer) {
        if common.json {
            Output.json(operation)
        } else {
            Output.line("\(operation.id.hex)  \(OperationLine.text(operation))")
        }
    }

    func session(
        _ verb: @escaping @Sendable (VaultClient) async throws -> OperationAnswer
    ) async throws {
        try await common.session(.admin) { client in show(try await verb(client)) }
    }
}

struct OperationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an operation and what it found.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops show 5fec…6c79")

    @OptionGroup var options: OperationOptions

    func run() async throws {
        try await options.common.session(.admin) { client in
            options.show(try await client.operation(options.id))
            try await FindingLines.show(of: options.id, client, options.common)
        }
    }
}

/// What an operation found, a line each.
enum FindingLines {
    static func show(
        of id: OperationID, _ client: VaultClient, _ common: CommonOptions
    ) async throws {
        var page = PageQuery(limit: Limits.pageRows)
        repeat {
            let found = try await client.findings(of: id, page)
            for finding in found.findings {
                common.json ? Output.json(finding) : Output.line(text(finding))
            }
            for record in found.records {
                common.json
                    ? Output.json(record)
                    : Output.line("-  " + text(record.code, record.event))
            }
            // A vault that repeats a cursor would keep us here for ever.
            guard found.next != page.after || found.next == nil else { break }
            page.after = found.next
        } while page.after != nil
    }

    private static func text(_ finding: OperationFinding) -> String {
        let place = finding.finding.map { found in
            found.code + (found.offset.map { " at byte \($0)" } ?? "")
        }
        return "\(finding.image.hex)  " + text(place ?? finding.code, finding.event)
    }

    private static func text(_ code: String, _ event: UInt64?) -> String {
        TerminalText.field(code) + (event.map { "  event \($0)" } ?? "")
    }
}

struct OperationWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait for an operation's end; fails unless it was done.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops wait 5fec…6c79")

    @OptionGroup var options: OperationOptions

    func run() async throws {
        try await options.common.session(.admin) { client in
            let operation = try await OperationLine.wait(for: options.id, client)
            options.show(operation)
            try OperationLine.requireDone(operation)
        }
    }
}

struct OperationPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let an operation rest until it is resumed.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops pause 5fec…6c79")

    @OptionGroup var options: OperationOptions

    func run() async throws {
        try await options.session { try await $0.pause(options.id) }
    }
}

struct OperationResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused operation go on.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops resume 5fec…6c79")

    @OptionGroup var options: OperationOptions

    func run() async throws {
        try await options.session { try await $0.resume(options.id) }
    }
}

struct OperationCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End an operation before it is done; what it did stays.",
        discussion: "Speaks to the admin socket. Example: vaultctl ops cancel 5fec…6c79")

    @OptionGroup var options: OperationOptions

    func run() async throws {
        try await options.session { try await $0.cancel(options.id) }
    }
}
