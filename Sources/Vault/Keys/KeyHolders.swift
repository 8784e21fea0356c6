// The keys that are open, shared by everything that runs: swapped whole, and gone at once when the vault is sealed.

import Synchronization
import VaultCrypto
import VaultFormat

/// The keyring that requests borrow while the vault is unsealed.
final class KeyHolder: Sendable {
    private let state: Mutex<(keyring: Keyring?, sealings: Int)>
    init(_ keyring: Keyring?) { state = Mutex((keyring, 0)) }
    var current: Keyring? { state.withLock { $0.keyring } }
    /// How often the vault was sealed; tells whether it was meanwhile.
    var sealings: Int { state.withLock { $0.sealings } }

    /// - Returns: false, with nothing installed, when the vault was sealed since.
    func install(_ new: Keyring, ifSealings sealings: Int) -> Bool {
        state.withLock { state in
            guard state.sealings == sealings else { return false }
            state.keyring = new
            return true
        }
    }

    /// The next generation takes the place of `old`, unless that is not in use any more.
    func replace(_ old: OpenKeyFile, with new: Keyring) {
        state.withLock { if $0.keyring?.keys === old { $0.keyring = new } }
    }

    func seal() {
        state.withLock { state in
            state.keyring = nil
            state.sealings += 1
        }
    }
}

/// The log's key, opened at the start and again when the vault is unsealed.
final class SignerHolder: Sendable {
    private let signer: Mutex<LogSigner?>
    private let open: @Sendable () -> OpenKeyFile?
    private let told: @Sendable (OpenKeyFile) -> LogSigner?

    /// - Parameters:
    ///   - waits: leaves it closed until ``reopen()``.
    ///   - told: the signer of an opened file, as the log has it.
    init(
        waits: Bool, told: @escaping @Sendable (OpenKeyFile) -> LogSigner?,
        _ open: @escaping @Sendable () -> OpenKeyFile?
    ) {
        signer = Mutex(waits ? nil : open().flatMap(told))
        self.open = open
        self.told = told
    }

    var current: LogSigner? {
        let held = signer.withLock { signer in
            if signer?.isErased == true { signer = nil }
            return signer
        }
        // While a file has two keys, the log says each time which one signs: what a failed flush left of their
        // succession may turn out to be there.
        guard let held, held.keys.file.entries.count > 1 else { return held }
        return told(held.keys)
    }

    func close() {
        signer.withLock { $0 = nil }
    }

    /// - Parameter isWanted: asked when it is opened, and nobody can close this meanwhile.
    func reopen(if isWanted: () -> Bool) {
        guard let opened = open().flatMap(told) else { return }
        install(opened, if: isWanted)
    }

    @discardableResult
    func install(_ opened: LogSigner, if isWanted: () -> Bool) -> Bool {
        signer.withLock { signer in
            guard isWanted() else { return false }
            signer = opened
            return true
        }
    }

    /// The next generation takes the place of `old`, unless that is not in use any more.
    func replace(_ old: OpenKeyFile, with new: LogSigner) {
        signer.withLock { if $0?.keys === old { $0 = new } }
    }
}
