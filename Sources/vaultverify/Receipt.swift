// `receipt`: how far an erasure was when the vault signed that.

import ArgumentParser
import VaultCrypto
import VaultFormat

struct Receipt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Check the receipt of an erasure, and say what it states.",
        discussion: """
            It speaks of the moment at which it was signed: the vault gives a newer one for the asking.

            Example: vaultverify receipt receipt.txt --key audit.pub
            """)

    @Argument(help: "What \"vaultctl receipt show --output\" kept.")
    var file: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.")
    var key: String

    func run() throws {
        let receipt: ErasureReceipt
        let note: VerifiedNote
        do {
            note = try VerifiedNote(file: file, keys: key)
            receipt = try ErasureReceipt(parsing: note.text)
            try note.require(receipt.vault, of: "receipt")
        } catch {
            throw Refusal(error)
        }
        print((Self.what(receipt) + Self.state(receipt)).joined(separator: "\n"))
        print("signed by     key \(note.verifier.fingerprint)")
    }

    private static func what(_ receipt: ErasureReceipt) -> [String] {
        var lines = [
            "vault         \(receipt.vault)", "receipt       \(receipt.receipt)",
            "erased        \(receipt.kind.meaning)",
            "namespace     \(receipt.namespace?.description ?? "all")",
        ]
        if let image = receipt.image { lines.append("image         \(image)") }
        if let operation = receipt.operation { lines.append("operation     \(operation)") }
        lines += [
            "asked at      \(receipt.asked)",
            "went          claims: \(receipt.claims), images: \(receipt.images), "
                + "bytes: \(receipt.bytes)",
        ]
        // What is no operation takes all or nothing.
        guard receipt.operation != nil else { return lines }
        return lines + ["left          \(ErasureReceipt.words(left: receipt.left))"]
    }

    private static func state(_ receipt: ErasureReceipt) -> [String] {
        let level = receipt.level
        let waits = receipt.waits.map {
            "waits for     \(words($0)), below level \($0.level.rawValue)"
        }
        return [
            "stated at     \(receipt.at)", "level         \(level.rawValue): \(level.meaning)",
        ] + waits
            + receipt.attestations.map {
                "attested      escrow \($0.escrow) is destroyed, says uid \($0.uid) at \($0.at)"
            } + [
                "stays         \(ErasureReceipt.remains.joined(separator: ", "))",
                "not claimed   \(ErasureReceipt.excludes.joined(separator: ", "))",
                "log           \(receipt.logSize) events, root \(receipt.logRoot)",
            ]
    }

    private static func words(_ wait: ErasureWait) -> String {
        switch wait {
        case .operation: "the operation's end"
        case .purge: "the store's purge"
        case .epoch(let epoch): "the end of epoch \(epoch)"
        case .backup(let backup, let expires):
            "backup \(backup), which expires \(expires ?? "never")"
        case .escrow(let escrow): "escrow \(escrow)"
        }
    }
}
