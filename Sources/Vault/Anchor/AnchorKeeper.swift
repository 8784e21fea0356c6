// Keeps an anchor outside of the store. It is made of what is durable: a crash leaves it behind the store, and
// never ahead. LogFormat §9.

import VaultCrypto
package import VaultFormat

/// Keeps one place's anchor the newest.
package struct AnchorKeeper: Sendable {
    private let vault: Vault
    private let target: any AnchorTarget
    private let failed: @Sendable (AnchorKind, AnchorState) -> Void

    /// - Parameter failed: told when an attempt fails that did not fail before.
    package init(
        _ vault: Vault, _ target: any AnchorTarget,
        failed: @escaping @Sendable (AnchorKind, AnchorState) -> Void
    ) {
        self.vault = vault
        self.target = target
        self.failed = failed
        vault.anchors.open(target.kind)
    }

    /// Looks once a while until its task is cancelled. Blocks its thread while the place takes an anchor.
    package func run() async {
        while !Task.isCancelled {
            keep()
            try? await Task.sleep(for: .milliseconds(Limits.anchorMilliseconds))
        }
    }

    /// Leaves the anchor of the state as it is, unless it is there.
    package func keep() {
        let now = vault.clock.monotonicMicroseconds()
        guard let anchored = vault.anchored() else {
            return vault.anchors.behind(target.kind, at: now)
        }
        guard vault.anchors.isNews(anchored, for: target.kind, at: now) else { return }
        // A keyring that was put back is not what the next start is to find right.
        guard !vault.anchors.contradicts(anchored) else { return fail(.failed) }
        guard let signer = vault.logSigner,
            let note = try? signer.note(vault.anchor(of: anchored))
        else { return fail(.logKeySealed) }
        do throws(StorageError) {
            try target.keep(note, signedBy: signer.verifierKey)
        } catch {
            return fail(.failed)
        }
        vault.anchors.kept(anchored, by: target.kind, at: vault.clock.nowMicroseconds())
    }

    private func fail(_ state: AnchorState) {
        if vault.anchors.failed(target.kind, state) { failed(target.kind, state) }
    }
}

extension Vault {
    /// What an anchor would say now. Nil while the keyring's file is being replaced, which outlives a power cut
    /// or not, and where another one lies there than is in use.
    fileprivate func anchored() -> Anchored? {
        // In this order: a file that is replaced in between is another than the one in use.
        let used = keyringIfUnsealed?.keys.file
        guard let file = try? keyFiles.load(.keyring), used == nil || used == file else {
            return nil
        }
        let frontier = committer.frontier
        return Anchored(
            vault: file.vault, generation: file.generation,
            keyring: LogHash.digest(file.encoded), logSize: frontier.size,
            logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty)
    }

    fileprivate func anchor(of anchored: Anchored) -> Anchor {
        Anchor(
            vault: anchored.vault, at: Timestamp.text(microseconds: clock.nowMicroseconds()),
            generation: anchored.generation, keyring: anchored.keyring,
            logSize: anchored.logSize, logRoot: anchored.logRoot)
    }

    /// Nothing older than what a start compared the store with is anchored, or opened, from then on.
    package func begin(with anchor: Anchor) {
        anchors.begin(
            with: Anchored(
                vault: anchor.vault, generation: anchor.generation, keyring: anchor.keyring,
                logSize: anchor.logSize, logRoot: anchor.logRoot))
    }

    /// How far the anchors are.
    package var anchorStates: [AnchorStatus] { anchors.states(at: clock.monotonicMicroseconds()) }
}
