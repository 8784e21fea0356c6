// The small answers that every socket gives about the service and the caller.

package import VaultFormat

/// `GET /v1/health`: the process answers. Says nothing about the vault behind it.
package struct HealthAnswer: Codable, Hashable, Sendable {
    package var status = "ok"
    package init() {}
}

/// `GET /v1/ready`: the vault is unsealed and can serve. What keeps it from that is a problem.
package struct ReadyAnswer: Codable, Hashable, Sendable {
    package var status = "ready"
    package init() {}
}

/// `GET /v1/version`.
package struct VersionAnswer: Codable, Hashable, Sendable {
    /// Of the product.
    package var version: String
    /// Of the contract: the number in every path.
    package var api: Int

    package init(version: String) {
        self.version = version
        api = APIPath.version
    }
}

/// `POST /v1/seal` and `POST /v1/unseal`: what the vault is now.
package struct SealAnswer: Codable, Hashable, Sendable {
    package var sealed: Bool
    /// The slot that took the secret.
    @Nullable package var slot: SlotID?
    /// What was given of the shares that it takes; nil where that is not waited for.
    @Nullable package var shares: ShareProgress?

    package init(sealed: Bool, slot: SlotID?, shares: ShareProgress? = nil) {
        self.sealed = sealed
        self.slot = slot
        self.shares = shares
    }
}

/// `GET /v1/whoami`: who the kernel says is calling, and what that means here.
package struct WhoAmIAnswer: Codable, Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    /// The process at connect time: a hint only.
    package var pid: Int32
    package var groups: [UInt32]
    package var door: Door
    package var namespace: NamespaceName
    /// Whom the policy takes the caller for.
    package var principal: String
    /// The access token that was shown.
    @Nullable package var token: AccessTokenID?

    package init(
        caller: Caller, groups: [UInt32], namespace: NamespaceName, principal: PrincipalName,
        token: AccessTokenID?
    ) {
        self.principal = principal.description
        self.token = token
        uid = caller.uid
        gid = caller.gid
        pid = caller.pid
        self.groups = groups
        door = caller.door
        self.namespace = namespace
    }
}
