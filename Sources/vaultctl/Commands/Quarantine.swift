// `quarantine`: images that nobody may read until an approved request releases or erases them.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Quarantine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Make images unreadable to everyone; release or erase them in two steps.",
        subcommands: [
            QuarantineAdd.self, QuarantineList.self, QuarantineRelease.self, QuarantineErase.self,
            QuarantineApprove.self,
        ])

    /// A request as its approver has to see it.
    static func show(_ approval: ApprovalAnswer, json: Bool) {
        guard !json else { return Output.json(approval) }
        let lines = Table.pairs(
            [
                ("request", approval.id.hex), ("digest", approval.digest.hex),
                ("action", approval.action),
            ] + (approval.image.map { [("image", $0.hex)] } ?? [])
                + (approval.words.map { [("of", $0)] } ?? []) + [
                    ("asked by", "uid \(approval.requester)"),
                    ("until", Units.moment(approval.expires)), ("state", approval.state),
                ] + (approval.receipt.map { [("receipt", $0.hex)] } ?? []))
        Output.line(lines.joined(separator: "\n"))
    }
}

struct QuarantineAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make images unreadable to everyone, now.",
        discussion: "Speaks to the admin socket. Example: vaultctl quarantine add 3f7a…6a3b")

    @Argument(help: "Image ids: 64 hexadecimal digits each.")
    var ids: [ImageID]

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            for id in ids {
                let image = try await client.quarantine(id)
                if common.json {
                    Output.json(image)
                } else {
                    Output.line(
                        "\(image.image.hex)  quarantined since \(Units.moment(image.quarantined))")
                }
            }
        }
    }
}

struct QuarantineList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List quarantined images, and the requests that wait for approval.",
        discussion: "Speaks to the admin socket. Example: vaultctl quarantine ls")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            var page = PageQuery(limit: Limits.pageRows)
            repeat {
                let found = try await client.quarantined(page)
                show(found.images)
                // A vault that repeats a cursor would keep us here for ever.
                guard found.next != page.after || found.next == nil else { break }
                page.after = found.next
            } while page.after != nil
            let waiting = try await client.approvals(PageQuery(limit: Limits.pageRows))
            for approval in waiting.approvals where approval.image != nil {
                if !common.json { Output.line("") }
                Quarantine.show(approval, json: common.json)
            }
        }
    }

    private func show(_ images: [QuarantinedImage]) {
        if common.json {
            images.forEach { Output.json($0) }
            return
        }
        guard !images.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("SIZE", .right), ("TYPE", .left), ("STORED", .left),
            ("QUARANTINED", .left), ("NAMESPACE", .left),
        ])
        for image in images {
            table.add([
                image.image.hex, Units.bytes(image.bytes), image.type.fileExtension,
                Units.moment(image.created), Units.moment(image.quarantined),
                image.namespace.description,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}

/// One image, and a name for the request about it.
struct ReleaseOptions: ParsableArguments {
    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var id: ImageID

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var common: CommonOptions

    func ask(_ action: ApprovalKind) async throws {
        try await common.session(.admin) { client in
            let approval = try await client.request(action, id, key: key)
            Quarantine.show(approval, json: common.json)
            guard !common.json else { return }
            Output.note(
                "Nothing is done until it is approved: vaultctl quarantine approve "
                    + "\(approval.id.hex) \(approval.digest.hex)")
        }
    }
}

struct QuarantineRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Ask that an image may be read again.",
        discussion: "Speaks to the admin socket. Example: vaultctl quarantine release 3f7a…6a3b")

    @OptionGroup var options: ReleaseOptions

    func run() async throws { try await options.ask(.releaseImage) }
}

struct QuarantineErase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Ask that an image be erased, with all claims on it.",
        discussion: "Speaks to the admin socket. Example: vaultctl quarantine erase 3f7a…6a3b")

    @OptionGroup var options: ReleaseOptions

    func run() async throws { try await options.ask(.eraseImage) }
}

struct QuarantineApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve a request, and carry it out.",
        discussion: """
            The digest says which request you looked at. Where the vault's settings have two_person, \
            who asked cannot approve.

            Speaks to the admin socket. Example: vaultctl quarantine approve 5fec…6c79 9f86…d3b2
            """)

    @Argument(help: "The request's id: 32 hexadecimal digits.")
    var request: ApprovalID

    @Argument(help: "Its digest: 64 hexadecimal digits.")
    var digest: Digest256

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Quarantine.show(
                try await client.approve(request, digest: digest), json: common.json)
        }
    }
}
