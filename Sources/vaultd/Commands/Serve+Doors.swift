// Opens the doors, and says who may come in.

import Logging
import ServiceLifecycle
import Vault
import VaultAPI
import VaultFormat
import VaultServer

extension Serve {
    func policyHolder(_ settings: DaemonSettings) throws -> PolicyHolder {
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

    func openDoors(
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
            do {
                return try DoorServer(
                    listener: adopted[door.socketName]
                        ?? UnixSocket.listen(at: its.socket, mode: its.mode, group: its.group),
                    handler: RequestHandler(
                        door: door, policy: policy, vault: vault, service: facts,
                        executor: executor, logger: logger),
                    counter: counter, logger: logger)
            } catch let error as ListenError {
                throw SettingsError(error)
            }
        }
        return doors + metrics
    }
}
