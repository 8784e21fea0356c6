// From the names that a backend asserts to the pseudonyms that stand in the log. LogFormat §6.

import VaultCrypto
import VaultFormat

/// Gives names their pseudonyms inside a transaction, new ones their row.
struct NameKeeper {
    let catalog: any CatalogWriter
    let keyring: Keyring

    func pseudonyms(
        of context: AssertedContext, in namespace: NamespaceName
    ) throws(StorageError) -> Pseudonyms {
        Pseudonyms(
            actor: try pseudonym(.actor, context.actor?.description, namespace),
            client: try pseudonym(.client, context.client?.description, namespace),
            agent: try pseudonym(.agent, context.agent?.description, namespace))
    }

    private func pseudonym(
        _ kind: Pseudonym.Kind, _ name: String?, _ namespace: NamespaceName
    ) throws(StorageError) -> Pseudonym? {
        guard let name else { return nil }
        let index = keyring.blindIndex(.init(kind), name, in: namespace)
        if let known = try catalog.pseudonym(of: kind, at: index) { return known.pseudonym }
        let row: PseudonymRow
        do throws(CryptoError) {
            let new: Pseudonym = try Random.id()
            row = PseudonymRow(
                pseudonym: new, kind: kind, index: index,
                sealedName: try keyring.sealName(name, kind, new))
        } catch {
            throw error == .sealed ? .sealed : .unavailable(0)
        }
        try catalog.insertPseudonym(row)
        return row.pseudonym
    }
}
