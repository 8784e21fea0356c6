// Every check by itself: facts go in, a verdict comes out.

import Foundation
import Testing
import Vault
import VaultFormat

@Suite("A doctor's checks")
struct DoctorTests {
    private func verdicts(_ facts: DoctorFacts) -> [DoctorItem: DoctorVerdict] {
        Doctor.look(at: facts).reduce(into: [:]) { $0[$1.item] = $1.diagnosis.verdict }
    }

    @Test("each item has one check, and of what is well nothing is to be done")
    func healthy() throws {
        let findings = Doctor.look(at: try .healthy())
        #expect(findings.map(\.item) == DoctorItem.allCases)
        for finding in findings {
            #expect(finding.diagnosis.verdict == .ok, "\(finding)")
            #expect(finding.diagnosis.fix.isEmpty, "\(finding)")
            #expect(finding.diagnosis.evidence.count == 1, "\(finding)")
        }
    }

    @Test("a fault is found by its check and by no other", arguments: Fault.all)
    func found(_ fault: Fault) throws {
        var facts = try DoctorFacts.healthy()
        try fault.plant(&facts)
        var expected = verdicts(try .healthy())
        expected[fault.item] = fault.verdict
        #expect(verdicts(facts) == expected)
        let finding = try #require(Doctor.look(at: facts).first { $0.item == fault.item })
        #expect(!finding.diagnosis.fix.isEmpty)
        #expect(finding.diagnosis.evidence.allSatisfy { !$0.isEmpty })
    }

    @Test("each check has a fault that it finds")
    func complete() {
        let seen = DoctorItem.allCases.filter { !$0.isAttested && $0 != .sealed }
        #expect(Set(Fault.all.map(\.item)) == Set(seen))
    }

    @Test("a word that ran out is a warning, and none is unknown")
    func attested() throws {
        for item in DoctorItem.allCases where item.isAttested {
            var facts = try DoctorFacts.healthy()
            facts.vault.attestations?[item] = DoctorFacts.attestation(of: item, days: 0)
            var expected = verdicts(try .healthy())
            expected[item] = .warning
            #expect(verdicts(facts) == expected)
            facts.vault.attestations?[item] = nil
            expected[item] = .unknown
            #expect(verdicts(facts) == expected)
        }
    }

    @Test("of a sealed vault no row is believed")
    func sealed() throws {
        var facts = try DoctorFacts.healthy()
        facts.vault = VaultFacts()
        let found = verdicts(facts)
        #expect(found[.sealed] == .warning && found[.log] == .warning)
        let unknown: [DoctorItem] = [
            .slotsProved, .secondSlot, .keyAge, .backupAge, .scrubAge, .tokens, .outages,
            .logKeyPinned,
        ]
        let attested = DoctorItem.allCases.filter(\.isAttested)
        #expect(Set(found.filter { $0.value == .unknown }.keys) == Set(unknown + attested))
    }

    @Test("more evidence than anybody reads is counted")
    func evidence() throws {
        var facts = try DoctorFacts.healthy()
        facts.host.files.state = (0..<40).map {
            FileFacts(path: "/state/\($0)", mode: 0o666, uid: 100)
        }
        let found = try #require(Doctor.look(at: facts).first { $0.item == .stateFiles })
        #expect(found.diagnosis.evidence.count == Limits.doctorEvidence)
        #expect(found.diagnosis.evidence.last == "and 25 more")
    }

    @Test("a version is faulty from where its fault came to where it was mended")
    func libraries() {
        for fault in KnownFault.list {
            #expect(!fault.applies(to: LibraryVersion(fault.library, fault.fixed)), "\(fault.name)")
            #expect(fault.applies(to: LibraryVersion(fault.library, fault.from)), "\(fault.name)")
        }
        #expect(VersionNumber(in: "version 2.1.5 (build 20230203)") == VersionNumber(2, 1, 5))
        #expect(VersionNumber(in: "1.2.13.1-motley") == VersionNumber(1, 2, 13))
        #expect(VersionNumber(in: "5.44") == VersionNumber(5, 44) && VersionNumber(in: "x") == nil)
        #expect(VersionNumber(1, 10) > VersionNumber(1, 9, 9))
    }

    @Test("the page has a row for each item, in their order")
    func page() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/Vault/Vault.docc/Doctor.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .compactMap { line -> String? in
                guard line.hasPrefix("| `"), let end = line.dropFirst(3).firstIndex(of: "`") else {
                    return nil
                }
                return String(line[line.index(line.startIndex, offsetBy: 3)..<end])
            }
        #expect(rows == DoctorItem.allCases.map(\.rawValue))
    }
}
