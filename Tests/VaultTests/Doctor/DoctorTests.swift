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
            .logKeyPinned, .incidents,
        ]
        let attested = DoctorItem.allCases.filter(\.isAttested)
        #expect(Set(found.filter { $0.value == .unknown }.keys) == Set(unknown + attested))
    }

    @Test("rows that cannot be read are not called sealed")
    func unreadable() throws {
        var facts = try DoctorFacts.healthy()
        facts.vault.slots = nil
        facts.vault.attestations = nil
        let bad = Doctor.look(at: facts).filter { $0.diagnosis.verdict != .ok }
        let items: [DoctorItem] = [.slotsProved, .secondSlot]
        #expect(Set(bad.map(\.item)) == Set(items + DoctorItem.allCases.filter(\.isAttested)))
        for finding in bad {
            #expect(finding.diagnosis.verdict == .failure)
            #expect(finding.diagnosis.evidence == ["its rows in the catalog cannot be read"])
        }
    }

    @Test("cores that are piped to a program matter where this process leaves any")
    func pipes() throws {
        var facts = try DoctorFacts.healthy()
        facts.host.process.corePattern = "|/usr/lib/coredumps %P"
        #expect(verdicts(facts) == verdicts(try .healthy()))
        facts.host.process.isDumpable = true
        #expect(verdicts(facts)[.corePattern] == .warning)
        facts.host.process.isDumpable = nil
        #expect(verdicts(facts)[.corePattern] == .unknown)
    }

    @Test("a credential of systemd may show its access list's mask where the group's bits are")
    func credentials() throws {
        let directory = "/run/credentials/vault.service"
        func verdict(
            _ path: String = "\(directory)/root.key", mode: UInt32 = 0o440, gid: UInt32 = 0,
            _ medium: PlaceFacts.Medium = .memory
        ) throws -> DoctorVerdict? {
            var facts = try DoctorFacts.healthy()
            var key = DoctorFacts.path(
                path, mode: mode, on: PlaceFacts(fileSystem: 7, medium: medium))
            key.target?.gid = gid
            facts.host.files.keys = [key]
            return verdicts(facts)[.keyFiles]
        }
        #expect(try verdict() == .ok)
        #expect(try verdict(gid: 101) == .ok)
        #expect(try verdict(gid: 102) == .failure)
        #expect(try verdict(mode: 0o444) == .failure)
        #expect(try verdict(mode: 0o460) == .failure)
        #expect(try verdict("/run/credentials/vault.servicex/root.key") == .failure)
        #expect(try verdict("\(directory)/root.key", .disks(["sda"])) == .failure)
        var facts = try DoctorFacts.healthy()
        facts.host.credentials = nil
        facts.host.files.keys = [
            DoctorFacts.path(
                "\(directory)/root.key", mode: 0o440,
                on: PlaceFacts(fileSystem: 7, medium: .memory))
        ]
        #expect(verdicts(facts)[.keyFiles] == .failure)
    }

    @Test("two places share a file system, disks, nothing, or what nobody can tell")
    func places() {
        func place(_ number: UInt64, _ medium: PlaceFacts.Medium) -> PlaceFacts {
            PlaceFacts(fileSystem: number, medium: medium)
        }
        let disk = place(1, .disks(["sda", "sdb"]))
        let cases: [(PlaceFacts, PlaceFacts.Common)] = [
            (place(1, .unknown), .fileSystem), (place(2, .disks(["sdb", "sdc"])), .disks(["sdb"])),
            (place(2, .disks(["sdc"])), .nothing), (place(2, .memory), .nothing),
            (place(2, .network), .nothing), (place(2, .unknown), .unknown),
        ]
        for (other, common) in cases {
            #expect(disk.common(with: other) == common && other.common(with: disk) == common)
        }
        #expect(place(2, .network).common(with: place(3, .network)) == .unknown)
        #expect(place(2, .memory).common(with: place(3, .unknown)) == .nothing)
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
