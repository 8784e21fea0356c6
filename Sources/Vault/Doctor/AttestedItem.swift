// What no program can see: somebody's word, until the day that it ends.

import VaultFormat

struct AttestedItem {
    let item: DoctorItem

    func judge(_ facts: DoctorFacts) -> Diagnosis {
        let fix = "vaultctl doctor attest \(item.rawValue) --evidence FILE --expires DATE"
        guard let rows = facts.vault.attestations else { return .withoutRows(facts) }
        guard let row = rows[item] else { return .unknown("nobody gave his word", fix: fix) }
        let words =
            "uid \(row.attester) on \(Timestamp.text(microseconds: row.madeMicroseconds)), "
            + "until \(Timestamp.text(microseconds: row.expiresMicroseconds)), "
            + "evidence of \(row.evidenceBytes) bytes with SHA-256 \(row.evidence.hex)"
        return row.expiresMicroseconds > facts.nowMicroseconds
            ? .ok(words) : .warning("it ran out: \(words)", fix: fix)
    }
}
