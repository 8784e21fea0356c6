import Synchronization
package import Vault
package import VaultFormat

/// The isolated worker's place, taken by an answer that the test chooses.
package final class StubInspector: ContentInspector {
    package enum Reply: Sendable {
        case nothing
        case finding(FindingCode)
        case error(VaultError)
    }

    private let state: Mutex<(reply: Reply, asked: [(ImageType, InspectionPolicy)])>

    package init(_ reply: Reply = .nothing) {
        state = Mutex((reply, []))
    }

    package func answer(_ reply: Reply) { state.withLock { $0.reply = reply } }

    /// The types of the uploads it was asked about, in order.
    package var asked: [ImageType] { state.withLock { $0.asked.map(\.0) } }

    /// The policies that it was to heed, in order.
    package var policies: [InspectionPolicy] { state.withLock { $0.asked.map(\.1) } }

    package func examine(
        _ upload: UploadBuffer, type: ImageType, policy: InspectionPolicy, namespace: NamespaceName
    ) async throws(VaultError) -> FindingCode? {
        let reply = state.withLock { state in
            state.asked.append((type, policy))
            return state.reply
        }
        switch reply {
        case .nothing: return nil
        case .finding(let code): return code
        case .error(let error): throw error
        }
    }

    package var canInspect: Bool { true }
    package var workers: Int { 1 }
    package var restarts: Int { 0 }
}

extension InspectionPolicy {
    /// The default without decoding.
    package static var structure: InspectionPolicy {
        var policy = InspectionPolicy.default
        policy.level = .structure
        return policy
    }
}
