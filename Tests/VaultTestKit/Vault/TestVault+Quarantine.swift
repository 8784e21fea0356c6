// Quarantine in few words. An answer's body is the request's id and its digest.

package import Vault
package import VaultFormat

extension TestVault {
    @discardableResult
    package func quarantine(
        _ id: ImageID, in namespace: NamespaceName = .standard
    ) async throws -> ImageRow {
        try await vault.quarantine(id, in: namespace, call())
    }

    /// Asks for a release or an erasure.
    package func ask(
        _ kind: ApprovalKind, _ id: ImageID, uid: UInt32 = 1001
    ) async throws -> (id: ApprovalID, digest: Digest256) {
        let answer = try await vault.request(kind, id, in: .standard, call(uid: uid), at: nil) {
            StoredAnswer(status: 201, body: $0.approval.bytes + $0.digest.bytes)
        }
        return (
            try ApprovalID(bytes: Array(answer.body.prefix(ApprovalID.byteCount))),
            try Digest256(bytes: Array(answer.body.dropFirst(ApprovalID.byteCount)))
        )
    }

    @discardableResult
    package func approve(
        _ request: (id: ApprovalID, digest: Digest256), uid: UInt32 = 1001,
        of principal: PrincipalName? = nil, mayDo: (VerbName) -> Bool = { _ in true }
    ) async throws -> ApprovalRow {
        let call = call(uid: uid)
        return try await vault.approve(
            request.id, digest: request.digest, mayDo: mayDo,
            Call(
                caller: call.caller, request: call.request, namespace: call.namespace,
                principal: principal)
        ).approval
    }
}
