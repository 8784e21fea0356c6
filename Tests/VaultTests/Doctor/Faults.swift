// What can be wrong, each with the check that finds it.

import Vault
import VaultFormat
import VaultTestKit

extension Fault {
    static let all: [Fault] = files + places + process + store + keys + policy + watch

    private static let files: [Fault] = [
        Fault(.stateFiles, .failure, "others may read a file") {
            $0.host.files.state[1].mode = 0o640
        },
        Fault(.stateFiles, .failure, "a link") { $0.host.files.state[1].isLink = true },
        Fault(.stateFiles, .failure, "root's file") { $0.host.files.state[1].uid = 0 },
        Fault(.stateFiles, .failure, "nothing is there") { $0.host.files.state = [] },
        Fault(.keyFiles, .failure, "others may read it") {
            $0.host.files.keys[0].target?.mode = 0o440
        },
        Fault(.keyFiles, .failure, "another's file") { $0.host.files.keys[0].target?.uid = 5 },
        Fault(.keyFiles, .failure, "others may replace it") {
            $0.host.files.keys[0].way[1].mode = 0o777
        },
        Fault(.keyFiles, .failure, "others may replace its directory") {
            $0.host.files.keys[0].way[0].mode = 0o775
        },
        Fault(.keyFiles, .failure, "another's directory") {
            $0.host.files.keys[0].way[1].uid = 5
        },
        Fault(.keyFiles, .failure, "another's link leads to it") {
            $0.host.files.keys[0].way.append(
                FileFacts(path: "/keys/link", mode: 0o777, uid: 5, isLink: true))
        },
        Fault(.settingsFiles, .failure, "others may write") {
            $0.host.files.settings[0].target?.mode = 0o664
        },
        Fault(.settingsFiles, .failure, "another's file") {
            $0.host.files.settings[0].target?.uid = 5
        },
        Fault(.settingsFiles, .failure, "others may replace them") {
            $0.host.files.settings[0].way[1].mode = 0o757
        },
        Fault(.settingsFiles, .failure, "a program that others may write") {
            $0.host.files.programs[0].target?.mode = 0o775
        },
        Fault(.settingsFiles, .failure, "a program that is not there, and others may put there") {
            $0.host.files.programs[0].target = nil
            $0.host.files.programs[0].way[1].mode = 0o777
        },
        Fault(.sockets, .failure, "another mode") { $0.host.files.sockets[0].file.mode = 0o600 },
        Fault(.sockets, .failure, "another group") { $0.host.files.sockets[0].file.gid = 8 },
        Fault(.sockets, .failure, "another's socket") { $0.host.files.sockets[0].file.uid = 5 },
        Fault(.sockets, .failure, "everybody's, as the settings say") {
            $0.host.files.sockets[0].file.mode = 0o666
            $0.host.files.sockets[0].mode = 0o666
        },
        Fault(.sockets, .unknown, "none is there") { $0.host.files.sockets = [] },
        Fault(.logKeyPinned, .failure, "another key signs") { $0.host.files.pinned = ["old"] },
        Fault(.logKeyPinned, .failure, "the file is gone") { $0.host.files.publicKey = nil },
        Fault(.logKeyPinned, .failure, "others may change it") {
            $0.host.files.publicKey?.target?.mode = 0o666
        },
    ]

    private static let places: [Fault] = [
        Fault(.rootKeyPlace, .warning, "beside the state") {
            $0.host.files.keys[0].place = DoctorFacts.disk("sda")
        },
        Fault(.rootKeyPlace, .warning, "another partition of its disk") {
            $0.host.files.keys[0].place = PlaceFacts(
                fileSystem: 9, medium: .disks(["sda", "sdb"]))
        },
        Fault(.rootKeyPlace, .unknown, "the kernel does not say") {
            $0.host.files.keys[0].place = PlaceFacts(fileSystem: 9, medium: .unknown)
        },
        Fault(.anchorPlace, .warning, "beside the state") {
            $0.host.anchorPlace = .file(path: "/a", place: DoctorFacts.disk("sda"))
        },
        Fault(.anchorPlace, .warning, "another partition of its disk") {
            $0.host.anchorPlace = .file(
                path: "/a", place: PlaceFacts(fileSystem: 9, medium: .disks(["sda"])))
        },
        Fault(.anchorPlace, .unknown, "the kernel does not say") {
            $0.host.anchorPlace = .file(
                path: "/a", place: PlaceFacts(fileSystem: 9, medium: .unknown))
        },
        Fault(.anchorPlace, .unknown, "not there") {
            $0.host.anchorPlace = .file(path: "/a", place: nil)
        },
    ]

