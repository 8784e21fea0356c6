// Slots whose secret a token keeps: 32 random bytes for one slot of one vault. What opens the rest is a
// software slot's. KeyringFormat §3.6 and §3.7.

package import VaultFormat

/// A token, wherever it is spoken to. Each question is one attempt: tokens count wrong PINs.
package protocol SlotToken: Sendable {
    /// Has the token keep a slot's secret.
    ///
    /// - Parameters:
    ///   - pin: empty for a TPM.
    ///   - nonce: ``PKCS11Parameters/nonceBytes``, used for nothing else.
    /// - Returns: the slot's parameters.
    func keep(
        _ secret: UnsafeRawBufferPointer, of slot: TokenSlot, pin: UnsafeRawBufferPointer,
        nonce: [UInt8]
    ) throws(TokenFault) -> [UInt8]

    /// Has the token give back what it keeps.
    ///
    /// - Parameter isUnattended: whether nobody is there who knows how many attempts are left.
    func giveBack(
        _ slot: TokenSlot, parameters: [UInt8], pin: UnsafeRawBufferPointer, isUnattended: Bool,
        into secret: UnsafeMutableRawBufferPointer
    ) throws(TokenFault)

    /// Has a TPM forget what it kept, if it can.
    func forget(_ slot: TokenSlot)
}

extension SlotCipher {
    /// Makes a slot whose secret `token` keeps.
    ///
    /// - Throws: ``TokenFault``.
    package static func make(
        _ kind: KeySlot.Kind, label: String, vault: VaultID, token: any SlotToken, pin: TypedSecret,
        root: borrowing Secret<RootKey>, createdMicroseconds: Int64
    ) throws -> KeySlot {
        var draft = try Draft(kind: kind, label: label, createdMicroseconds: createdMicroseconds)
        let place = TokenSlot(kind: kind, vault: vault, salt: draft.salt)
        let secret = try Secret<SlotSecret>.random()
        let nonce = try Random.bytes(PKCS11Parameters.nonceBytes)
        let given = try secret.inTransit()
        let typed = try pin.inTransit()
        draft.parameters = try unsafe given.withBytes { (bytes) throws(TokenFault) in
            try unsafe typed.withBytes { (pin) throws(TokenFault) in
                try unsafe token.keep(bytes, of: place, pin: pin, nonce: nonce)
            }
        }
        return try make(draft, vault: vault, secret: secret, root: root)
    }

    /// Opens the root key through a slot whose secret `token` keeps.
    ///
    /// - Throws: ``TokenFault``; `keyUnfit` also where the token gave another slot's secret.
    package static func open(
        _ slot: KeySlot, vault: VaultID, token: any SlotToken, pin: TypedSecret,
        isUnattended: Bool = false
    ) throws -> Secret<RootKey> {
        let body = try SoftwareSlotBody(parsing: slot.body)
        let place = TokenSlot(kind: slot.kind, vault: vault, salt: body.salt)
        let typed = try pin.inTransit()
        let answer = try TransitBytes(count: Secret<SlotSecret>.byteCount)
        try unsafe typed.withBytes { (pin) throws(TokenFault) in
            try unsafe answer.withMutableBytes { (out) throws(TokenFault) in
                try unsafe token.giveBack(
                    place, parameters: body.parameters, pin: pin, isUnattended: isUnattended,
                    into: out)
            }
        }
        do {
            return try open(slot, vault: vault, secret: Secret(answer))
        } catch CryptoError.wrongKey {
            throw TokenFault(.keyUnfit)
        }
    }
}

/// A token, and what it asks for to open one slot. No other slot is tried with it.
package struct TokenSlotOpener: SlotOpener {
    private let slot: KeySlot
    private let token: any SlotToken
    private let pin: TypedSecret
    private let isUnattended: Bool

    /// - Parameter pin: empty for a TPM.
    package init(
        _ slot: KeySlot, token: any SlotToken, pin: TypedSecret, isUnattended: Bool = false
    ) {
        self.slot = slot
        self.token = token
        self.pin = pin
        self.isUnattended = isUnattended
    }

    package var kind: KeySlot.Kind { slot.kind }

    package func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey> {
        guard slot.id == self.slot.id else { throw CryptoError.wrongKey }
        return try SlotCipher.open(
            slot, vault: vault, token: token, pin: pin, isUnattended: isUnattended)
    }
}

/// For a vault that has none.
package struct NoToken: SlotToken {
    package init() {}

    package func keep(
        _: UnsafeRawBufferPointer, of: TokenSlot, pin: UnsafeRawBufferPointer, nonce: [UInt8]
    ) throws(TokenFault) -> [UInt8] {
        throw TokenFault(.notConfigured)
    }

    package func giveBack(
        _: TokenSlot, parameters: [UInt8], pin: UnsafeRawBufferPointer, isUnattended: Bool,
        into: UnsafeMutableRawBufferPointer
    ) throws(TokenFault) {
        throw TokenFault(.notConfigured)
    }

    package func forget(_: TokenSlot) {}
}
