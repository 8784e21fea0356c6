// `vaultd serve`: wires the parts and runs until it is told to stop.

import ArgumentParser
import CVaultSystem
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat
import VaultServer
import VaultStorage

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Opens the vault's doors and serves until SIGTERM.",
        discussion: """
            EXAMPLE
              vaultd serve --config /etc/imagevault/vaultd.yaml

            A vault whose key is missing or wrong is served sealed: it answers, and gives nothing away, \
            until vaultctl unseal gives it the secret of a slot.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "Serves a store of so many events although it is older than its anchor, and logs that.",
            valueName: "events"))
    var acceptRollback: UInt64?

    /// What a restart cannot mend ends with a status that tells the service manager so.
    func run() async throws {
        do {
            try await serve()
        } catch let error as SettingsError where !error.mayPass {
            FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
            throw ExitCode(EX_CONFIG)
        }
    }

    private func serve() async throws {
        let settings = try await options.load()
        do {
            try await serve(settings)
        } catch {
            guard let full = NoRoom(error, in: settings.stateDirectory) else { throw error }
            try full.end()
        }
    }

    private func serve(_ settings: DaemonSettings) async throws {
        JSONLogHandler.bootstrap(level: settings.logLevel)
        let logger = Logger(label: "vaultd")
        vault_keep_buffers()
        try Hardening.apply()
        let connections = ConnectionCounter(descriptors: Hardening.raiseDescriptorLimit())
        let lock = try StateLock(directory: settings.stateDirectory)
        defer { withExtendedLifetime(lock) {} }
        // The launchers of workers and of the slots' child start before any key is in memory.
        let inspectors = try Inspectors(
            program: settings.inspectorProgram, workers: settings.inspectorWorkers)
        let slotChild = try SlotChild(program: "/proc/self/exe", tokens: settings.tokens) {
            TokenOpener.report($0, $1, logger)
        }
        let executor = RequestExecutor(threads: Limits.requestThreads)
        // Before anything that takes long: whoever says it meanwhile does not end the daemon.
        let hangups =
            settings.policy == nil ? nil : await UnixSignalsSequence(trapping: .sighup)
        let (vault, catalog, id, finding) = try open(
            settings, inspectors, slotChild, executor, logger)
        let started = SystemClock().nowMicroseconds()
        let policy = try policyHolder(settings)
        do {
            try vault.recallAttempts()
        } catch {
            logger.error(
                "failures from before the start are not remembered: the log cannot be read")
        }
        vault.goes { policy.current }
        recallContainments(vault, logger)
        let witness = HostWitness(settings, options.config, catalog, inspectors)
        let services = try openDoors(
            settings, policy, vault, id, started, witness, connections, executor, logger)
        // The event loops' own descriptors are not closed on exec by those who made them.
        guard vault_close_on_exec() == 0 else {
            throw SettingsError("the process could not be hardened")
        }
        switch finding {
        case .nothing: break
        case .contained(let anchor): vault.begin(with: anchor)
        case .overridden(let anchor): try await vault.recordRollbackAccepted(anchor)
        }
        try await vault.recordService(.serviceStarted, policy: policy.current.digest)
        try await vault.recordUndetected()
        let alarms = AlarmLog(logger: logger)
        let detection = Task(executorPreference: RequestExecutor(threads: 1)) {
            await vault.detect(answeringOn: RequestExecutor(threads: 1)) {
                alarms.tell($0)
            } onAlarm: { alarm in
                do throws(VaultError) {
                    try await vault.open(alarm)
                } catch {
                    alarms.tell(unopened: alarm, error.code)
                    // Where alarms are too many, more attempts do not help.
                    if error.code != .overloaded { _ = vault.openLater(alarm) }
                }
            }
        }
        let anchors = Anchors(settings, vault, logger)
        let kept = KeptErasures(settings, vault, of: id, logger)
        let anchoring = anchors.start() + kept.start()
        let sweep = sweep(vault, logger)
        let operations = Task(executorPreference: RequestExecutor(threads: 1)) {
            await OperationRunner(vault, share: settings.operationShare).run()
        }
        let scrubs = Task(executorPreference: RequestExecutor(threads: 1)) {
            await OperationRunner(vault, share: settings.scrubShare, scrubs: true).run()
        }
        let purge = Task(executorPreference: RequestExecutor(threads: 1)) {
            await PurgeRunner(vault).run()
        }
        let incidents = IncidentTasks(
            vault: vault, targets: settings.alerts,
            openKeyring: { [tokens = TokenOpener(slotChild, settings, logger)] in
                opened($0, settings.rootKeyFile, tokens, logger) { $0 }
            }, alarms: alarms, logger: logger
        ).start()
        let schedules = schedules(settings, vault, logger)
        let reloads = hangups.map { [reload(at: $0, policy, vault, logger)] } ?? []
        let attempts = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(Limits.attemptSweepSeconds))
                vault.dropOldAttempts()
            }
        }
        let streaks = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(Limits.refusalStreakSweepSeconds))
                // What cannot be written now is counted on.
                try? await vault.endRefusalStreaks()
            }
        }
        let ebb = Task {
            var ebb = MemoryEbb()
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(Limits.ebbSeconds))
                if ebb.look(connections.total) { vault_give_memory_back() }
            }
        }
        ServiceManager.notify("READY=1")
        let watchdog = Watchdog.start(vault)
        logger.notice(
            "serving",
            metadata: [
                "vault": "\(id)", "sealed": "\(vault.isSealed)", "version": "\(Version.text)",
            ])
        var group = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(Limits.shutdownSeconds)
        try? await ServiceGroup(configuration: group).run()
        watchdog?.stop()
        ServiceManager.notify("STOPPING=1")
        for task in schedules + anchoring + reloads + incidents { task.cancel() }
        attempts.cancel()
        ebb.cancel()
        streaks.cancel()
        operations.cancel()
        scrubs.cancel()
        purge.cancel()
        sweep.cancel()
        await operations.value
        await scrubs.value
        await purge.value
        for task in incidents { await task.value }
        try? await vault.endRefusalStreaks(isLast: true)
        vault.detection.finish()
        await detection.value
        try? await vault.recordService(.serviceStopped)
        let isWritten = vault.committer.stop()
        for task in anchoring { await task.value }
        anchors.finish()
        kept.finish()
        // A catalog that does not come back cannot be closed either.
        if isWritten { try? catalog.close() }
        await inspectors.shutdown()
        slotChild.shutdown()
        logger.notice("stopped")
    }

    /// Before a door is open: who is contained stays so.
    private func recallContainments(_ vault: Vault, _ logger: Logger) {
        do throws(VaultError) {
            try vault.recallContainments()
        } catch {
            guard error.code != .sealed else { return }
            logger.error(
                "an incident's row is not what the vault wrote: whom it contained is free",
                metadata: ["code": "\(error.code.rawValue)"])
        }
    }

    private func schedules(
        _ settings: DaemonSettings, _ vault: Vault, _ logger: Logger
    ) -> [Task<Void, Never>] {
        let expiry = Task {
            var schedule = ExpirySchedule(vault, creator: getuid()) {
                logger.warning(
                    "the clock ran ahead: nothing is erased for its age for a while",
                    metadata: ["seconds": "\(Limits.clockJumpWaitSeconds)"])
            }
            await schedule.run()
        }
        let rotation = settings.rotationDays.map { days in
            Task { await RotationSchedule(vault, everyDays: days, creator: getuid()).run() }
        }
        let scrub =
            settings.scrubDays == 0
            ? nil
            : Task {
                await ScrubSchedule(vault, everyDays: settings.scrubDays, creator: getuid()).run()
            }
        let exports = settings.exports.map { exports in
            Task { await ExportSchedule(settings: exports, vault: vault, logger: logger).run() }
        }
        return [expiry] + [rotation, scrub, exports].compactMap(\.self)
    }

    /// Opens catalog, blobs and keys. What is wrong with a key seals the vault; what is wrong with
    /// the store stops the daemon.
    private func open(
        _ settings: DaemonSettings, _ inspectors: Inspectors, _ slotChild: SlotChild,
        _ executor: RequestExecutor, _ logger: Logger
    ) throws -> (Vault, SQLiteCatalog, VaultID, AnchorGate.Finding) {
        let state = settings.stateDirectory
        let keyringFile = try keyFile(state + "/keyring", .keyring)
        let logKeyFile = try keyFile(state + "/log-key", .logKey)
        guard keyringFile.vault == logKeyFile.vault else {
            throw SettingsError("keyring and log key in \(state) belong to different vaults")
        }
        guard
            Committer.leavesEvents
                || ProcessInfo.processInfo.environment["IMAGEVAULT_BENCH_WITHOUT_EVENTS"] == "1"
        else {
            throw SettingsError("this build leaves no events: it is for Tools/bench audit alone")
        }
        let isMarked = LocalKeyFiles.hasSealMark(in: state)
        if isMarked { logger.notice("sealed by command, until vaultctl unseal") }
        let tokens = TokenOpener(slotChild, settings, logger)
        let keyring =
            isMarked
            ? nil
            : opened(keyringFile, settings.rootKeyFile, tokens, logger) { try Keyring($0) }
        let openLogKey: @Sendable () -> OpenKeyFile? = {
            // As it is by then: its slots may have changed since the start.
            guard let file = try? keyFile(state + "/log-key", .logKey) else { return nil }
            return opened(file, settings.logKeyFile, tokens, logger) { $0 }
        }
        let catalog = try openCatalog(state, keyringFile.vault, logger)
        let blobs = try LocalBlobStore(directory: state + "/blobs")
        let cases = try LocalCaseFiles(directory: state + "/cases")
        do {
            guard try Vault.logIsWhole(catalog) else { throw StorageError.damaged }
            let gate = AnchorGate(settings: settings, acceptedSize: acceptRollback, logger: logger)
            let finding = try gate.check(catalog, keyringFile)
            let fits = try keyring.map { try Vault.fits($0, catalog) } ?? false
            if keyring != nil, !fits {
                logger.error(
                    "the keyring stays sealed: the catalog was written under another",
                    metadata: ["code": "\(ErrorCode.keyringRefused.rawValue)"])
            }
            let vault = try Vault(
                settings: settings.vault, catalog: catalog, blobs: blobs, inspectors: inspectors,
                clock: SystemClock(), keyFiles: LocalKeyFiles(directory: state),
                stretcher: slotChild, token: slotChild, keyring: fits ? keyring : nil,
                openLogKey: openLogKey, waitsForUnsealing: isMarked,
                blockingExecutor: executor, outages: outages(state, logger), cases: cases)
            return (vault, catalog, keyringFile.vault, finding)
        } catch let error as SettingsError {
            throw error
        } catch  where NoRoom(error, in: state) != nil {
            throw error
        } catch {
            throw SettingsError("catalog-damaged: the log in \(state)/catalog.sqlite: \(error)")
        }
    }

    /// On a full disk with what was kept in reserve, where that is still there.
    private func openCatalog(
        _ state: String, _ vault: VaultID, _ logger: Logger
    ) throws -> SQLiteCatalog {
        let (path, reserve) = (state + "/catalog.sqlite", ReserveFile(directory: state))
        do {
            do {
                return try SQLiteCatalog.open(at: path, vault: vault)
            } catch  where reserve.isTaken && NoRoom(error, in: state) != nil {
                logger.warning("the disk is full: the start takes what was kept in reserve")
                reserve.release()
                return try SQLiteCatalog.open(at: path, vault: vault)
            }
        } catch  where NoRoom(error, in: state) != nil {
            throw error
        } catch CatalogError.newer {
            throw SettingsError(
                "\(path) was written by a newer vaultd, which this one does not understand: start "
                    + "that one, or restore a backup from before it. Nothing was changed")
        } catch {
            throw SettingsError("catalog-damaged: \(path) cannot be used: \(error)")
        }
    }

    private func outages(_ state: String, _ logger: Logger) -> Outages {
        let reserve = ReserveFile(directory: state)
        if !reserve.take() {
            logger.warning("the disk has no room for what is kept in reserve")
        }
        return Outages(reserve: reserve) { log in
            guard let code = log.code else { return logger.notice("the log can be written again") }
            logger.critical(
                "the log cannot be written",
                metadata: ["code": "\(code.rawValue)", "state": "\(log.rawValue)"])
        }
    }

    private func keyFile(_ path: String, _ kind: KeyFile.Kind) throws -> KeyFile {
        let file: KeyFile
        do {
            file = try KeyFileStore.load(path)
        } catch {
            throw SettingsError("keyring-damaged: \(path): \(KeyOpener.code(of: error))")
        }
        guard file.kind == kind else { throw SettingsError("keyring-damaged: \(path): wrong kind") }
        return file
    }

    private func opened<Keys>(
        _ file: KeyFile, _ keyPath: String, _ tokens: TokenOpener, _ logger: Logger,
        _ make: (OpenKeyFile) throws -> Keys
    ) -> Keys? {
        do {
            return try make(KeyOpener.open(file, keyPath: keyPath))
        } catch {
            if let keys = tokens.open(file).flatMap({ try? make($0) }) { return keys }
            logger.error(
                "the \(file.kind == .keyring ? "keyring" : "log key") stays sealed",
                metadata: [
                    "code": "\(ErrorCode.keyringRefused.rawValue)",
                    "reason": "\(KeyOpener.code(of: error))", "key_file": "\(keyPath)",
                ])
            return nil
        }
    }

    private func policyHolder(_ settings: DaemonSettings) throws -> PolicyHolder {
        guard let source = settings.policy else {
            return PolicyHolder(
                AccessPolicy(
                    doors: settings.doors.mapValues { ($0.access.users, $0.access.groups) }))
        }
        do throws(PolicyRefusal) {
            return PolicyHolder(try source.load(), load: source.load)
        } catch {
            throw SettingsError("\(ErrorCode.policyRefused.rawValue): \(error.words)")
        }
    }

    /// SIGHUP reads the policy again. A daemon without one ends by it, as when its terminal closes.
    private func reload(
        at hangups: UnixSignalsSequence, _ policy: PolicyHolder, _ vault: Vault, _ logger: Logger
    ) -> Task<Void, Never> {
        let reload = PolicyReload(holder: policy, vault: vault, logger: logger)
        return Task {
            for await _ in hangups { await reload.run() }
        }
    }

    private func openDoors(
        _ settings: DaemonSettings, _ policy: PolicyHolder, _ vault: Vault, _ id: VaultID,
        _ started: Int64, _ witness: HostWitness, _ counter: ConnectionCounter,
        _ executor: RequestExecutor, _ logger: Logger
    ) throws -> [any Service] {
        let facts = ServiceFacts(
            version: Version.text, vault: id, startedMicroseconds: started,
            stateDirectory: settings.stateDirectory, connections: counter,
            resolvers: settings.resolvers, register: MetricsDoors.register(),
            host: { await witness.facts(under: $0) })
        let adopted = ServiceManager.adoptedSockets()
        let metrics = try MetricsDoors(
            settings: settings.metrics, adopted: adopted, vault: vault, service: facts,
            logger: logger
        ).open()
        let doors = try settings.doors.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            door, its in
            let listener: Int32
            do {
                listener =
                    try adopted[door.socketName]
                    ?? UnixSocket.listen(at: its.socket, mode: its.mode, group: its.group)
            } catch let error as UnixSocketError {
                // The process that still answers there may end.
                throw SettingsError(error.description, mayPass: error.number == EADDRINUSE)
            }
            return DoorServer(
                listener: listener,
                handler: RequestHandler(
                    door: door, policy: policy, vault: vault, service: facts,
                    executor: executor, logger: logger),
                counter: counter, logger: logger)
        }
        return doors + metrics
    }

    /// Removes what a crash left, while the doors are open already.
    private func sweep(_ vault: Vault, _ logger: Logger) -> Task<Void, Never> {
        Task(executorPreference: RequestExecutor(threads: 1)) {
            vault.rememberRows()
            let removed = await SweepRunner(vault).run { _ in
                logger.error("the sweep of leftover blobs failed, and is tried again")
            }
            if removed > 0 {
                logger.notice("leftover blobs were removed", metadata: ["count": "\(removed)"])
            }
            let cases = await SweepRunner(vault).runCases()
            if cases.removed > 0 {
                logger.notice(
                    "leftover cases were removed", metadata: ["count": "\(cases.removed)"])
            }
            for incident in cases.orphaned {
                logger.error(
                    "an incident's row is gone: its case is what is left of it",
                    metadata: ["incident": "\(incident.hex)"])
            }
        }
    }
}
