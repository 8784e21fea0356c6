// A vault and a machine of which nothing is to be said, and what can be wrong with them.

import Testing
import Vault
import VaultFormat
import VaultTestKit

/// Something wrong, the check that finds it, and what it calls it.
struct Fault: CustomTestStringConvertible, Sendable {
    let words: String
    let item: DoctorItem
    let verdict: DoctorVerdict
    let plant: @Sendable (inout DoctorFacts) throws -> Void
    var testDescription: String { "\(item.rawValue): \(words)" }

    init(
        _ item: DoctorItem, _ verdict: DoctorVerdict, _ words: String,
        _ plant: @escaping @Sendable (inout DoctorFacts) throws -> Void
    ) {
        self.item = item
        self.verdict = verdict
        self.words = words
        self.plant = plant
    }
}

extension DoctorFacts {
    static let now: Int64 = 1_700_000_000_000_000
    static let day: Int64 = 86_400_000_000

    static func healthy() throws -> DoctorFacts {
        DoctorFacts(
            host: try host(), vault: try vault(), policy: try policy(), nowMicroseconds: now)
    }

    /// The daemon's user is 100.
    private static func host() throws -> HostFacts {
        var host = HostFacts()
        (host.uid, host.gid) = (100, 101)
        host.credentials = "/run/credentials/vault.service"
        let state = FileFacts(path: "/state", mode: 0o700, uid: 100)
        host.files.state = [state, FileFacts(path: "/state/keyring", mode: 0o600, uid: 100)]
        host.files.keys = [path("/keys/root.key", mode: 0o400, on: disk("sdb"))]
        host.files.settings = [path("/etc/vaultd.yaml", mode: 0o644)]
        host.files.programs = [path("/libexec/vaultinspect", mode: 0o755)]
        let socket = FileFacts(path: "/run/admin.sock", mode: 0o660, uid: 100, gid: 7)
        host.files.sockets = [SocketFacts(file: socket, mode: 0o660, group: 7)]
        host.files.publicKey = path("/state/audit.pub", mode: 0o644)
        host.files.pinned = ["old", "signing"]
        host.process.lockedBytes = Limits.keyArenaBytes
        host.process.lockLimit = 8 << 20
        host.process.coreLimit = 0
        host.process.isDumpable = false
        host.process.corePattern = "core"
        host.swaps = [
            SwapFacts(name: "/dev/dm-1", isEncrypted: true),
            SwapFacts(name: "/dev/zram0", isEncrypted: false, isMemory: true),
        ]
        host.database = DatabaseFacts(
            secureDelete: 1, synchronous: 2, journal: "wal", logBytes: 4 << 20)
        host.disk = DiskFacts(
            freeBytes: 50, totalBytes: 100, hasReserve: true, place: disk("sda"))
        host.clock = ClockFacts(isSynchronized: true, errorMicroseconds: 1000)
        host.workers = WallFacts(
            filter: 2, hasNoNewPrivileges: true, files: 0, processes: 0, landlock: 4,
            attempts: [.openFile: false, .makeSocket: false])
        host.libraries = Library.allCases.map { LibraryVersion($0, VersionNumber(9, 9, 9)) }
        host.anchorPlace = .file(path: "/mnt/anchor", place: disk("sdc"))
        host.groupNames = [50: "vault-admins"]
        return host
    }

    /// A disk is a file system of its own here, whose number nobody else has.
    static func disk(_ name: String) -> PlaceFacts {
        PlaceFacts(
            fileSystem: name.utf8.reduce(0) { $0 << 8 | UInt64($1) }, medium: .disks([name]))
    }

    /// A file of root's, and a directory of root's that it lies in.
    static func path(
        _ path: String, mode: UInt32, on place: PlaceFacts? = nil
    ) -> PathFacts {
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        return PathFacts(
            path: path, target: FileFacts(path: path, mode: mode, uid: 0),
            way: ["/", "/\(directory)"].map { FileFacts(path: $0, mode: 0o755, uid: 0) },
            place: place)
    }

    private static func vault() throws -> VaultFacts {
        var vault = VaultFacts()
        vault.isSealed = false
        vault.logKeyFingerprint = "signing"
        vault.twoPerson = Set(TwoPersonRule.allCases)
        // What was put right a month ago.
        vault.ahead = .init(
            indexes: 3..<5, atMicroseconds: now + day, endedMicroseconds: now - 30 * day)
        vault.outages = [now - 31 * day]
        vault.anchors = [
            AnchorStatus(
                kind: .file, state: .current, keptMicroseconds: now, logSize: 4, failures: 0)
        ]
        vault.slots = ["a", "b"].map {
            .init(name: $0, file: .keyring, provedMicroseconds: now - 90 * day)
        }
        vault.primaryMicroseconds = now - 365 * day
        vault.newestBackup = .some(now - 35 * day)
        vault.unverifiedSince = .some(now - 14 * day)
        vault.tokens = [try token(days: 180), try token(days: -1, of: "gone")]
        vault.incidents = [incident(days: 7, isRead: true), incident(days: 0, isRead: false)]
        vault.attestations = DoctorItem.allCases.filter(\.isAttested).reduce(into: [:]) {
            $0[$1] = attestation(of: $1, days: 1)
        }
        return vault
    }

    static func token(days: Int64, of principal: String = "worker") throws -> VaultFacts.Token {
        .init(
            id: AccessTokenID(checked: [UInt8](repeating: 7, count: 16)),
            principal: try PrincipalName(principal), expiresMicroseconds: now + days * day)
    }

    static func incident(days: Int64, isRead: Bool) -> VaultFacts.Incident {
        .init(
            id: IncidentID(checked: [UInt8](repeating: UInt8(days), count: 16)),
            openedMicroseconds: now - days * day - 1, isRead: isRead)
    }

    static func attestation(of item: DoctorItem, days: Int64) -> AttestationRow {
        AttestationRow(
            item: item, evidence: Digest256(checked: [UInt8](repeating: 3, count: 32)),
            evidenceBytes: 5, attester: 7, madeMicroseconds: now - day,
            expiresMicroseconds: now + days * day)
    }

    private static func policy() throws -> AccessPolicy {
        let stores = VerbName.all(at: .images).subtracting([.eraseImages])
        return AccessPolicy(rules: [
            try rule("web", stores, users: [1]),
            try rule("worker", [.getImages], users: [], takesTokens: true),
            try rule("ops", VerbName.all(at: .admin), users: [], groups: [50]),
            try rule("audit", VerbName.all(at: .audit), users: [3]),
        ])
    }

    static func rule(
        _ name: String, _ verbs: Set<VerbName>, users: Set<UInt32>, groups: Set<UInt32> = [],
        takesTokens: Bool = false
    ) throws -> PrincipalRule {
        PrincipalRule(
            Principal(name: try PrincipalName(name), verbs: verbs), users: users, groups: groups,
            takesTokens: takesTokens)
    }

    /// Puts a rule in the place of the one of the same name, or behind all.
    mutating func put(_ rule: PrincipalRule) {
        let others = policy.rules.filter { $0.principal.name != rule.principal.name }
        policy = AccessPolicy(rules: others + [rule])
    }
}
