// The tokens that the daemon may speak to: which library is loaded, and what it is asked for.

import VaultFormat
import VaultStorage

extension TokenSettings {
    /// Every key that is read here.
    static let known: Set<String> = [
        "keys.pkcs11_module", "keys.pkcs11_token", "keys.pkcs11_key", "keys.pkcs11_environment",
        "keys.pkcs11_pin_file", "keys.pkcs11_pin_credential", "keys.tpm2_configuration",
        "keys.tpm2_policy",
    ]

    #if PKCS11
        private static let hasPKCS11 = true
    #else
        private static let hasPKCS11 = false
    #endif
    #if TPM2
        private static let hasTPM2 = true
    #else
        private static let hasTPM2 = false
    #endif

    init(_ source: SettingsSource) async throws {
        self.init(pkcs11: try await Self.pkcs11(source), tpm2: try await Self.tpm2(source))
    }

    private static func pkcs11(_ source: SettingsSource) async throws -> PKCS11? {
        guard let module = try await source.text("keys.pkcs11_module") else {
            for key in known where key.hasPrefix("keys.pkcs11_") {
                guard try await source.text(key) == nil else {
                    throw SettingsError("\(key) needs keys.pkcs11_module")
                }
            }
            return nil
        }
        guard hasPKCS11 else {
            throw SettingsError(
                "keys.pkcs11_module needs a vaultd that was built with the package trait PKCS11")
        }
        return PKCS11(
            module: try library(module, "keys.pkcs11_module"),
            token: try name(try await source.text("keys.pkcs11_token"), "keys.pkcs11_token"),
            key: try name(try await source.text("keys.pkcs11_key"), "keys.pkcs11_key"),
            environment: try variables(try await source.list("keys.pkcs11_environment") ?? []))
    }

    private static func tpm2(_ source: SettingsSource) async throws -> TPM2? {
        let policy = try await source.text("keys.tpm2_policy")
        guard let configuration = try await source.text("keys.tpm2_configuration") else {
            guard policy == nil else {
                throw SettingsError("keys.tpm2_policy needs keys.tpm2_configuration")
            }
            return nil
        }
        guard hasTPM2 else {
            throw SettingsError(
                "keys.tpm2_configuration needs a vaultd that was built with the package trait TPM2")
        }
        guard policy.map({ $0.hasPrefix("/policy/") }) ?? true else {
            throw SettingsError("keys.tpm2_policy must be the path of a policy, as /policy/NAME")
        }
        return TPM2(
            configuration: try library(configuration, "keys.tpm2_configuration"),
            policy: policy ?? "")
    }

    /// A file that decides what is loaded: nobody else may write it. That it is there is seen when it is
    /// needed.
    private static func library(_ path: String, _ key: String) throws -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw SettingsError("\(key) must be an absolute path")
        }
        guard LoadedFile.isOurs(path) else {
            throw SettingsError(
                "\(key): \(path) must belong to root or to this user, and nobody else may write it")
        }
        return path
    }

    private static func name(_ text: String?, _ key: String) throws -> TokenText {
        guard let text, let name = try? TokenText(text) else {
            throw SettingsError("\(key) must be a label of 1 to 64 printable characters")
        }
        return name
    }

    private static func variables(_ entries: [String]) throws -> [String] {
        let key = "keys.pkcs11_environment"
        guard entries.count <= Limits.tokenVariables else {
            throw SettingsError("\(key) takes at most \(Limits.tokenVariables) variables")
        }
        for entry in entries {
            let name = entry.prefix { $0 != "=" }
            guard !name.isEmpty, name.count < entry.count, name.utf8.allSatisfy(isNameByte),
                entry.utf8.count <= Limits.tokenVariableBytes,
                entry.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw SettingsError(
                    "\(key) takes NAME=value, of at most \(Limits.tokenVariableBytes) bytes each")
            }
        }
        return entries
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
    }
}
