// `doctor`: the checklist of a vault, looked at.

import ArgumentParser
import Crypto
import Foundation
import VaultAPI
import VaultClient
import VaultFormat

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look whether the vault and its machine are as they should be.",
        discussion: """
            The daemon looks at its files, its process, its machine, its keys, its log and its policy. What no program \
            can see takes somebody's word: "vaultctl doctor attest".

            Speaks to the admin socket. Example: vaultctl doctor
            """,
        subcommands: [DoctorRun.self, DoctorAttest.self],
        defaultSubcommand: DoctorRun.self)
}

struct DoctorRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Look, and list what was found, worst first.",
        discussion: """
            Ends with 7 if a check failed. The log has an event with the counts and the SHA-256 of what --json prints \
            without its last line end.

            Speaks to the admin socket. Example: vaultctl doctor --only swap clock
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Show these alone.", valueName: "check"))
    var only: [DoctorItem] = []

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let wanted = Set(only.map(\.rawValue))
        try await common.session(.admin) { client in
            let found = try await client.doctor()
            let checks = found.checks.filter { wanted.isEmpty || wanted.contains($0.id) }
            let shown =
                wanted.isEmpty
                ? found : DoctorAnswer(atMicroseconds: found.at.microseconds ?? 0, checks: checks)
            if common.json {
                Output.json(shown)
            } else {
                Output.line(DoctorPage.lines(shown).joined(separator: "\n"))
            }
            guard shown.counts.failure == 0 else { throw ExitCode(ExitKind.damaged.rawValue) }
        }
    }
}

struct DoctorAttest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest",
        abstract: "Give your word on what no program can see.",
        discussion: """
            The vault keeps who gave it, when, until when, and the SHA-256 of the evidence; the file itself stays with \
            you. A word given anew takes the place of the one before.

            Items: \(DoctorItem.attested.map(\.rawValue).joined(separator: ", ")).

            Speaks to the admin socket. Example: \
            vaultctl doctor attest firewall --evidence nft.txt --expires 2027-03-31
            """)

    @Argument(help: "What it is on.")
    var item: DoctorItem

    @Option(
        help: ArgumentHelp("What shows it: a report, a listing, minutes.", valueName: "file"),
        completion: .file())
    var evidence: String

    @Option(help: "Until the end of this day in UTC, as 2027-03-31; at most 400 days from now.")
    var expires: ExpiryDay

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard item.isAttested else {
            throw ValidationError("\(item.rawValue) is looked at, and takes nobody's word")
        }
    }

    func run() async throws {
        try await common.session(.admin) { client in
            let (digest, bytes) = try hashed()
            let made = try await client.attest(
                AttestationRequest(
                    item: item, evidence: digest, bytes: bytes, expires: expires.end))
            guard !common.json else { return Output.json(made) }
            Output.line(
                "\(made.item): until \(Units.moment(made.expires)), evidence of "
                    + "\(Units.count(made.bytes, "byte")) with SHA-256 \(made.evidence.hex)")
        }
    }

    /// Read in pieces: a report may be large.
    private func hashed() throws -> (Digest256, Int) {
        guard let file = FileHandle(forReadingAtPath: evidence) else {
            Output.note("vaultctl: \(evidence) cannot be opened")
            throw ExitCode(ExitKind.other.rawValue)
        }
        var (hash, bytes) = (SHA256(), 0)
        do {
            while let piece = try file.read(upToCount: Limits.evidencePieceBytes), !piece.isEmpty {
                hash.update(data: piece)
                bytes += piece.count
            }
            return (try Digest256(bytes: Array(hash.finalize())), bytes)
        } catch {
            Output.note("vaultctl: \(evidence) cannot be read")
            throw ExitCode(ExitKind.other.rawValue)
        }
    }
}

/// A day in UTC, whose end is meant.
struct ExpiryDay: ExpressibleByArgument {
    let end: UTCTime

    init?(argument: String) {
        guard argument.utf8.count == 10,
            let end = try? UTCTime(wireText: "\(argument)T23:59:59.999999Z"),
            end.microseconds != nil
        else { return nil }
        self.end = end
    }
}

extension DoctorItem: ExpressibleByArgument {
    package static var allValueStrings: [String] { allCases.map(\.rawValue) }
    static var attested: [DoctorItem] { allCases.filter(\.isAttested) }
}
