// The policy in force, shared by all doors: a request goes by the one that it found.

import Synchronization
import Vault
package import VaultFormat

/// Why a policy's file is not taken, in words for an admin.
package struct PolicyRefusal: Error {
    package let words: String
    package init(_ words: String) { self.words = words }
}

package final class PolicyHolder: Sendable {
    package typealias Load = @Sendable () throws(PolicyRefusal) -> AccessPolicy

    private let state: Mutex<(policy: AccessPolicy, isChanging: Bool)>
    /// Reads the policy's file; nil where there is none.
    private let load: Load?

    package init(_ policy: AccessPolicy, load: Load? = nil) {
        state = Mutex((policy, false))
        self.load = load
    }

    package var current: AccessPolicy { state.withLock { $0.policy } }

    /// Reads the file again. Another policy is in force once it is on record, one after the other.
    ///
    /// - Parameter record: makes the event of a policy with this digest durable.
    /// - Returns: whether it is another one.
    /// - Throws: ``PolicyRefusal``, what `record` throws, or ``VaultError`` `no-policy` and `overloaded`.
    package func reload(
        recording record: (Digest256) async throws -> Void
    ) async throws -> Bool {
        guard let load else { throw VaultError(.noPolicy) }
        let begins = state.withLock { state in
            defer { state.isChanging = true }
            return !state.isChanging
        }
        guard begins else { throw VaultError(.overloaded) }
        defer { state.withLock { $0.isChanging = false } }
        let next = try load()
        // The same words may mean somebody else by now: names are looked up each time.
        guard let digest = next.digest, next != current else { return false }
        try await record(digest)
        state.withLock { $0.policy = next }
        return true
    }
}

extension AccessPolicy {
    func principal(of peer: PeerIdentity, at door: Door) -> Principal? {
        principal(
            at: door, uid: peer.uid, groups: [peer.gid] + peer.groups, unit: peer.process?.unit)
    }
}
