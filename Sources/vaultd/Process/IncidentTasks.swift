// What goes on beside the doors because of incidents: containments that end, and alerts.

import Logging
import Vault
import VaultCrypto
import VaultFormat
import VaultServer

struct IncidentTasks: Sendable {
    let vault: Vault
    let targets: [any AlertTarget]
    /// The keyring's file, opened as a start opens it; nil where it takes somebody.
    let openKeyring: @Sendable (KeyFile) -> OpenKeyFile?
    let alarms: AlarmLog
    let logger: Logger

    func start() -> [Task<Void, Never>] {
        let ends = Task(executorPreference: RequestExecutor(threads: 1)) {
            var tried: Int64?
            while !Task.isCancelled {
                // What cannot be written now is tried again; the doors look at the time themselves.
                try? await vault.endContainments()
                await vault.openWaiting { alarms.tell(unopened: $0, $1) }
                // Once: what does not open it then asks for somebody, and a token counts the PINs it was given.
                if let end = vault.endOfSeal, end != tried,
                    let isOpen = try? await vault.unsealAtEnd(with: openKeyring)
                {
                    tried = end
                    if isOpen {
                        logger.notice("unsealed: the containment that sealed the vault is over")
                    }
                }
                try? await Task.sleep(for: .milliseconds(Limits.containmentSweepMilliseconds))
            }
        }
        let alerts = targets.map { target in
            let runner = AlertRunner(vault, target) { kind, incident in
                logger.error(
                    "nobody was told of an incident",
                    metadata: ["by": "\(kind.rawValue)", "incident": "\(incident.hex)"])
            }
            return Task(executorPreference: RequestExecutor(threads: 1)) { await runner.run() }
        }
        return [ends] + alerts
    }
}
