// What runs beside the doors. How each of them ends, and in which order, is said in Serve.swift.

import CVaultSystem
import Glibc
import Logging
import UnixSignals
import Vault
import VaultFormat
import VaultServer
import VaultStorage

extension Serve {
    /// Looks at what the log says, until it is told that nothing more comes.
    func detection(_ vault: Vault, _ alarms: AlarmLog) -> Task<Void, Never> {
        Task(executorPreference: RequestExecutor(threads: 1)) {
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
    }

    /// What is long and may wait: operations, scrubs and the purge.
    func runners(_ settings: DaemonSettings, _ vault: Vault) -> [Task<Void, Never>] {
        [
            Task(executorPreference: RequestExecutor(threads: 1)) {
                await OperationRunner(vault, share: settings.operationShare).run()
            },
            Task(executorPreference: RequestExecutor(threads: 1)) {
                await OperationRunner(vault, share: settings.scrubShare, scrubs: true).run()
            },
            Task(executorPreference: RequestExecutor(threads: 1)) {
                await PurgeRunner(vault).run()
            },
        ]
    }

    /// What is done every few seconds or minutes: attempts, streaks and memory that are over are let go.
    func rounds(_ vault: Vault, _ connections: ConnectionCounter) -> [Task<Void, Never>] {
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
        return [attempts, streaks, ebb]
    }

    func schedules(
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

    /// SIGHUP reads the policy again. A daemon without one ends by it, as when its terminal closes.
    func reload(
        at hangups: UnixSignalsSequence, _ policy: PolicyHolder, _ vault: Vault, _ logger: Logger
    ) -> Task<Void, Never> {
        let reload = PolicyReload(holder: policy, vault: vault, logger: logger)
        return Task {
            for await _ in hangups { await reload.run() }
        }
    }

    /// Removes what a crash left, while the doors are open already.
    func sweep(_ vault: Vault, _ logger: Logger) -> Task<Void, Never> {
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
