// What `status` warns of: ways into the vault that nobody has tried for long, or ever.

import VaultAPI
import VaultFormat

enum SlotWarning {
    /// One line, or nil when every slot has a proof that is young enough.
    ///
    /// - Parameter microseconds: now, since 1970.
    static func text(_ slots: [StatusAnswer.Slot], at microseconds: Int64) -> String? {
        let days = Limits.slotProofDays
        // Times in UTC are in the order of their texts.
        let oldest = UTCTime(microseconds: microseconds - Int64(days) * 86_400_000_000).wireText
        let never = slots.count { $0.proved == nil }
        let old = slots.count { ($0.proved?.wireText ?? oldest) < oldest }
        guard never + old > 0 else { return nil }
        var parts: [String] = []
        if never > 0 { parts.append("\(Units.count(never, "slot")) never proved") }
        if old > 0 {
            let slots = never > 0 ? "\(old)" : Units.count(old, "slot")
            parts.append("\(slots) not for \(days) days")
        }
        return parts.joined(separator: ", ") + ": vaultctl slots prove"
    }
}
