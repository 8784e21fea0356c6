// A start that nobody types at: slots on tokens are tried, each once, after the key file.

import Logging
import Synchronization
import VaultCrypto
import VaultFormat
import VaultStorage

extension SlotChild: SlotToken {}

final class TokenOpener: Sendable {
    private let token: SlotChild
    private let tokens: TokenSettings
    private let pinFile: String?
    private let logger: Logger
    /// A PIN that a token refused once is not tried again, at whatever slot.
    private let isPINRefused = Atomic(false)
    /// When a token of a kind did not answer last: it is not waited for again at once, at the next slot.
    private let silent = Mutex<[KeySlot.Kind: ContinuousClock.Instant]>([:])

    init(_ token: SlotChild, _ settings: DaemonSettings, _ logger: Logger) {
        self.token = token
        tokens = settings.tokens
        pinFile = settings.pinFile
        self.logger = logger
    }

    /// Opens a key file by the first slot whose token gives back its secret: PKCS #11, then TPM 2.
    ///
    /// - Returns: nil, after a line in the log for each slot that did not open, where none does.
    func open(_ file: KeyFile) -> OpenKeyFile? {
        for kind in [KeySlot.Kind.pkcs11, .tpm2] {
            for slot in file.slots where slot.kind == kind {
                guard tokens.has(kind) else {
                    tell("a slot is passed by", slot, .tokenNotConfigured, "no settings")
                    continue
                }
                if let keys = open(file, slot) { return keys }
            }
        }
        return nil
    }

    private func open(_ file: KeyFile, _ slot: KeySlot) -> OpenKeyFile? {
        if slot.kind.needsSecret {
            // Without a PIN it waits for somebody who has it.
            guard pinFile != nil, !isPINRefused.load(ordering: .relaxed) else {
                logger.notice(
                    "a slot waits for somebody with its PIN", metadata: ["slot": "\(slot.id)"])
                return nil
            }
        }
        guard !isSilent(slot.kind) else {
            tell("a slot's token is not asked again yet", slot, .tokenUnavailable, "silent")
            return nil
        }
        do {
            let opener = TokenSlotOpener(
                slot, token: token, pin: try pin(slot.kind), isUnattended: true)
            let keys = try KeyFileCipher.open(file, with: opener).keys
            logger.notice(
                "opened by a token", metadata: ["slot": "\(slot.id)", "kind": "\(slot.kind.name)"])
            return keys
        } catch let fault as TokenFault {
            if fault.kind == .wrongPIN { isPINRefused.store(true, ordering: .relaxed) }
            if [.unavailable, .moduleFailed].contains(fault.kind) {
                silent.withLock { $0[slot.kind] = .now }
            }
            tell("a slot's token did not open it", slot, fault.code, "\(fault.kind)")
        } catch {
            tell("a slot did not open", slot, .keyringRefused, KeyOpener.code(of: error))
        }
        return nil
    }

    private func isSilent(_ kind: KeySlot.Kind) -> Bool {
        let since = silent.withLock { $0[kind] }
        return since.map { $0.duration(to: .now) < .seconds(Limits.tokenSeconds) } ?? false
    }

    /// What its library said, in the library's own number: `token-key-unfit` has many reasons.
    static func report(_ kind: KeySlot.Kind, _ fault: TokenFault, _ logger: Logger) {
        logger.warning(
            "a token refused",
            metadata: [
                "kind": "\(kind.name)", "reason": "\(fault.kind)",
                "number": "0x\(String(fault.number, radix: 16))",
            ])
    }

    private func pin(_ kind: KeySlot.Kind) throws -> TypedSecret {
        guard kind.needsSecret, let pinFile else { return try TypedSecret() }
        let pin = try KeyOpener.secret(at: pinFile)
        pin.dropLastNewline()
        return pin
    }

    private func tell(_ words: String, _ slot: KeySlot, _ code: ErrorCode, _ reason: String) {
        logger.error(
            "\(words)",
            metadata: [
                "code": "\(code.rawValue)", "reason": "\(reason)", "slot": "\(slot.id)",
                "kind": "\(slot.kind.name)",
            ])
    }
}
