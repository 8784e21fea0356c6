// A receipt as people read it: what went, how far that is, what it waits for and what to do about each, what
// stays.

import VaultAPI
import VaultFormat

enum ReceiptText {
    static func page(_ receipt: ReceiptAnswer) -> [String] {
        let erased =
            ErasureKind(name: receipt.erased)?.meaning ?? TerminalText.field(receipt.erased)
        var pairs: [(String, String)] = [
            ("receipt", receipt.id.hex), ("erased", erased),
            ("namespace", receipt.namespace?.description ?? "all"),
        ]
        if let image = receipt.image { pairs.append(("image", image.hex)) }
        if let operation = receipt.operation { pairs.append(("operation", operation.hex)) }
        pairs += [
            ("asked", Units.moment(receipt.asked)), ("went", went(receipt)),
        ]
        // What is no operation takes all or nothing.
        if receipt.operation != nil {
            pairs.append(("left", ErasureReceipt.words(left: receipt.left)))
        }
        pairs += [
            ("level", level(receipt)), ("as of", Units.moment(receipt.at)),
        ]
        var lines = Table.pairs(pairs)
        if !receipt.waits.isEmpty { lines += ["", "It waits for:"] + waits(receipt.waits) }
        if !receipt.attested.isEmpty {
            lines += ["", "Destroyed, somebody says:"]
            lines += receipt.attested.map {
                "  escrow \($0.escrow.hex)  by uid \($0.uid), \(Units.moment($0.at))"
            }
        }
        return lines + [
            "", "What stays for good: \(words(receipt.remains)).",
            "What it cannot speak of: \(words(receipt.excludes)).",
        ]
    }

    /// `1: its wrapped keys are gone …`.
    static func level(_ receipt: ReceiptAnswer) -> String {
        let meaning = ErasureLevel(rawValue: receipt.level)?.meaning
        return meaning.map { "\(receipt.level): \($0)" } ?? String(receipt.level)
    }

    /// `2 claims, 1 image, 204.8 kB`.
    static func went(_ receipt: ReceiptAnswer) -> String {
        [
            Units.count(Int(clamping: receipt.claims), "claim"),
            Units.count(Int(clamping: receipt.images), "image"),
            Units.bytes(Int(clamping: receipt.bytes)),
        ].joined(separator: ", ")
    }

    /// `backup 5fec…, expires 2026-12-01 00:00:00Z`.
    static func name(_ wait: ReceiptWait) -> String {
        var text = TerminalText.field(wait.kind)
        if let epoch = wait.epoch { text += " \(epoch)" }
        if let backup = wait.backup { text += " \(backup.hex)" }
        if let escrow = wait.escrow { text += " \(escrow.hex)" }
        if let expires = wait.expires { text += ", expires \(Units.moment(expires))" }
        return text
    }

    private static func waits(_ waits: [ReceiptWait]) -> [String] {
        waits.flatMap { wait in
            ["  level \(wait.level)  \(name(wait))"]
                + (wait.wait.map { ["           \($0.remedy)"] } ?? [])
        }
    }

    private static func words(_ words: [String]) -> String {
        TerminalText.field(words.map { $0.replacing("-", with: " ") }.joined(separator: ", "))
    }
}
