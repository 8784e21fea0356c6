// `inspect`: what the vault would say of files, without storing one. A daemon is asked where --socket
// names one; otherwise a `vaultinspect` of our own judges, under the policy of the options.

import ArgumentParser
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say which files the vault would take, and why not the others.",
        discussion: """
            Stores nothing and needs no daemon: vaultinspect, which is looked for beside vaultctl, judges \
            the files behind its walls. With --socket the vault there is asked instead, and its own \
            policy holds.

            Exit code 0: all would be accepted. 3: some would be refused.

            Example: vaultctl inspect photo.jpg holiday/ --trailer truncate
            """)

    @Argument(help: "Files, or directories to search.", completion: .file())
    var paths: [String]

    @Option(help: "How deep: structure or decode.")
    var level: InspectionLevel?

    @Option(help: "Bytes after a JPEG's end: refuse or truncate.")
    var trailer: InspectionPolicy.Trailer?

    @Option(help: "Data beside the picture: keep or strip.")
    var metadata: InspectionPolicy.Metadata?

    @Option(help: ArgumentHelp("Another vaultinspect.", valueName: "path"), completion: .file())
    var inspector: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        let own: [Any?] = [level, trailer, metadata, inspector]
        guard common.socket == nil || own.allSatisfy({ $0 == nil }) else {
            throw ValidationError("--socket asks a vault, whose policy is its own.")
        }
    }

    func run() async throws {
        let plan = try UploadPlan(paths)
        plan.faults.forEach { common.tell(.file($0)) }
        var report = InspectReport(common: common)
        report.kinds = plan.faults.map { $0.reason == .unusableName ? .refusedImage : .other }
        if common.socket == nil {
            try inspectHere(plan.items, &report)
            try report.end()
        } else {
            try await ask(plan.items, report)
        }
    }

    private func inspectHere(_ items: [UploadPlan.Item], _ report: inout InspectReport) throws {
        var policy = InspectionPolicy.default
        if let level { policy.level = level }
        if let trailer { policy.trailer = trailer }
        if let metadata { policy.metadata = metadata }
        let program = inspector ?? Self.beside
        let local = LocalInspector(program: program, policy: policy)
        for item in items {
            try Task.checkCancellation()
            do throws(LocalInspector.Failure) {
                let answer = try local.inspect(item)
                report.add(InspectedFile(item.path, bytes: item.bytes, answer))
            } catch .file(let error) {
                report.fail(error, about: item.path)
            } catch .noAnswer {
                report.fail("the inspector gave no answer", about: item.path)
            } catch {
                Output.note("vaultctl: \(program) cannot be used: name another with --inspector")
                throw ExitCode(ExitKind.unavailable.rawValue)
            }
        }
    }

    private func ask(_ items: [UploadPlan.Item], _ begun: InspectReport) async throws {
        try await common.session(.images) { client in
            var report = begun
            for item in items {
                do throws(ClientError) {
                    let answer = try await client.inspect(
                        try UploadFile(item.path), name: item.name)
                    report.add(InspectedFile(item.path, answer))
                } catch {
                    report.fail(error, about: item.path)
                    if ExitKind.isHopeless(error) { break }
                }
            }
            try report.end()
        }
    }

    /// vaultinspect in the directory of this program.
    private static var beside: String {
        var room = [CChar](repeating: 0, count: Int(PATH_MAX))
        // The kernel writes at most so many bytes.
        let count = unsafe readlink("/proc/self/exe", &room, room.count)
        let own = String(
            decoding: room.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + "vaultinspect"
    }
}

/// What was found, gathered for the table.
struct InspectReport: Sendable {
    let common: CommonOptions
    private var table = InspectedFile.table
    private var accepted = 0
    private var refused = 0
    /// One for each file that is not accepted.
    var kinds: [ExitKind] = []

    init(common: CommonOptions) {
        self.common = common
    }

    mutating func add(_ file: InspectedFile) {
        if file.accepted { accepted += 1 } else { refused += 1 }
        if !file.accepted { kinds.append(.refusedImage) }
        if common.json { Output.json(file) } else { table.add(file.row) }
    }

    mutating func fail(_ error: ClientError, about path: String) {
        kinds.append(ExitKind(error))
        common.tell(error, about: path)
    }

    mutating func fail(_ words: String, about path: String) {
        kinds.append(.unavailable)
        Output.note("\(path): \(words)")
    }

    /// Prints the table and ends the process by what is in it.
    ///
    /// - Throws: `ExitCode` unless every file is accepted.
    func end() throws {
        if !common.json {
            if accepted + refused > 0 { Output.line(table.lines.joined(separator: "\n")) }
            if accepted + refused > 1 { Output.note("\(accepted) accepted, \(refused) refused.") }
        }
        let kind = ExitKind.combined(kinds)
        guard kind == .done else { throw ExitCode(kind.rawValue) }
    }
}
