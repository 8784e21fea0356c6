// `keys destroy-epoch`: the end of an epoch's key, and what it would make unreadable.

import ArgumentParser
import Foundation
import VaultAPI
import VaultClient
import VaultFormat

struct KeysDestroyEpoch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy-epoch",
        abstract: "Destroy the key of an epoch that nothing needs.",
        discussion: """
            What is wrapped under it opens nowhere in this vault from then on; rotate first. Whoever kept \
            an older keyring together with the secret of one of its slots can open it still.

            It is refused while a key is wrapped under it, and while a registered backup needs it: make \
            that one anew and expire it, or name it with --strand and give it up. Where the vault's \
            settings have two_person, somebody else has to approve.

            Speaks to the admin socket. Example: vaultctl keys destroy-epoch 1
            """)

    @Argument(help: "The epoch's number.")
    var epoch: EpochNumber

    @Option(help: "A backup that is given up with it; repeat it.")
    var strand: [BackupID] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            do {
                show(try await client.destroy(epoch, strand: strand))
            } catch ClientError.refused(let problem) where problem.errorCode == .backupStranded {
                await list(client)
                throw ClientError.refused(problem)
            }
        }
    }

    private func show(_ answer: DestructionAnswer) {
        if common.json { return Output.json(answer) }
        if let approval = answer.approval {
            Self.show(approval)
            Output.note(
                "Nothing is done until somebody else approves it: vaultctl keys approve "
                    + "\(approval.id.hex) \(approval.digest.hex)")
        } else {
            Output.line("epoch \(answer.epoch) is destroyed, generation \(answer.generation ?? 0)")
        }
    }

    /// A request as its approver has to see it.
    static func show(_ approval: DestructionApproval) {
        let lines = Table.pairs(
            [
                ("request", approval.id.hex), ("digest", approval.digest.hex),
                ("destroys", "epoch \(approval.epoch)"),
            ] + approval.strand.map { ("gives up", "backup \($0.hex)") } + [
                ("asked by", "uid \(approval.requester)"),
                ("until", Units.moment(approval.expires)), ("state", approval.state),
            ])
        Output.line(lines.joined(separator: "\n"))
    }

    /// Names what would become unreadable.
    private func list(_ client: VaultClient) async {
        guard !common.json, let backups = try? await Backups.all(client) else { return }
        let now = UTCTime(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let needed = backups.filter { backup in
            backup.state == BackupState.kept.name && backup.epochs.contains(epoch.value)
                && !strand.contains(backup.id)
                // One that lapsed keeps nothing. Times sort as their texts do.
                && backup.expires.map { $0.wireText > now.wireText } ?? true
        }
        Output.note("These would become unreadable:")
        Output.note(Backups.table(needed).joined(separator: "\n"))
    }
}

struct KeysDestructions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destructions",
        abstract: "List the destructions of epochs that wait for approval.",
        discussion: "Speaks to the admin socket. Example: vaultctl keys destructions")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let page = try await client.destructions(PageQuery(limit: Limits.pageRows))
            for approval in page.destructions {
                common.json ? Output.json(approval) : KeysDestroyEpoch.show(approval)
            }
        }
    }
}

struct KeysApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve the destruction of an epoch, and carry it out.",
        discussion: """
            The digest says which request you looked at. Who asked cannot approve.

            Speaks to the admin socket. Example: vaultctl keys approve 5fec…6c79 9f86…d3b2
            """)

    @Argument(help: "The request's id: 32 hexadecimal digits.")
    var request: ApprovalID

    @Argument(help: "Its digest: 64 hexadecimal digits.")
    var digest: Digest256

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let answer = try await client.approveDestruction(request, digest: digest)
            if common.json { return Output.json(answer) }
            Output.line("epoch \(answer.epoch) is destroyed, generation \(answer.generation ?? 0)")
        }
    }
}
