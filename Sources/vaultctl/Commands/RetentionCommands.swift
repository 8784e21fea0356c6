// `retention`: until when the claims on an image are kept.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct RetentionCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Show or set until when an image is kept.",
        discussion: """
            At its end a claim is erased, with a receipt. It keeps nobody from deleting before: that is what \
            "vaultctl hold" is for. The settings say how long new claims are kept, and whether an end may \
            only be moved later.
            """,
        subcommands: [RetentionShow.self, RetentionSet.self])
}

/// One image, wherever it is.
struct RetainedImage: ParsableArguments {
    @Argument(help: "The image's id: 64 hexadecimal digits.")
    var id: ImageID

    @Option(help: "Its namespace.")
    var namespace = NamespaceName.standard

    @OptionGroup var common: CommonOptions

    func show(_ answer: RetentionAnswer) {
        if common.json { return Output.json(answer) }
        let ends = answer.claims.map { $0.map { Units.moment($0) } ?? "for ever" }
        let word = answer.extendOnly ? "  its end may only be moved later" : ""
        Output.line(
            ends.map { "\(answer.image.hex)  kept until  \($0)\(word)" }.joined(separator: "\n"))
    }
}

struct RetentionShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show until when each claim on an image is kept.",
        discussion: "Speaks to the admin socket. Example: vaultctl retention show 3f7a…6a3b")

    @OptionGroup var image: RetainedImage

    func run() async throws {
        try await image.common.session(.admin) { client in
            image.show(try await client.retention(of: image.id, in: image.namespace))
        }
    }
}

struct RetentionSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set until when every claim on an image is kept.",
        discussion: """
            Speaks to the admin socket. Example: vaultctl retention set 3f7a…6a3b --days 90
            """)

    @Option(help: "Days from now: 1 to 36500.")
    var days: Int?

    @Option(help: "A moment in UTC, such as 2027-03-14T09:26:53Z.")
    var until: UTCTime?

    @Flag(help: "It is kept until somebody deletes it.")
    var forever = false

    @OptionGroup var image: RetainedImage

    private var requests: [RetentionRequest] {
        [
            days.map { .days($0) }, until.map { .until($0) }, forever ? .until(nil) : nil,
        ].compactMap(\.self)
    }

    func validate() throws {
        guard requests.count == 1 else {
            throw ValidationError("Name one of --days, --until and --forever.")
        }
        guard days.map(Limits.retentionDays.contains) ?? true else {
            throw ValidationError("--days must be from 1 to 36500.")
        }
    }

    func run() async throws {
        try await image.common.session(.admin) { client in
            for request in requests {
                image.show(try await client.set(request, of: image.id, in: image.namespace))
            }
        }
    }
}
