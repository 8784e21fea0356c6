// Where measures are read: `metrics`. The socket's mode and group say who may; a port has no such thing, and is made
// only where somebody asked for it.

import Glibc
import VaultFormat
import VaultServer

struct MetricsSettings: Sendable {
    struct Port: Sendable {
        let address: LoopbackAddress
        let number: UInt16
    }

    let socket: String
    let mode: mode_t
    let group: gid_t?
    /// Nil for no port.
    let port: Port?

    static let known: Set<String> = [
        "metrics.mode", "metrics.group", "metrics.loopback_port", "metrics.loopback_address",
    ]

    init(_ source: SettingsSource, runDirectory run: String) async throws {
        socket = "\(run)/\(ServiceManager.metricsSocket)"
        mode = try await DaemonSettings.mode(source, "metrics.mode")
        group = try await source.text("metrics.group").map {
            try DaemonSettings.group($0, "metrics.group")
        }
        port = try await Self.port(source)
    }

    private static func port(_ source: SettingsSource) async throws -> Port? {
        let address = try await source.text("metrics.loopback_address").map { text in
            guard let address = LoopbackAddress(rawValue: text) else {
                let all = LoopbackAddress.allCases.map(\.rawValue).joined(separator: " or ")
                throw SettingsError(
                    "metrics.loopback_address must be \(all): measures are not for other machines")
            }
            return address
        }
        guard
            let number = try await source.number("metrics.loopback_port", in: Limits.metricsPorts)
        else {
            guard address == nil else {
                throw SettingsError("metrics.loopback_address needs metrics.loopback_port")
            }
            return nil
        }
        return Port(address: address ?? .four, number: UInt16(number))
    }
}
