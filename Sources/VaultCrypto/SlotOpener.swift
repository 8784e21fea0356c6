// What a person has, and how it leads to the root key through a slot of its kind.

package import VaultFormat

/// Something that opens slots of one kind.
package protocol SlotOpener {
    var kind: KeySlot.Kind { get }

    /// - Throws: ``CryptoError/wrongKey`` when it is not for this slot; ``CryptoError/refused`` when it is
    ///   and the slot was changed.
    func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey>
}

/// The line of a key file, or a passphrase.
package struct TypedOpener: SlotOpener {
    private let typed: TypedSecret
    private let stretch: any PassphraseStretch

    /// - Throws: ``CryptoError/malformedKeyFile``, and ``CryptoError/malformedText`` for what opens
    ///   slots of other kinds.
    package init(_ typed: TypedSecret, stretch: any PassphraseStretch) throws(CryptoError) {
        switch typed.form {
        case .keyFile: _ = try Secret<SlotSecret>(keyFile: typed)
        case .passphrase: break
        default: throw .malformedText
        }
        self.typed = typed
        self.stretch = stretch
    }

    package var kind: KeySlot.Kind { typed.form == .keyFile ? .keyFile : .passphrase }

    package func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey> {
        try SlotCipher.open(slot, vault: vault, typed: typed, stretch: stretch)
    }
}

/// What somebody has, for one slot and no other of its kind.
package struct NamedOpener: SlotOpener {
    private let opener: any SlotOpener
    private let slot: SlotID

    package init(_ opener: any SlotOpener, only slot: SlotID) {
        self.opener = opener
        self.slot = slot
    }

    package var kind: KeySlot.Kind { opener.kind }

    package func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey> {
        guard slot.id == self.slot else { throw CryptoError.wrongKey }
        return try opener.root(of: slot, vault: vault)
    }
}

/// Shares of one set.
package struct SharesOpener: SlotOpener {
    package let shares: [KeyShare]

    package init(_ shares: [KeyShare]) { self.shares = shares }

    package var kind: KeySlot.Kind { .shares }

    package func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey> {
        let set = try ShareSet(parsing: SoftwareSlotBody(parsing: slot.body).parameters)
        guard let head = shares.first?.head, head.set == set, head.vault == vault else {
            throw CryptoError.wrongKey
        }
        return try SlotCipher.open(slot, vault: vault, secret: KeyShare.combined(shares))
    }
}

extension KeySlot {
    /// The set whose shares open this slot; nil for slots of other kinds.
    package var shareSet: ShareSet? {
        guard kind == .shares, let body = try? SoftwareSlotBody(parsing: body) else { return nil }
        return try? ShareSet(parsing: body.parameters)
    }

    /// What tells this slot from others of its kind, without any secret: a recovery recipient's check
    /// words, or how many of how many shares open it. Nil for other kinds.
    package var detail: String? {
        switch kind {
        case .recoveryRecipient: CheckWords.words(of: recipient)
        case .shares: shareSet.map { "\($0.needed) of \($0.count)" }
        default: nil
        }
    }
}
