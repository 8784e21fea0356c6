import Synchronization
package import Vault
package import VaultFormat

/// The isolated worker's place, taken by an answer that the test chooses.
package final class StubInspector: ContentInspector {
    package enum Reply: Sendable {
        case nothing
        case finding(FindingCode)
        case error(VaultError)
        /// Finds nothing, when this is done.
        case slow(@Sendable () async -> Void)
    }

    private struct State {
        var reply: Reply
        var asked: [(ImageType, InspectionPolicy)] = []
        var meanwhile: @Sendable () async -> Void = {}
    }

    private let state: Mutex<State>

    package init(_ reply: Reply = .nothing) {
        state = Mutex(State(reply: reply))
    }

    package func answer(_ reply: Reply) { state.withLock { $0.reply = reply } }

    /// Has something happen while it looks at an image, such as time passing.
    package func whileLooking(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.meanwhile = body }
    }

    /// The types of the uploads it was asked about, in order.
    package var asked: [ImageType] { state.withLock { $0.asked.map(\.0) } }

    /// The policies that it was to heed, in order.
    package var policies: [InspectionPolicy] { state.withLock { $0.asked.map(\.1) } }

    package func examine(
        _ upload: UploadBuffer, type: ImageType, policy: InspectionPolicy, namespace: NamespaceName
    ) async throws(VaultError) -> FindingCode? {
        let (reply, meanwhile) = state.withLock { state in
            state.asked.append((type, policy))
            return (state.reply, state.meanwhile)
        }
        await meanwhile()
        switch reply {
        case .nothing: return nil
        case .finding(let code): return code
        case .error(let error): throw error
        case .slow(let work):
            await work()
            return nil
        }
    }

    package var canInspect: Bool { true }
    package var workers: Int { 1 }
    package var restarts: Int { 0 }
    package var load: InspectorLoad { .none }
}

extension InspectionPolicy {
    /// The default without decoding.
    package static var structure: InspectionPolicy {
        var policy = InspectionPolicy.default
        policy.level = .structure
        return policy
    }
}
