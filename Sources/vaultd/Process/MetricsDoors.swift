// Opens the places where measures are read.

import CoreMetrics
import Glibc
import Logging
import Vault
import VaultServer

struct MetricsDoors {
    let settings: MetricsSettings
    /// What the service manager handed over, by name.
    let adopted: [String: Int32]
    let vault: Vault
    let service: ServiceFacts
    let logger: Logger

    /// The register of this process, which whatever counts by swift-metrics finds, too.
    static func register() -> MeasureRegister {
        let register = MeasureRegister()
        MetricsSystem.bootstrap(register)
        return register
    }

    /// - Throws: ``SettingsError`` where a place cannot be had.
    func open() throws -> [MetricsServer] {
        let places = MetricsPlaces()
        func server(_ listener: Int32, isPort: Bool) throws -> MetricsServer {
            do {
                return try MetricsServer(
                    listener: listener, vault: vault, service: service, places: places,
                    isPort: isPort, logger: logger)
            } catch {
                throw SettingsError(error)
            }
        }
        // Its scrapers would be taken in by the service manager, and never be answered.
        guard settings.port != nil || adopted[ServiceManager.metricsPort] == nil else {
            throw SettingsError(
                "\(ServiceManager.metricsPort) was handed over, and metrics.loopback_port asks for no port: set it, "
                    + "or stop its socket unit")
        }
        return [try server(socket(), isPort: false)]
            + (try settings.port.map { [try server(port($0), isPort: true)] } ?? [])
    }

    private func socket() throws -> Int32 {
        if let handed = adopted[ServiceManager.metricsSocket] { return handed }
        do {
            return try UnixSocket.listen(
                at: settings.socket, mode: settings.mode, group: settings.group)
        } catch {
            throw SettingsError(error)
        }
    }

    private func port(_ port: MetricsSettings.Port) throws -> Int32 {
        if let handed = adopted[ServiceManager.metricsPort] {
            guard LoopbackSocket.isLoopback(handed) else {
                throw SettingsError(
                    "\(ServiceManager.metricsPort) was handed over with an address that other machines "
                        + "may reach: ListenStream= takes 127.0.0.1 or [::1] with a port")
            }
            return handed
        }
        do {
            return try LoopbackSocket.listen(at: port.address, port: port.number)
        } catch {
            throw SettingsError(error)
        }
    }
}
