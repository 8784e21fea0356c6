// What a doctor found, for somebody who is tired: worst first, a line a check, and beneath what is not well what was
// seen and what to do.

import VaultAPI
import VaultFormat

enum DoctorPage {
    static func lines(_ found: DoctorAnswer) -> [String] {
        let width = found.checks.map(\.id.count).max() ?? 0
        // What a newer vault calls otherwise is shown first.
        let rank = { (check: DoctorAnswer.Check) in
            DoctorVerdict(rawValue: check.verdict).flatMap {
                DoctorVerdict.allCases.firstIndex(of: $0)
            } ?? DoctorVerdict.allCases.count
        }
        let sorted = found.checks.enumerated().sorted {
            (rank($1.element), $0.offset) < (rank($0.element), $1.offset)
        }
        return sorted.flatMap { lines($0.element, width) } + ["", closing(found.counts)]
    }

    private static func lines(_ check: DoctorAnswer.Check, _ width: Int) -> [String] {
        let gap = String(repeating: " ", count: max(0, width - check.id.count))
        let head = "\(word(check.verdict))  \(check.id)\(gap)  "
        let first = TerminalText.field(check.evidence.first ?? "")
        let indent = String(repeating: " ", count: head.count)
        let more = check.evidence.dropFirst().map { indent + TerminalText.field($0) }
        let fix = check.fix.map { [indent + "-> " + TerminalText.field($0)] } ?? []
        return [head + first] + more + fix
    }

    private static func word(_ verdict: String) -> String {
        switch DoctorVerdict(rawValue: verdict) {
        case .ok: "ok     "
        case .unknown: "unknown"
        case .warning: "WARNING"
        case .failure: "FAILED "
        case nil: TerminalText.field(verdict)
        }
    }

    private static func closing(_ counts: DoctorAnswer.Counts) -> String {
        let total = counts.ok + counts.unknown + counts.warning + counts.failure
        return "\(Units.count(total, "check")): \(counts.failure) failed, "
            + "\(Units.count(counts.warning, "warning")), \(counts.unknown) unknown, \(counts.ok) ok"
    }
}