    private static let process: [Fault] = [
        Fault(.lockedMemory, .failure, "not locked") { $0.host.process.lockedBytes = 0 },
        Fault(.lockedMemory, .warning, "no room for it") { $0.host.process.lockLimit = 4096 },
        Fault(.lockedMemory, .unknown, "not told") { $0.host.process.lockedBytes = nil },
        Fault(.coreFiles, .failure, "a limit above 0") { $0.host.process.coreLimit = .max },
        Fault(.coreFiles, .failure, "dumpable") { $0.host.process.isDumpable = true },
        Fault(.coreFiles, .unknown, "not told") { $0.host.process.coreLimit = nil },
        Fault(.corePattern, .unknown, "not told") { $0.host.process.corePattern = nil },
        Fault(.swap, .warning, "not encrypted") { $0.host.swaps?[0].isEncrypted = false },
        Fault(.swap, .warning, "a file") { $0.host.swaps?[0].isEncrypted = nil },
        Fault(.swap, .unknown, "not told") { $0.host.swaps = nil },
        Fault(.sandbox, .failure, "no worker") { $0.host.workers = nil },
        Fault(.sandbox, .failure, "a socket") { $0.host.workers?.attempts[.makeSocket] = true },
        Fault(.sandbox, .failure, "no filter") { $0.host.workers?.filter = 0 },
        Fault(.sandbox, .failure, "privileges") { $0.host.workers?.hasNoNewPrivileges = nil },
        Fault(.sandbox, .failure, "files") { $0.host.workers?.files = 1024 },
        Fault(.sandbox, .failure, "processes") { $0.host.workers?.processes = nil },
        Fault(.libraries, .failure, "an old one") {
            let place = $0.host.libraries.firstIndex { $0.library == .seccomp } ?? 0
            $0.host.libraries[place] = LibraryVersion(.seccomp, VersionNumber(2, 3, 9))
        },
        Fault(.libraries, .unknown, "one that does not say") { $0.host.libraries.removeLast() },
    ]

    private static let store: [Fault] = [
        Fault(.catalogSettings, .failure, "FAST leaves rows") {
            $0.host.database?.secureDelete = 2
        },
        Fault(.catalogSettings, .failure, "NORMAL loses commits") {
            $0.host.database?.synchronous = 1
        },
        Fault(.catalogSettings, .failure, "no WAL") { $0.host.database?.journal = "delete" },
        Fault(.catalogLog, .warning, "a long one") { $0.host.database?.logBytes = 1 << 30 },
        Fault(.diskRoom, .warning, "little") { $0.host.disk?.freeBytes = 9 },
        Fault(.diskRoom, .failure, "none") { $0.host.disk?.freeBytes = 2 },
        Fault(.diskRoom, .failure, "no reserve") { $0.host.disk?.hasReserve = false },
        Fault(.clock, .warning, "nobody keeps it") { $0.host.clock?.isSynchronized = false },
        Fault(.clock, .unknown, "not told") { $0.host.clock = nil },
        Fault(.clock, .failure, "an event that is still to come") {
            $0.vault.ahead?.endedMicroseconds = nil
        },
        Fault(.clock, .failure, "one that was, before others that were not") {
            $0.vault.ahead?.endedMicroseconds = DoctorFacts.now - 29 * DoctorFacts.day
        },
        Fault(.log, .failure, "a full disk") { $0.vault.logState = .full },
        Fault(.outages, .warning, "last week") {
            $0.vault.outages = [DoctorFacts.now - 7 * DoctorFacts.day]
        },
        Fault(.outages, .unknown, "not told") { $0.vault.outages = nil },
        Fault(.anchor, .warning, "none") { $0.host.anchorPlace = .none },
        Fault(.anchor, .warning, "late") {
            $0.vault.anchors = [
                AnchorStatus(
                    kind: .file, state: .late, keptMicroseconds: nil, logSize: nil, failures: 0)
            ]
        },
    ]

