// Namespaces: each has a naming key, made once, in a generation of the keyring of its own.

import VaultCrypto
package import VaultFormat

/// A namespace and what it has.
package struct NamespaceState: Hashable, Sendable {
    package let name: NamespaceName
    package let createdMicroseconds: Int64
    package let usage: Usage
}

extension Vault {
    /// Makes a namespace. There is no way back: its key names what is stored in it.
    ///
    /// - Throws: ``VaultError`` `namespace-exists`, or `too-many-namespaces`.
    package func createNamespace(
        _ name: NamespaceName, _ call: Call
    ) async throws(VaultError) -> NamespaceState {
        try await audited(.namespaceCreated, call) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try keyring()
                // What is on the disk is what is in use, or nothing is built on it.
                guard try loadKeyFile(.keyring) == old.keys.file else {
                    throw VaultError(.keyringRefused)
                }
                let known = old.namespaces
                guard !known.contains(where: { $0.name == name }) else {
                    throw VaultError(.namespaceExists)
                }
                guard known.count < Limits.namespaces,
                    old.keys.file.entries.count < Limits.keyEntries
                else { throw VaultError(.tooManyNamespaces) }
                var event = event(.namespaceCreated, call)
                event.namespace = name
                let entries = old.entries(
                    naming: name, createdMicroseconds: event.atMicroseconds)
                let new = try openingSlot { try KeyFileCipher.remade(old.keys, entries: entries) }
                try await replace(old.keys, with: new, .none, event, slot: nil)
                return NamespaceState(
                    name: name, createdMicroseconds: event.atMicroseconds, usage: .none)
            }
        }
    }

    /// - Throws: ``VaultError`` `unknown-namespace` for one that is not made, or `sealed`.
    package func requireNamespace(_ namespace: NamespaceName) throws(VaultError) {
        guard try keyring().namespaces.contains(where: { $0.name == namespace }) else {
            throw VaultError(.unknownNamespace)
        }
    }

    /// Every namespace, by name.
    package func namespaces(_ call: Call) async throws(VaultError) -> [NamespaceState] {
        try await audited(.namespacesRead, call) { () async throws(VaultError) in
            let known = try keyring().namespaces
            let states = try reading { (reader) throws(StorageError) in
                var states: [NamespaceState] = []
                for (name, created) in known {
                    states.append(
                        NamespaceState(
                            name: name, createdMicroseconds: created,
                            usage: try reader.usage(of: name)))
                }
                return states
            }
            try await committer.record(event(.namespacesRead, call))
            return states.sorted { $0.name < $1.name }
        }
    }

    /// Lets an upload into a namespace, at the pace of its quota.
    ///
    /// - Returns: microseconds after which it may come again; nil where it may come in.
    package func wait(
        toUpload bytes: Int, of principal: PrincipalName, within quota: Quota, _ call: Call
    ) async throws(VaultError) -> Int64? {
        guard let rate = quota.rate else { return nil }
        let now = clock.monotonicMicroseconds()
        let (wait, report) = gatekeeper.withState { state -> (Int64?, RefusalStreaks.Report?) in
            let wait = state.uploads.take(
                Cost(bytes: bytes), of: call.namespace, as: nil, .init(owner: rate), at: now)
            guard wait != nil else { return (nil, nil) }
            let subject = RefusalStreaks.Subject(principal: principal, limit: .write)
            return (wait, state.streaks.refused(subject, call.caller, at: now))
        }
        if let report { try await record(report) }
        return wait
    }

    /// Counts bytes of an upload beyond what its head said.
    package func charge(bytes: Int, within quota: Quota, _ call: Call) {
        guard let rate = quota.rate, bytes > 0 else { return }
        let now = clock.monotonicMicroseconds()
        gatekeeper.withState { state in
            state.uploads.charge(
                Cost(requests: 0, bytes: bytes), to: call.namespace, as: nil, .init(owner: rate),
                at: now)
        }
    }
}

extension Quota {
    /// A second's uploads may come at once; where only bytes have a pace, uploads cost nothing to speak of.
    fileprivate var rate: Rate? {
        guard uploadsPerMinute != nil || uploadBytesPerSecond != nil else { return nil }
        let uploads = uploadsPerMinute ?? Limits.requestsPerMinute.upperBound
        return Rate(
            requestsPerMinute: uploads, burst: max(1, uploads / 60),
            bytesPerSecond: uploadBytesPerSecond)
    }
}
