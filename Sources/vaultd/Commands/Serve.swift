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
        let kept = try KeptErasures(settings, vault, of: id, finding, logger)
        switch finding {
        case .nothing: break
        case .contained(let anchor): vault.begin(with: anchor)
        case .overridden(let anchor): try await vault.recordRollbackAccepted(anchor)
        }
        try await vault.recordService(.serviceStarted, policy: policy.current.digest)
        try await vault.recordUndetected()
        let alarms = AlarmLog(logger: logger)
        let detection = detection(vault, alarms)
        let anchors = Anchors(settings, vault, logger)
        let anchoring = anchors.start() + kept.start()
        let sweep = sweep(vault, logger)
        let runners = runners(settings, vault)
        let incidents = IncidentTasks(
            vault: vault, targets: settings.alerts,
            openKeyring: { [tokens = TokenOpener(slotChild, settings, logger)] in
                opened($0, settings.rootKeyFile, tokens, logger) { $0 }
            }, alarms: alarms, logger: logger
        ).start()
        let schedules = schedules(settings, vault, logger)
        let reloads = hangups.map { [reload(at: $0, policy, vault, logger)] } ?? []
        let rounds = rounds(vault, connections)
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
        for task in schedules + anchoring + reloads + incidents + rounds { task.cancel() }
        for task in runners { task.cancel() }
        sweep.cancel()
        for task in runners { await task.value }
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
        if isWritten { close(catalog, logger) }
        await inspectors.shutdown()
        slotChild.shutdown()
        logger.notice("stopped")
    }

    private func close(_ catalog: SQLiteCatalog, _ logger: Logger) {
        do {
            try catalog.close()
        } catch {
            // Everything that was acknowledged is in the write-ahead log.
            logger.warning(
                "the catalog could not be put in one file: the next start does that",
                metadata: ["reason": "\(error)"])
        }
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
}
