// `bundle`: rows of the log, and whether the log has them.

import ArgumentParser
import Glibc
import VaultCrypto
import VaultFormat

struct Bundle: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Check what \"vaultctl audit export\" or \"audit report\" kept of the log.",
        discussion: """
            Every event shown is hashed, and the whole log's tree made anew from what is shown and \
            what is folded away: its root has to be the one that the vault signed. The first rule \
            that does not hold is named, and the index of the event at which it fails.

            A report is a page that carries its bundle: that is what is checked, and nothing else of \
            the page. What it says when it is opened is its own word.

            --known takes a checkpoint kept from before and finds a log that was rolled back or \
            forked since. --fingerprint takes what "vaultd init" printed, and finds a key file \
            that was replaced.

            Examples:
              vaultverify bundle log.bundle --key audit.pub
              vaultverify bundle log.bundle --key audit.pub --fingerprint 3b9a… --known last.txt
              vaultverify bundle imagevault-report-2026-Q3.html --key audit.pub
              vaultctl audit export | vaultverify bundle - --key audit.pub
            """)

    @Argument(help: "The bundle, or a report; - for standard input.")
    var file: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.")
    var key: String

    @Option(help: "Trust only the file's key of this fingerprint: 64 digits.")
    var fingerprint: String?

    @Option(help: "A checkpoint from before, of which this log has to be the continuation.")
    var known: String?

    @Option(help: "The keys of witnesses, a line each.")
    var witness: String?

    @Option(help: "How many of the witnesses have to have signed; with --witness, all by default.")
    var witnesses: Int?

    func validate() throws {
        if let witnesses, witness == nil || witnesses < 1 {
            throw ValidationError("--witnesses is a count from 1, and needs --witness.")
        }
    }

    func run() throws {
        do {
            print(Self.words(try Self.read(file, try trust())).joined(separator: "\n"))
        } catch let fault as BundleFault {
            throw Refusal("\(fault.rule.rawValue) at index \(fault.index): \(fault.words)")
        } catch {
            throw Refusal(error)
        }
    }

    private func trust() throws -> BundleTrust {
        var trust = BundleTrust(keys: try NoteVerifier.all(in: InputFile.text(key)))
        trust.fingerprint = fingerprint
        if let known { trust.known = try InputFile.text(known) }
        if let witness {
            let lines = try InputFile.text(witness).split(separator: "\n")
            trust.witnesses = try lines.map { try WitnessVerifier(line: $0) }
            trust.witnessesNeeded = witnesses ?? trust.witnesses.count
        }
        return trust
    }

    /// Reads the file once, a piece at a time.
    private static func read(_ path: String, _ trust: BundleTrust) throws -> BundleSummary {
        var bundle = try BundleFile(trust)
        guard let file = unsafe fopen(path == "-" ? "/dev/stdin" : path, "re") else {
            throw Refusal("\(path) cannot be read")
        }
        defer { unsafe fclose(file) }
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = unsafe fread(&piece, 1, piece.count, file)
            guard unsafe ferror(file) == 0 else { throw Refusal("\(path) cannot be read") }
            if count == 0 { return try bundle.finish() }
            try bundle.feed(piece.prefix(count))
        }
    }

    private static func words(_ found: BundleSummary) -> [String] {
        let heading = found.heading
        let rows = heading.query.map { "those that answer \($0)" } ?? "all of the range"
        var lines = [
            "vault         \(heading.vault)",
            "range         \(heading.from) up to \(heading.to), without the last",
            "shown         \(rows): \(found.events) events, and \(found.erased) without body",
            "log           \(found.size) events, root \(found.root)",
        ]
        if !found.witnesses.isEmpty {
            lines.append("witnesses     \(found.witnesses.joined(separator: ", "))")
        }
        return lines + ["signed by     key \(found.fingerprint)", "holds"]
    }
}
