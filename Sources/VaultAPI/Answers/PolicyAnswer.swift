// Who may do what, as the vault has it.

package import VaultFormat

/// `GET /v1/policy` and `POST /v1/policy/reload`.
package struct PolicyAnswer: Codable, Hashable, Sendable {
    package struct Principal: Codable, Hashable, Sendable {
        package var name: String
        package var users: [UInt32]
        package var groups: [UInt32]
        /// Any where there is none.
        package var units: [String]
        package var roles: [String]
        package var verbs: [String]
        package var namespace: NamespaceName
        /// Whether access tokens may be made for it.
        package var tokens: Bool
        /// Whether it may nothing but pass on what others ask with a token or a ticket.
        package var proxy: Bool
    }

    /// What a namespace may have, where the policy says.
    package struct Namespace: Codable, Hashable, Sendable {
        package var name: NamespaceName
        package var quota: QuotaAnswer
    }

    /// SHA-256 of the policy's file; null where the settings of the doors say who is admitted.
    @Nullable package var digest: String?
    package var principals: [Principal]
    package var namespaces: [Namespace]

    package init(_ policy: AccessPolicy) {
        digest = policy.digest?.hex
        namespaces = policy.quotas.sorted { $0.key < $1.key }
            .map { Namespace(name: $0.key, quota: QuotaAnswer($0.value)) }
        principals = policy.rules.map { rule in
            Principal(
                name: rule.principal.name.description, users: rule.users.sorted(),
                groups: rule.groups.sorted(), units: rule.units.sorted(), roles: rule.roles,
                verbs: rule.principal.verbs.sorted().map(\.rawValue),
                namespace: rule.principal.namespace, tokens: rule.takesTokens,
                proxy: rule.principal.isProxy)
        }
    }
}
