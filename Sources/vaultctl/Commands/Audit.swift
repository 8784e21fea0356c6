// `audit`: the access log as an auditor reads it and takes it away.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read the access log, and take it away with its proof.",
        subcommands: [
            AuditTail.self, AuditFollow.self, AuditList.self, AuditReaders.self, AuditExport.self,
            AuditReport.self, AuditCheckpoint.self, AuditResolve.self, AuditRedact.self,
        ])
}

struct AuditTail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the last events of the log.",
        discussion: """
            Speaks to the audit socket. Looking is itself an event, also each look of --follow.

            Example: vaultctl audit tail -n 50 --follow
            """)

    @Option(name: .customShort("n"), help: "How many events: 1 to \(Limits.pageRows).")
    var count = 20

    @Flag(name: [.short, .long], help: "Go on with new events until interrupted.")
    var follow = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...Limits.pageRows).contains(count) else {
            throw ValidationError("-n must be from 1 to \(Limits.pageRows).")
        }
    }

    func run() async throws {
        try await common.session(.audit) { client in
            let page = try await client.events(.newest(count))
            let last = EventLine.show(page, json: common.json)
            if follow {
                try await AuditFollow.follow(client, AuditQuery(), after: last, json: common.json)
            }
        }
    }
}

struct AuditFollow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Show new events as they come, until interrupted.",
        discussion: """
            With filters, those that pass. Each look is itself an event, every two seconds while nothing \
            comes.

            Example: vaultctl audit follow --outcome refused
            """)

    @OptionGroup var filters: AuditFilters
    @OptionGroup var common: CommonOptions

    /// How long to wait when there is nothing new. Each look leaves an event, so not too often.
    private static let pause = Duration.seconds(2)

    func run() async throws {
        let query = filters.query
        try await common.session(.audit) { client in
            let last = try await client.events(.newest(1)).events.last?.index
            try await Self.follow(client, query, after: last, json: common.json)
        }
    }

    static func follow(
        _ client: VaultClient, _ query: AuditQuery, after last: UInt64?, json: Bool
    ) async throws {
        var last = last
        while true {
            let page = try await client.events(.after(last, limit: Limits.pageRows, query))
            last = EventLine.show(page, json: json) ?? last
            if page.next == nil { try await Task.sleep(for: Self.pause) }
        }
    }
}

struct AuditList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the events that pass filters, oldest first.",
        discussion: """
            All filters have to hold. Of an image, the ends of its readings are left out: each has a beginning.

            Examples:
              vaultctl audit ls --image 3f7a…2a3b --since 2026-11-01
              vaultctl audit ls --uid 33 --outcome refused
              vaultctl audit ls --action read.begun,image.delete --actor user:8421
            """)

    @OptionGroup var filters: AuditFilters

    @Option(name: .customShort("n"), help: "Stop after so many.")
    var count: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard count.map({ $0 > 0 }) ?? true else { throw ValidationError("-n must be at least 1.") }
    }

    func run() async throws {
        let query = filters.query
        try await common.session(.audit) { client in
            var (next, left) = (UInt64?.none, count ?? .max)
            repeat {
                let page = try await client.events(
                    .after(next, limit: min(left, Limits.pageRows), query))
                EventLine.show(page, json: common.json)
                left -= page.events.count
                next = page.next
            } while next != nil && left > 0
        }
    }
}

