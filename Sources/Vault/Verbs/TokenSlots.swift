// Slots on tokens, among the verbs of all slots: named with what opens them, made, and forgotten.

import VaultCrypto
import VaultFormat

extension Vault {
    /// A slot that `secret` opens, or that a token keeps the secret of.
    ///
    /// - Parameter token: nil for a slot without one.
    func makeSlot(
        _ secret: TypedSecret, on token: KeySlot.Kind?, label: SlotLabel, vault: VaultID,
        root: borrowing Secret<RootKey>
    ) throws -> KeySlot {
        let now = clock.nowMicroseconds()
        guard let token else {
            return try SlotCipher.make(
                label: label.text, vault: vault, typed: secret, root: root,
                createdMicroseconds: now, stretch: stretch)
        }
        return try SlotCipher.make(
            token, label: label.text, vault: vault, token: self.token, pin: secret, root: root,
            createdMicroseconds: now)
    }

    /// Whoever needs a secret and gives none is told so before anything is tried.
    func requireSecret(_ secret: TypedSecret, for kind: KeySlot.Kind?) throws(VaultError) {
        guard !secret.isEmpty || kind?.needsSecret == false else { throw VaultError(.emptyBody) }
    }

    /// Lets a token forget the secret of a slot that no key file has any more.
    func forget(_ slot: KeySlot, vault: VaultID) {
        guard slot.kind.isToken, let body = try? SoftwareSlotBody(parsing: slot.body)
        else { return }
        for kind in KeyFile.Kind.allCases {
            guard let file = try? loadKeyFile(kind),
                !file.slots.contains(where: { $0.id == slot.id })
            else { return }
        }
        token.forget(TokenSlot(kind: slot.kind, vault: vault, salt: body.salt))
    }
}
