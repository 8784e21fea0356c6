// Where the anchor goes: to a file outside of the state directory, to a command, to both, or nowhere.

import Foundation
import VaultFormat

struct AnchorSettings: Sendable {
    let file: String?
    /// A program by its path, and what it is given; empty for none.
    let command: [String]

    static let known: Set<String> = ["audit.anchor_file", "audit.anchor_command"]

    init(
        _ source: SettingsSource, stateDirectory: String, publicKeyFile: String
    ) async throws {
        file = try await source.text("audit.anchor_file")
        if let file {
            guard file.hasPrefix("/"), !file.hasSuffix("/") else {
                throw SettingsError("audit.anchor_file must be the absolute path of a file")
            }
            guard Self.resolved(file) != Self.resolved(publicKeyFile) else {
                throw SettingsError("audit.anchor_file and keys.public_key_file are the same file")
            }
            guard !Self.resolved(file).hasPrefix(Self.resolved(stateDirectory) + "/") else {
                throw SettingsError(
                    "audit.anchor_file must be outside of \(stateDirectory): whoever puts an older "
                        + "state back would put the older anchor back with it")
            }
        }
        command = try await source.list("audit.anchor_command") ?? []
        if let program = command.first {
            guard program.hasPrefix("/"), command.count <= Limits.anchorCommandWords else {
                throw SettingsError(
                    "audit.anchor_command takes the absolute path of a program and up to "
                        + "\(Limits.anchorCommandWords - 1) words for it")
            }
        }
    }

    /// Where a path leads, as far as its directories are there.
    private static func resolved(_ path: String) -> String {
        let url = URL(fileURLWithPath: path)
        return url.deletingLastPathComponent().resolvingSymlinksInPath().standardizedFileURL
            .appendingPathComponent(url.lastPathComponent).path
    }
}
