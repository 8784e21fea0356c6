// Who may use a door: users and groups by name or number. Where nobody is named, only the daemon's own user.

import Foundation
import Glibc
import VaultAPI
import VaultFormat
import VaultPolicy
import VaultServer

extension DaemonSettings {
    static func door(
        _ door: Door, _ source: SettingsSource, _ run: String
    ) async throws -> DoorSettings {
        let prefix = "doors.\(door.name)"
        return DoorSettings(
            socket: "\(run)/\(door.socketName)",
            mode: try await mode(source, "\(prefix).mode"),
            group: try await source.text("\(prefix).group").map {
                try group($0, "\(prefix).group")
            },
            access: try await access(source, prefix, orElse: [getuid()]))
    }

    /// A policy says who is admitted: nothing else may say so, too.
    static func policy(_ source: SettingsSource) async throws -> PolicySource? {
        guard try await source.text("policy_file") != nil else { return nil }
        for prefix in Door.allCases.map({ "doors.\($0.name)" }) + ["audit.resolvers"] {
            for key in ["\(prefix).users", "\(prefix).groups"] {
                guard try await source.list(key) == nil else {
                    throw SettingsError("\(key) is said by policy_file: set one of them")
                }
            }
        }
        return PolicySource(path: try await path(source, "policy_file", default: ""))
    }

    /// Users and groups as a setting names them; `others` where it names none.
    static func access(
        _ source: SettingsSource, _ prefix: String, orElse others: Set<UInt32>
    ) async throws -> DoorAccess {
        let users = try await source.list("\(prefix).users")
        let groups = try await source.list("\(prefix).groups") ?? []
        return DoorAccess(
            users: try users.map { Set(try $0.map { try user($0, "\(prefix).users") }) }
                ?? (groups.isEmpty ? others : []),
            groups: Set(try groups.map { try group($0, "\(prefix).groups") }))
    }

    static func mode(_ source: SettingsSource, _ key: String) async throws -> mode_t {
        guard let text = try await source.text(key) else { return 0o660 }
        guard let mode = mode_t(text, radix: 8), mode <= 0o777 else {
            throw SettingsError("\(key) must be an octal mode in quotes, as \"0660\"")
        }
        return mode
    }

    private static func user(_ text: String, _ key: String) throws -> UInt32 {
        guard let number = UInt32(text) ?? SystemAccounts().user(text) else {
            throw SettingsError("\(key): there is no user \(text)")
        }
        guard number != AccessPolicy.overflowUID else {
            throw SettingsError("\(key): \(number) is nobody in particular")
        }
        return number
    }

    static func group(_ text: String, _ key: String) throws -> UInt32 {
        guard let number = UInt32(text) ?? SystemAccounts().group(text) else {
            throw SettingsError("\(key): there is no group \(text)")
        }
        return number
    }
}
