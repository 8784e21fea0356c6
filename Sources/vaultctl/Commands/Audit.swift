// `audit`: the access log as an auditor reads it.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read the access log.",
        subcommands: [Tail.self])

    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tail",
            abstract: "Show the last events of the log.",
            discussion: """
                Speaks to the audit socket. Looking is itself an event, also each look of \
                --follow.

                Example: vaultctl audit tail -n 50 --follow
                """)

        @Option(name: .customShort("n"), help: "How many events: 1 to \(Limits.pageRows).")
        var count = 20

        @Flag(name: [.short, .long], help: "Go on with new events until interrupted.")
        var follow = false

        @OptionGroup var common: CommonOptions

        /// How long to wait when there is nothing new. Each look leaves an event, so not too often.
        private static let pause = Duration.seconds(2)

        func validate() throws {
            guard (1...Limits.pageRows).contains(count) else {
                throw ValidationError("-n must be from 1 to \(Limits.pageRows).")
            }
        }

        func run() async throws {
            try await common.session(.audit) { client in
                var last = show(try await client.events(.newest(count)))
                while follow {
                    let page = try await client.events(.after(last, limit: Limits.pageRows))
                    last = show(page) ?? last
                    if page.next == nil { try await Task.sleep(for: Self.pause) }
                }
            }
        }

        /// - Returns: the index of the page's last event.
        private func show(_ page: EventPage) -> UInt64? {
            for event in page.events {
                if common.json {
                    Output.json(event)
                } else {
                    Output.line(EventLine.text(event))
                }
            }
            return page.events.last?.index
        }
    }
}
