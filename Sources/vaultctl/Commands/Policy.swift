// `policy`: who may do what; looked at, tried out before it is in force, and taken.

import ArgumentParser
import Foundation
import VaultAPI
import VaultClient
import VaultFormat
import VaultPolicy

struct Policy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, check or reload who may do what.",
        discussion: """
            The settings of vaultd name the policy's file as policy_file. Without one, whoever the doors' settings \
            admit may do all that a socket takes.
            """,
        subcommands: [
            PolicyShow.self, PolicyCheck.self, PolicyExplain.self, PolicyReload.self,
            PolicyVerbs.self,
        ])

    /// The policy of a file; what is wrong with it is said, and ends the command.
    static func policy(of path: String) throws -> AccessPolicy {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: Limits.policyBytes + 1),
            let text = String(data: data, encoding: .utf8)
        else {
            Output.note("vaultctl: \(path) cannot be read as UTF-8")
            throw ExitCode(ExitKind.other.rawValue)
        }
        do {
            return try PolicyFile.policy(of: text, accounts: SystemAccounts())
        } catch {
            Output.note("vaultctl: \(path): \(error)")
            throw ExitCode(ExitKind.other.rawValue)
        }
    }

    static func show(_ answer: PolicyAnswer) {
        var table = Table([
            ("PRINCIPAL", .left), ("USERS", .left), ("GROUPS", .left), ("UNITS", .left),
            ("ROLES", .left), ("VERBS", .right), ("NAMESPACE", .left), ("BY", .left),
        ])
        for one in answer.principals {
            table.add([
                one.name, words(one.users), words(one.groups), words(one.units), words(one.roles),
                "\(one.verbs.count)", one.namespace.description, one.ways,
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
        show(answer.namespaces)
    }

    /// Nothing where the policy names no namespace.
    private static func show(_ namespaces: [PolicyAnswer.Namespace]) {
        guard !namespaces.isEmpty else { return }
        var table = Table([
            ("NAMESPACE", .left), ("IMAGES", .right), ("STORED", .right), ("UPLOADS/MIN", .right),
            ("BYTES/S", .right),
        ])
        for one in namespaces {
            let quota = one.quota
            table.add([
                one.name.description, quota.maxImages.map { "\($0)" } ?? "-",
                quota.maxBytes.map { Units.bytes($0) } ?? "-",
                quota.uploadsPerMinute.map { "\($0)" } ?? "-",
                quota.uploadBytesPerSecond.map { Units.bytes($0) } ?? "-",
            ])
        }
        Output.line("\n" + table.lines.joined(separator: "\n"))
    }

    private static func words(_ list: [some CustomStringConvertible]) -> String {
        list.isEmpty ? "-" : list.map(\.description).joined(separator: ",")
    }
}

extension PolicyAnswer.Principal {
    fileprivate var isKnownToKernel: Bool { !users.isEmpty || !groups.isEmpty }

    /// How somebody becomes it.
    fileprivate var ways: String {
        if proxy { return "proxy" }
        return [isKnownToKernel ? "uid" : nil, tokens ? "token" : nil].compactMap(\.self)
            .joined(separator: ", ")
    }
}

struct PolicyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the policy in force.",
        discussion: "Speaks to the admin socket. Example: vaultctl policy show")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin) { client in
            let answer = try await client.policy()
            if common.json { return Output.json(answer) }
            Output.line(
                answer.digest.map { "policy     \($0)" }
                    ?? "policy     none: the doors' settings say who is admitted")
            Policy.show(answer)
        }
    }
}

struct PolicyCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a policy's file is in order, and what it means.",
        discussion: """
            Speaks to no daemon. Names of users and groups are looked up on this machine. Exit status 1 where \
            the file would be refused, with the line.

            Example: vaultctl policy check /etc/imagevault/policy.yaml
            """)

    @Argument(help: "The policy's file.", completion: .file())
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let answer = PolicyAnswer(try Policy.policy(of: file))
        if json { return Output.json(answer) }
        Policy.show(answer)
    }
}

struct PolicyExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say whether somebody may do something, and why.",
        discussion: """
            Of the policy in force, or of --file before it is. Exit status 0 where it is allowed, 5 where not. \
            "vaultctl policy verbs" lists the verbs.

            Examples:
              vaultctl policy explain web images.get
              vaultctl policy explain web images.delete --file policy.yaml
            """)

    @Argument(help: "The principal's name.")
    var principal: String

    @Argument(help: "The verb, such as images.get.")
    var verb: String

    @Option(help: ArgumentHelp("A policy's file.", valueName: "path"), completion: .file())
    var file: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard VerbName(rawValue: verb) != nil else {
            throw ValidationError("There is no verb \(verb); vaultctl policy verbs lists them.")
        }
    }

    func run() async throws {
        if let file {
            return try explain(PolicyAnswer(try Policy.policy(of: file)))
        }
        try await common.session(.admin) { client in
            try explain(try await client.policy())
        }
    }

    private func explain(_ answer: PolicyAnswer) throws {
        guard let one = answer.principals.first(where: { $0.name == principal }) else {
            let known = answer.principals.map(\.name).joined(separator: ", ")
            Output.line("no: there is no principal \(principal); there is \(known)")
            throw ExitCode(ExitKind.notPermitted.rawValue)
        }
        guard !one.proxy else {
            Output.line("no: \(principal) is a proxy, which passes on what tokens and tickets may")
            throw ExitCode(ExitKind.notPermitted.rawValue)
        }
        let roles = one.roles.isEmpty ? "the doors' settings" : one.roles.joined(separator: ", ")
        guard one.verbs.contains(verb) else {
            Output.line("no: \(principal) has \(roles), which does not have \(verb)")
            throw ExitCode(ExitKind.notPermitted.rawValue)
        }
        // What several sockets take is had at those alone where there is something else.
        let held = one.verbs.compactMap { VerbName(rawValue: $0) }
        let own = Set(held.filter { $0.doors.count == 1 }.flatMap(\.doors))
        let doors = VerbName(rawValue: verb)?.doors.intersection(own).map(\.socketName).sorted()
        Output.line(
            "yes: \(principal) has \(roles), which has \(verb), at \((doors ?? []).joined(separator: ", ")), "
                + "in namespace \(one.namespace), by \(one.ways)")
    }
}

struct PolicyReload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Take the policy from its file again.",
        discussion: """
            Speaks to the admin socket. A file that is not in order is refused whole, and the old policy stays. \
            Another policy is an event with the file's SHA-256. SIGHUP does the same, unless the settings have \
            two_person for it.

            Example: vaultctl policy reload
            """)

    @OptionGroup var approved: ApprovalOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await common.session(.admin, approval: approved.approval) { client in
            let answer = try await client.reloadPolicy()
            if common.json { return Output.json(answer) }
            Output.line("policy     \(answer.digest ?? "-")")
            Policy.show(answer)
        }
    }
}

struct PolicyVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verbs",
        abstract: "List the verbs, the sockets that take them, and the roles that have them.",
        discussion: "Example: vaultctl policy verbs")

    func run() {
        var table = Table([("VERB", .left), ("SOCKETS", .left), ("ROLES", .left)])
        for verb in VerbName.allCases {
            let roles = Role.standard.filter { $0.verbs.contains(verb) }.map(\.name)
            table.add([
                verb.rawValue, verb.doors.map(\.name).sorted().joined(separator: ","),
                roles.isEmpty ? "-" : roles.joined(separator: ","),
            ])
        }
        Output.line(table.lines.joined(separator: "\n"))
    }
}
