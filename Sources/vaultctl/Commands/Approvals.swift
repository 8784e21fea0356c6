// `approvals`: what one person asks for and another lets happen.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Approvals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at what waits for a second person, and approve it.",
        discussion: """
            The settings say what takes two: two_person: [tokens, slots, policy, holds, redaction, quarantine, \
            destroy-epoch]. Who asks for such a thing is told its id; when another admin has approved it, the same \
            command is given again with --approval and the id, within 24 hours, once. What is about an image in \
            quarantine is done when it is approved. The destruction of epochs: vaultctl keys destructions.
            """,
        subcommands: [ApprovalsList.self, ApprovalsApprove.self])
}

struct ApprovalsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List what waits to be approved or, once approved, to be done.",
        discussion: "Speaks to the admin socket. Example: vaultctl approvals ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let approvals = try await Pages.all {
                let page = try await client.approvals($0)
                return (page.approvals, page.next)
            }
            for (place, approval) in approvals.enumerated() {
                if place > 0, !common.json { Output.line("") }
                Quarantine.show(approval, json: common.json)
            }
        }
    }
}

struct ApprovalsApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve what somebody else asked for.",
        discussion: """
            The digest says which request you looked at. You need to be allowed to do it yourself.

            Speaks to the admin socket. Example: vaultctl approvals approve 5fec…6c79 9f86…d3b2
            """)

    @Argument(help: "The request's id: 32 hexadecimal digits.")
    var request: ApprovalID

    @Argument(help: "Its digest: 64 hexadecimal digits.")
    var digest: Digest256

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let approval = try await client.approve(request, digest: digest)
            Quarantine.show(approval, json: common.json)
            guard !common.json, approval.state == ApprovalState.approved.name else { return }
            Output.note(
                "uid \(approval.requester) does it with: --approval \(approval.id.hex)")
        }
    }
}
