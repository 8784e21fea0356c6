// At every door: who is contained.

import Vault
import VaultFormat

extension RequestHandler {
    /// Holds back whoever is contained: the one that the kernel says is asking, and the one that a token or a ticket
    /// speaks for.
    func requireFreedom(_ verb: Verb, of principals: [Principal], _ exchange: Exchange) async throws
    {
        guard let name = verb.name else { return }
        // A sealed vault lets nobody lift anything: whoever opens it makes that possible again.
        if vault.isSealed, name == .unsealVault || name == .challengeSlots { return }
        for principal in Set(principals.map(\.name)).sorted() {
            let wait: Int64?
            do throws(VaultError) {
                wait = try await vault.wait(
                    forContained: principal, asking: name, under: exchange.policy, exchange.call)
            } catch {
                throw try await refused(error, exchange)
            }
            if let wait { throw Refusal.tooMuch(wait) }
        }
    }
}