struct AuditReaders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "readers",
        abstract: "Show who read an image.",
        discussion: """
            A line for each user and each actor and client that it named: when first, when last, and how \
            often. What one reader asks for within ten minutes of the last time counts as one reading: an \
            image comes in parts, and browsers ask whether it changed. Begun counts as read: the log cannot \
            know what arrived. Events without a body say nobody's name; they are counted as \"-\".

            Example: vaultctl audit readers 3f7a…2a3b --since 2026-11-01 --until 2026-12-01
            """)

    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var image: ImageID

    @OptionGroup var times: AuditTimes
    @OptionGroup var common: CommonOptions

    func run() async throws {
        var query = AuditQuery()
        query.image = image
        query.actions = ReadingTally.actions
        query.outcome = .done
        times.add(to: &query)
        try await common.session(.audit) { [query] client in
            var tally = ReadingTally()
            var next: UInt64?
            repeat {
                let page = try await client.events(.after(next, limit: Limits.pageRows, query))
                for event in page.events { tally.add(event) }
                next = page.next
            } while next != nil
            show(tally)
        }
    }

    private func show(_ tally: ReadingTally) {
        if common.json { return tally.readers.forEach { Output.json($0) } }
        guard !tally.readers.isEmpty else { return Output.note("Nobody read it then.") }
        let rows = tally.readers.map { reader in
            [
                reader.uid.map { "uid \($0)" } ?? "-", reader.actor ?? "-", reader.client ?? "-",
                "\(reader.readings)", Units.moment(reader.first), Units.moment(reader.last),
            ]
        }
        var table = Table([
            ("WHO", .left), ("ACTOR", .left), ("CLIENT", .left), ("READINGS", .right),
            ("FIRST", .left), ("LAST", .left),
        ])
        for row in rows { table.add(row) }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

struct AuditCheckpoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "Print the signed statement of the log's size and root.",
        discussion: """
            Keep it where this machine cannot write: a later bundle is checked against it with \
            "vaultverify bundle --known", which finds a log that was rolled back or forked since.

            Example: vaultctl audit checkpoint > 2026-11-26.txt
            """)

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.audit) { client in
            let note = try await client.checkpoint()
            Output.line(String(note.dropLast()))
        }
    }
}

struct AuditResolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Show the name that a pseudonym of the log stands for.",
        discussion: """
            For those whom audit.resolvers names in the vault's settings. Who asked, for which pseudonym and \
            why is in the log before the name is told.

            Example: vaultctl audit resolve 5fec…6c79 --reason "case 4711"
            """)

    @Argument(help: "The pseudonym: 32 hexadecimal digits.")
    var pseudonym: Pseudonym

    @Option(help: "Why: up to 200 printable ASCII characters.")
    var reason: AdminNote

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.audit) { client in
            let answer = try await client.name(of: pseudonym, reason: reason)
            if common.json { return Output.json(answer) }
            Output.line("\(answer.kind)  \(answer.name)")
        }
    }
}

struct AuditRedact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact",
        abstract: "Erase the bodies of events, or the name behind a pseudonym.",
        discussion: """
            The log's tree keeps a hash of each event, so that every proof holds as before; who reads it sees \
            that a body was erased, and this event says by whom and why. What was exported stays where it is. \
            The vault's making, changes of the log's key, and erasures themselves keep their bodies.

            Speaks to the admin socket.

            Examples:
              vaultctl audit redact --from 4711 --to 4712 --reason "request 17"
              vaultctl audit redact --pseudonym 5fec…6c79 --reason "request 17"
            """)

    @Option(help: "The first index.")
    var from: UInt64?

    @Option(help: "The index behind the last.")
    var to: UInt64?

    @Option(help: "The pseudonym whose name goes.")
    var pseudonym: Pseudonym?

    @Option(help: "Why: up to 200 printable ASCII characters; it stands in the log.")
    var reason: AdminNote

    @OptionGroup var approved: ApprovalOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !reason.text.isEmpty else { throw ValidationError("--reason must say something.") }
        switch (from, to, pseudonym) {
        case (let from?, let to?, nil) where from < to: break
        case (nil, nil, _?): break
        default: throw ValidationError("Give --from and a greater --to, or --pseudonym.")
        }
    }

    func run() async throws {
        try await common.session(.admin, approval: approved.approval) { client in
            var erased = 0
            if let pseudonym {
                erased = try await client.redact(
                    RedactionRequest(.name(pseudonym), reason: reason)
                ).erased
            }
            // The last part first: indexes behind the log's end are refused before anything goes.
            var end = to ?? 0
            while let from, from < end {
                let start = max(from, end - min(end, Limits.erasedEventsOfRequest))
                erased += try await client.redact(
                    RedactionRequest(.events(start..<end), reason: reason)
                ).erased
                end = start
            }
            if common.json { return Output.json(RedactionAnswer(erased: erased)) }
            let lost = erased == 1 ? " lost its body" : " lost their bodies"
            Output.line(
                pseudonym == nil ? Units.count(erased, "event") + lost : "the name is gone")
        }
    }
}
