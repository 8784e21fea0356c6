// `token` and `ticket`: secrets that speak for whoever shows them.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

struct Tokens: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, rotate, list and revoke access tokens.",
        discussion: """
            A token speaks for a principal of the policy that has "tokens: true", at the images socket alone. It is \
            told once, on standard output: put it into a file that only its user may read.
            """,
        subcommands: [TokenCreate.self, TokenRotate.self, TokenRevoke.self, TokenList.self])

    static func show(_ tokens: [TokenAnswer], _ common: CommonOptions) {
        guard !common.json else { return tokens.forEach { Output.json($0) } }
        guard !tokens.isEmpty else { return }
        var table = Table([
            ("ID", .left), ("PRINCIPAL", .left), ("MAY", .left), ("CREATED", .left), ("BY", .left),
            ("EXPIRES", .left), ("NOTE", .left),
        ])
        for token in tokens {
            table.add([
                token.id.hex, token.principal,
                token.scopes.isEmpty ? "all it may" : token.scopes.joined(separator: ","),
                Units.moment(token.created), "uid \(token.creator)", Units.moment(token.expires),
                token.note,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }

    /// The secret alone on standard output, so that it can be sent into a file.
    static func tell(_ token: TokenAnswer, _ common: CommonOptions) {
        guard !common.json else { return Output.json(token) }
        let end = Units.moment(token.expires)
        Output.note("token \(token.id.hex) of \(token.principal), until \(end)")
        if let end = token.overlapEnds {
            Output.note("the one before goes on until \(Units.moment(end))")
        }
        guard let secret = token.token else {
            return Output.note("it was told before, and is not told again: rotate it")
        }
        Output.line(secret)
    }
}

struct TokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an access token.",
        discussion: """
            Speaks to the admin socket. Example:
              (umask 077; vaultctl token create --principal thumbs --scope images.get > thumbs.token)
            """)

    @Option(help: "For whom it speaks: a principal of the policy with \"tokens: true\".")
    var principal: PrincipalName

    @Option(help: "A verb that it is good for, once each; all that the principal may if none.")
    var scope: [VerbName] = []

    @Option(help: "Days until it expires: 1 to 366.")
    var days = Limits.tokenDaysUnlessSaid

    @Option(help: "What to say of it: up to 200 printable ASCII characters, kept in clear.")
    var note = AdminNote.none

    @Option(help: "A name for this request: 1 to 64 visible ASCII characters.")
    var key: IdempotencyKey?

    @OptionGroup var approved: ApprovalOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard Limits.tokenDays.contains(days) else {
            throw ValidationError("--days is 1 to 366.")
        }
    }

    func run() async throws {
        try await common.session(.admin, approval: approved.approval) { client in
            let request = TokenRequest(
                principal: principal, scopes: TokenScopes(scope), days: days, note: note)
            Tokens.tell(try await client.create(request, key: key), common)
        }
    }
}

struct TokenRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a token another secret; the one before goes on for a while.",
        discussion: """
            A second rotation within the overlap ends the oldest secret at once.

            Speaks to the admin socket. Example: vaultctl token rotate 5fec…6c79 --overlap-hours 24
            """)

    @Argument(help: "The token's id: 32 hexadecimal digits.")
    var id: AccessTokenID

    @Option(help: "Hours for which the secret before goes on: 0 to 720.")
    var overlapHours = Limits.tokenOverlapSecondsUnlessSaid / 3600

    @Option(help: "Days until the new one expires: 1 to 366.")
    var days = Limits.tokenDaysUnlessSaid

    @OptionGroup var approved: ApprovalOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...Limits.tokenOverlapSeconds.upperBound / 3600).contains(overlapHours) else {
            throw ValidationError("--overlap-hours is 0 to 720.")
        }
        guard Limits.tokenDays.contains(days) else {
            throw ValidationError("--days is 1 to 366.")
        }
    }

    func run() async throws {
        try await common.session(.admin, approval: approved.approval) { client in
            let request = TokenRotationRequest(days: days, overlapSeconds: overlapHours * 3600)
            Tokens.tell(try await client.rotate(id, request), common)
        }
    }
}

struct TokenRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End a token at once, with both its secrets.",
        discussion: "Speaks to the admin socket. Example: vaultctl token revoke 5fec…6c79")

    @Argument(help: "The token's id: 32 hexadecimal digits.")
    var id: AccessTokenID

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            Tokens.show([try await client.revoke(id)], common)
        }
    }
}

struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the tokens, oldest first, those that expired among them.",
        discussion: "Speaks to the admin socket. Example: vaultctl token ls",
        aliases: ["list"])

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let tokens = try await Pages.all {
                let page = try await client.tokens($0)
                return (page.tokens, page.next)
            }
            Tokens.show(tokens, common)
        }
    }
}

struct TicketCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ticket",
        abstract: "Let somebody read one image, a few times, for minutes.",
        discussion: """
            Prints the path that a browser, or a worker, fetches the image by through a proxy. The image is read \
            under the claim that is named here.

            Speaks to the images socket. Example: vaultctl ticket 3f7a…2a3b --reads 3 --minutes 5
            """)

    @Argument(help: "The image: 64 hexadecimal digits.")
    var image: ImageID

    @Option(help: "Readings that it is good for: 1 to 1000.")
    var reads = 1

    @Option(help: "Minutes that it lasts: 1 to 60.")
    var minutes = Limits.ticketSecondsUnlessSaid / 60

    @OptionGroup var claim: ClaimOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard Limits.ticketReads.contains(reads) else {
            throw ValidationError("--reads is 1 to 1000.")
        }
        guard (1...Limits.ticketSeconds.upperBound / 60).contains(minutes) else {
            throw ValidationError("--minutes is 1 to 60.")
        }
    }

    func run() async throws {
        try await common.session(.images) { client in
            let answer = try await client.ticket(
                for: image, TicketRequest(reads: reads, seconds: minutes * 60), claim: claim.claim)
            if common.json { return Output.json(answer) }
            Output.note("good for \(answer.reads), until \(Units.moment(answer.expires))")
            Output.line(answer.path)
        }
    }
}