    private static let keys: [Fault] = [
        Fault(.keyAge, .failure, "no epoch") { $0.vault.primaryMicroseconds = nil },
        Fault(.backupAge, .failure, "its rows cannot be read") { $0.vault.newestBackup = nil },
        Fault(.scrubAge, .failure, "its rows cannot be read") { $0.vault.unverifiedSince = nil },
        Fault(.tokens, .failure, "its rows cannot be read") { $0.vault.tokens = nil },
        Fault(.slotsProved, .warning, "never") { $0.vault.slots?[1].provedMicroseconds = nil },
        Fault(.slotsProved, .warning, "long ago") {
            $0.vault.slots?[1].provedMicroseconds = DoctorFacts.now - 91 * DoctorFacts.day
        },
        Fault(.secondSlot, .warning, "the other is the log key's") {
            $0.vault.slots?[1].file = .logKey
        },
        Fault(.keyAge, .warning, "a year and a day") {
            $0.vault.primaryMicroseconds = DoctorFacts.now - 366 * DoctorFacts.day
        },
        Fault(.keyAge, .warning, "older than the settings want") { $0.host.rotationDays = 364 },
        Fault(.backupAge, .warning, "none") { $0.vault.newestBackup = .some(nil) },
        Fault(.backupAge, .warning, "never finished") { $0.vault.unfinishedBackups = 1 },
        Fault(.backupAge, .warning, "an old one") {
            $0.vault.newestBackup = .some(DoctorFacts.now - 36 * DoctorFacts.day)
        },
        Fault(.scrubAge, .warning, "twice as long as the settings want") {
            $0.vault.unverifiedSince = .some(DoctorFacts.now - 15 * DoctorFacts.day)
        },
        Fault(.scrubAge, .warning, "switched off") { $0.host.scrubDays = 0 },
    ]

    private static let policy: [Fault] = [
        Fault(.policyDoors, .warning, "an admin who is an auditor") {
            $0.put(
                try DoctorFacts.rule("audit", VerbName.all(at: .audit), users: [3], groups: [50]))
        },
        Fault(.policyDoors, .warning, "everything for one") {
            $0.put(try DoctorFacts.rule("web", [.putImages, .readLog], users: [1]))
        },
        Fault(.policyErasure, .warning, "the whole role") {
            $0.put(try DoctorFacts.rule("web", VerbName.all(at: .images), users: [1]))
        },
        Fault(.policyEverybody, .failure, "a group of everybody's") {
            $0.host.groupNames[50] = "users"
        },
        Fault(.policyAdmins, .warning, "one admin") {
            $0.put(try DoctorFacts.rule("ops", VerbName.all(at: .admin), users: [4]))
        },
        Fault(.twoPerson, .warning, "nothing takes two") { $0.vault.twoPerson = [] },
        Fault(.twoPerson, .warning, "the other may not make tokens") {
            let all = VerbName.all(at: .admin)
            $0.put(try DoctorFacts.rule("ops", all, users: [4]))
            $0.put(try DoctorFacts.rule("deputy", all.subtracting([.createTokens]), users: [5]))
        },
        Fault(.twoPerson, .warning, "the other may not approve") {
            let all = VerbName.all(at: .admin)
            $0.put(try DoctorFacts.rule("ops", all, users: [4]))
            $0.put(try DoctorFacts.rule("deputy", all.subtracting([.approveRelease]), users: [5]))
        },
        Fault(.tokens, .warning, "for too long") {
            $0.vault.tokens = [try DoctorFacts.token(days: 181)]
        },
        Fault(.tokens, .warning, "of somebody who is gone") {
            $0.vault.tokens = [try DoctorFacts.token(days: 1, of: "gone")]
        },
    ]

    private static let watch: [Fault] = [
        Fault(.detection, .warning, "a rule that is off") {
            $0.vault.undetected = [DetectionRule.allCases[0]]
        },
        Fault(.incidents, .warning, "open for long") {
            $0.vault.incidents = [DoctorFacts.incident(days: 8, isRead: true)]
        },
        Fault(.incidents, .warning, "nobody looked") {
            $0.vault.incidents = [DoctorFacts.incident(days: 1, isRead: false)]
        },
        Fault(.incidents, .failure, "its rows cannot be read") { $0.vault.incidents = nil },
    ]
}
