package import VaultFormat

/// Which tokens the daemon may speak to. It comes from its configuration alone: who speaks at a socket never
/// chooses what is loaded.
package struct TokenSettings: Sendable {
    package struct PKCS11: Sendable {
        /// The path of the module.
        package let module: String
        package let token: TokenText
        /// The AES key that new slots are made with.
        package let key: TokenText
        /// `NAME=value`, for the module.
        package let environment: [String]

        package init(module: String, token: TokenText, key: TokenText, environment: [String]) {
            self.module = module
            self.token = token
            self.key = key
            self.environment = environment
        }
    }

    package struct TPM2: Sendable {
        /// The path of the Feature API's configuration.
        package let configuration: String
        /// The path of an imported policy, for new slots; empty for none.
        package let policy: String

        package init(configuration: String, policy: String) {
            self.configuration = configuration
            self.policy = policy
        }
    }

    package let pkcs11: PKCS11?
    package let tpm2: TPM2?

    package init(pkcs11: PKCS11? = nil, tpm2: TPM2? = nil) {
        self.pkcs11 = pkcs11
        self.tpm2 = tpm2
    }

    /// Whether slots of that kind can be asked for.
    package func has(_ kind: KeySlot.Kind) -> Bool {
        switch kind {
        case .pkcs11: pkcs11 != nil
        case .tpm2: tpm2 != nil
        default: false
        }
    }
}
