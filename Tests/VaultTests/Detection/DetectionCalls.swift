// What tests of detection ask a vault for, on behalf of whom.

import Vault
import VaultFormat
import VaultTestKit

extension TestVault {
    /// Of a backend, which says whom it asks for.
    func call(for actor: String) throws -> Call {
        Call(
            caller: Self.caller, request: Self.request, namespace: .standard,
            asserted: AssertedContext(actor: try ActorName(actor)),
            principal: try PrincipalName("web"))
    }

    /// Uploads that are no pictures.
    func refuse(_ count: Int) async throws {
        for _ in 0..<count {
            try await vault.record(VaultError(.imageRefused), as: .imagePut, call(for: "mallory"))
        }
    }

    func plantCanary() async throws -> ImageID {
        let id = try await put(TestImages.small).image.image
        _ = try await vault.plantCanary(
            ImagePlace(.standard, id), note: .none, call(uid: 0, door: .admin))
        return id
    }

    func ask(for canary: ImageID) async throws {
        _ = try await vault.metadata(
            canary, claim: .unnamed, as: .metadataRead, call(for: "mallory"))
    }
}
