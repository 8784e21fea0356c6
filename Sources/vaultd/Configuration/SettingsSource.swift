// Where settings come from: file, environment, flags, in that order; a key that nobody reads is an error.

import Configuration
import Foundation
import Glibc
import SystemPackage
import VaultCrypto
import VaultFormat
import VaultServer
import Yams

/// A setting that cannot be used, in words for whoever wrote it.
struct SettingsError: Error, CustomStringConvertible {
    let description: String
    /// Whether it may be gone by itself when the daemon is started again.
    let mayPass: Bool

    init(_ description: String, mayPass: Bool = false) {
        self.description = description
        self.mayPass = mayPass
    }

    /// The process that has a place may end, a full file system be emptied, and descriptors and memory come back.
    private static let passing: Set<Int32> = [
        EADDRINUSE, ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM,
    ]

    /// - Parameter number: why the kernel refused, as errno(3) has it.
    init(_ description: String, number: Int32) {
        self.init(description, mayPass: Self.passing.contains(number))
    }

    init(_ error: ListenError) { self.init(error.description, number: error.number) }
}

struct SettingsSource {
    private let reader: ConfigReader
    /// Those that the settings name, `default` among them, by name.
    let namespaces: [NamespaceName]
    /// SHA-256 of what the daemon was set to. CaseFormat §3.
    let digest: Digest256
    /// Whether keys that a service manager hands over have to be there.
    var needsCredentials = true

    /// - Parameter known: the keys that are read, where the settings name these namespaces.
    init(
        file: String, overrides: [String], known keys: ([NamespaceName]) -> Set<String>
    ) async throws {
        let root = try Self.root(of: file)
        namespaces = Self.namespaces(in: root, overrides)
        let known = keys(namespaces)
        for key in Self.keys(of: root, below: "") where !known.contains(key) {
            throw SettingsError("\(file): \(key) is not a setting; see vaultd.example.yaml")
        }
        var flags: [String: String] = [:]
        for flag in overrides {
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, known.contains(String(parts[0])) else {
                throw SettingsError(
                    "--set takes key=value with a known key; see vaultd.example.yaml")
            }
            // The provider of variables parses text into numbers and lists, which flags need as well.
            flags[Self.variable(String(parts[0]))] = String(parts[1])
        }
        digest = Self.digest(of: file, overrides, known: known)
        let fileProvider: FileProvider<YAMLSnapshot>
        do {
            fileProvider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(file))
        } catch {
            throw SettingsError("\(file) cannot be read as YAML")
        }
        reader = ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: flags),
            EnvironmentVariablesProvider(environmentVariables: Self.ownVariables(known: known)),
            fileProvider,
        ])
    }

    func text(_ key: String) async throws -> String? {
        do {
            return try await reader.fetchString(forKey: ConfigKey(Self.parts(key)))
        } catch {
            throw SettingsError("\(key) is not a text")
        }
    }

    func number(_ key: String, in range: ClosedRange<Int>) async throws -> Int? {
        let number: Int?
        do {
            number = try await reader.fetchInt(forKey: ConfigKey(Self.parts(key)))
        } catch {
            throw SettingsError("\(key) is not a number")
        }
        guard let number else { return nil }
        guard range.contains(number) else {
            throw SettingsError("\(key) must be \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ key: String) async throws -> Bool? {
        do {
            return try await reader.fetchBool(forKey: ConfigKey(Self.parts(key)))
        } catch {
            throw SettingsError("\(key) must be true or false")
        }
    }

    func list(_ key: String) async throws -> [String]? {
        do {
            return try await reader.fetchStringArray(forKey: ConfigKey(Self.parts(key)))
        } catch {
            throw SettingsError("\(key) is not a list of texts")
        }
    }

    // MARK: Keys

    private static func parts(_ key: String) -> [String] {
        key.split(separator: ".").map(String.init)
    }

    private static func variable(_ key: String) -> String {
        // As the reader of variables spells a key.
        String(key.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    /// `IMAGEVAULT_VALIDATION_LEVEL` as `VALIDATION_LEVEL`, for the known keys only.
    private static func ownVariables(known: Set<String>) -> [String: String] {
        let environment = ProcessInfo.processInfo.environment
        var own: [String: String] = [:]
        for key in known {
            own[variable(key)] = environment["IMAGEVAULT_" + variable(key)]
        }
        return own
    }

    private static func digest(
        of file: String, _ overrides: [String], known: Set<String>
    ) -> Digest256 {
        let environment = ProcessInfo.processInfo.environment
        let variables = known.map { "IMAGEVAULT_" + variable($0) }.compactMap { name in
            environment[name].map { "\(name)=\($0)" }
        }
        let more = (overrides + variables).sorted().map { "\n" + $0 }.joined()
        let bytes = (try? Data(contentsOf: URL(fileURLWithPath: file))) ?? Data()
        return LogHash.digest([UInt8](bytes) + Array(more.utf8))
    }

    private static func root(of file: String) throws -> Node {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw SettingsError("\(file) cannot be read")
        }
        guard let root = try? Yams.compose(yaml: text) else {
            throw SettingsError("\(file) is not YAML")
        }
        return root
    }

    /// What has not the form of a namespace's name is told as an unknown key.
    private static func namespaces(in root: Node, _ overrides: [String]) -> [NamespaceName] {
        let inFile = root.mapping?["namespaces"]?.mapping?.keys.compactMap(\.string) ?? []
        let inFlags = overrides.filter { $0.hasPrefix("namespaces.") }
            .compactMap { $0.split(separator: ".").dropFirst().first.map { String($0) } }
        let names = Set((inFile + inFlags).compactMap { try? NamespaceName($0) })
        return names.union([.standard]).sorted()
    }

    private static func keys(of node: Node, below prefix: String) -> [String] {
        guard let mapping = node.mapping else { return [prefix] }
        return mapping.flatMap { key, value in
            keys(of: value, below: (prefix.isEmpty ? "" : prefix + ".") + (key.string ?? "?"))
        }
    }
}
