// Before the doors open: a store that does not contain its anchor is served to nobody, unless an admin says
// that an older one is meant.

import Logging
import Vault
import VaultCrypto
import VaultFormat
import VaultServer
import VaultStorage

struct AnchorGate {
    /// What a start found.
    enum Finding {
        /// No anchor is asked for, or there is none.
        case nothing
        /// The store contains it.
        case contained(Anchor)
        /// The digest of one that the store does not contain, and an admin overrode.
        case overridden(Digest256)

        var isOverridden: Bool {
            guard case .overridden = self else { return false }
            return true
        }
    }

    let settings: DaemonSettings
    /// How many events the store has that an admin means, although it does not contain its anchor.
    let acceptedSize: UInt64?
    let logger: Logger

    /// - Throws: ``SettingsError`` for a store that does not contain its anchor, and for an anchor that cannot
    ///   be believed.
    func check(_ catalog: SQLiteCatalog, _ keyring: KeyFile) throws -> Finding {
        guard let path = settings.anchor.file else { return .nothing }
        let size = try catalog.read { (reader) throws(StorageError) in try reader.frontier().size }
        guard let (anchor, digest) = try anchor(at: path, of: keyring.vault) else {
            // A new vault has the event of its making alone.
            if size > 1 {
                logger.warning(
                    "there is no anchor: this store was compared with nothing",
                    metadata: ["file": "\(path)"])
            }
            return .nothing
        }
        guard let fault = try anchor.fault(of: catalog, keyring) else { return .contained(anchor) }
        guard fault.canBeMeant, size == acceptedSize else {
            throw SettingsError(refusal(fault, anchor, size))
        }
        logger.warning("an older store is served, as told", metadata: ["reason": "\(fault)"])
        return .overridden(digest)
    }

    private func refusal(_ fault: AnchorFault, _ anchor: Anchor, _ size: UInt64) -> String {
        """
        \(ErrorCode.rolledBack.rawValue): \(fault.description), at \(anchor.at). \
        \(settings.stateDirectory) is not the newest state of this vault: an older one was put back, or \
        its log was forked. Put the newest state back. If an older one is meant, as after a restore from a \
        backup, confirm it once with: vaultd serve --accept-rollback \(size)
        """
    }

    /// The anchor and the digest of its note; nil where there is none.
    private func anchor(
        at path: String, of vault: VaultID
    ) throws -> (anchor: Anchor, digest: Digest256)? {
        let anchor: Anchor
        let text: String
        do {
            guard let found = try AnchorFile.load(path) else { return nil }
            text = found
            let note = try SignedNote(parsing: found)
            anchor = try Anchor(parsing: note.text)
            guard anchor.vault == vault else { throw SettingsError("it is another vault's") }
            let keys = try AnchorFile.load(settings.publicKeyFile) ?? ""
            let verifiers = keys.split(separator: "\n").compactMap { try? NoteVerifier(line: $0) }
            guard
                verifiers.contains(where: {
                    $0.name == Checkpoint.origin(of: vault) && $0.verifies(note)
                })
            else {
                throw SettingsError(
                    "no key of \(settings.publicKeyFile) signed it, and a restored one may lack the line of a newer key"
                )
            }
        } catch {
            throw SettingsError(
                """
                \(ErrorCode.anchorRefused.rawValue): the anchor \(path) cannot be believed: \
                \(Self.reason(error)). Compare it with a copy of it. Once you know that \
                \(settings.stateDirectory) is the newest state of this vault, remove the anchor: the next \
                start makes another, and warns of that
                """)
        }
        return (anchor, LogHash.digest(Array(text.utf8)))
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as SettingsError: error.description
        case let error as FormatError: "it is not in its form (\(error.code))"
        case StorageError.damaged: "it is too long, or no text"
        default: "it cannot be read (\(error))"
        }
    }
}

extension AnchorFault {
    /// Whether an older store may be what an admin wants.
    fileprivate var canBeMeant: Bool { self != .anotherVault }
}

/// The list of erasures beside the anchor's file.
struct KeptErasures {
    private let keeper: ErasureKeeper?

    /// To be made before the first event of a start.
    ///
    /// - Throws: ``SettingsError`` where another log is meant than before, and the list cannot say so.
    init(
        _ settings: DaemonSettings, _ vault: Vault, of id: VaultID, _ finding: AnchorGate.Finding,
        _ logger: Logger
    ) throws {
        keeper = settings.anchor.file.map { path in
            ErasureKeeper(
                vault, of: id, ErasureListFile(path + ErasureListFile.suffix),
                isFork: finding.isOverridden
            ) {
                logger.warning(
                    "the list of erasures is not kept: a restore would bring back what was erased",
                    metadata: ["file": "\(path)\(ErasureListFile.suffix)"])
            }
        }
        do {
            try keeper?.begin()
        } catch  where finding.isOverridden {
            throw SettingsError(
                """
                the list of erasures beside the anchor, \(settings.anchor.file ?? "")\(ErasureListFile.suffix), cannot \
                be made to say that the log goes on from an earlier place (\(error)): what is erased from now on could \
                come back with a restore. Make room for it and let vaultd write it; one that is damaged is moved away
                """, mayPass: true)
        } catch {
            // Tried again, and told, when it is kept.
        }
    }

    func start() -> [Task<Void, Never>] {
        keeper.map { keeper in
            [Task(executorPreference: RequestExecutor(threads: 1)) { await keeper.run() }]
        } ?? []
    }

    /// Adds the last erasures, once nothing is written any more.
    func finish() { keeper?.keep() }
}

/// The anchors' keepers, each on a thread of its own: a place that does not answer holds up nobody else.
struct Anchors {
    private let keepers: [AnchorKeeper]

    init(_ settings: DaemonSettings, _ vault: Vault, _ logger: Logger) {
        var targets: [any AnchorTarget] = []
        if let file = settings.anchor.file {
            targets.append(AnchorFile(path: file, publicKeys: settings.publicKeyFile))
        }
        if !settings.anchor.command.isEmpty {
            targets.append(AnchorCommand(settings.anchor.command))
        }
        keepers = targets.map { target in
            AnchorKeeper(vault, target) { kind, state in
                logger.warning(
                    "the anchor is not kept",
                    metadata: ["place": "\(kind.rawValue)", "reason": "\(state.rawValue)"])
            }
        }
    }

    func start() -> [Task<Void, Never>] {
        keepers.map { keeper in
            Task(executorPreference: RequestExecutor(threads: 1)) { await keeper.run() }
        }
    }

    /// Leaves the last anchors, once nothing is written any more.
    func finish() {
        for keeper in keepers { keeper.keep() }
    }
}
