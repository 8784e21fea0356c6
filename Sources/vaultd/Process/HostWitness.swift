// What this daemon shows a doctor: the files of its settings, its own process, its machine and its workers.

import Foundation
import Glibc
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat
import VaultStorage

struct HostWitness: Sendable {
    let settings: DaemonSettings
    let settingsFile: String
    let catalog: SQLiteCatalog
    let inspectors: Inspectors
    private let look = HostLook()

    init(
        _ settings: DaemonSettings, _ settingsFile: String, _ catalog: SQLiteCatalog,
        _ inspectors: Inspectors
    ) {
        self.settings = settings
        self.settingsFile = settingsFile
        self.catalog = catalog
        self.inspectors = inspectors
    }

    func facts(under policy: AccessPolicy) async -> HostFacts {
        var facts = HostFacts()
        (facts.uid, facts.gid) = (getuid(), getgid())
        facts.credentials = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
            .flatMap { look.directory($0) }
        facts.files = files()
        // Made first, where no key was needed yet: what is locked is looked at next.
        _ = KeyMemory.isLocked
        facts.process = look.process()
        facts.swaps = look.swaps()
        facts.database = try? catalog.facts()
        facts.disk = look.disk(settings.stateDirectory)
        facts.clock = look.clock()
        facts.anchorPlace = anchorPlace()
        facts.rotationDays = settings.rotationDays
        facts.scrubDays = settings.scrubDays
        facts.libraries = [
            VersionNumber(in: SodiumVersion.text).map { LibraryVersion(.sodium, $0) },
            SQLiteCatalog.libraryVersion.map { LibraryVersion(.sqlite, $0) },
        ].compactMap(\.self)
        if let (walls, libraries) = try? await inspectors.tryWalls() {
            facts.workers = walls
            facts.libraries += libraries
        }
        for group in policy.rules.flatMap(\.groups) {
            facts.groupNames[group] = look.groupName(group)
        }
        return facts
    }

    private func files() -> FilesFacts {
        var files = FilesFacts()
        let publicKey = settings.publicKeyFile
        files.state = look.state(settings.stateDirectory, without: [publicKey])
        // A key that is in no file is no danger to it.
        files.keys = [settings.rootKeyFile, settings.logKeyFile].map(look.path)
            .filter { $0.target != nil }
        files.settings = ([settingsFile] + [settings.policy?.path].compactMap(\.self))
            .map(look.path)
        files.programs = settings.programs.map(look.path)
        files.sockets = settings.doors.values.compactMap { door in
            look.file(door.socket).map { SocketFacts(file: $0, mode: door.mode, group: door.group) }
        }.sorted { $0.file.path < $1.file.path }
        let pinned = look.path(publicKey)
        files.publicKey = pinned.target == nil ? nil : pinned
        files.pinned =
            ((try? AnchorFile.load(publicKey)) ?? nil).map { text in
                text.split(separator: "\n").compactMap { try? NoteVerifier(line: $0).fingerprint }
            } ?? []
        return files
    }

    private func anchorPlace() -> AnchorPlace {
        if let file = settings.anchor.file {
            return .file(path: file, place: look.place(of: file))
        }
        return settings.anchor.command.isEmpty ? .none : .command
    }
}
