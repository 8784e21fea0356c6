package import VaultFormat

/// The isolated worker's half of an inspection: what needs C libraries, where no key is.
package protocol ContentInspector: Sendable {
    /// - Returns: a finding that refuses the image, or nil. It can only add refusals.
    /// - Throws: ``VaultError`` `inspection-failed` when no worker gave a sound answer.
    func examine(
        _ upload: UploadBuffer, type: ImageType, policy: InspectionPolicy, namespace: NamespaceName
    ) async throws(VaultError) -> FindingCode?

    /// False when no worker can be had until the daemon is started anew.
    var canInspect: Bool { get }
    var workers: Int { get }
    var restarts: Int { get }
    var load: InspectorLoad { get }
}

/// How much there is to inspect.
package struct InspectorLoad: Hashable, Sendable {
    /// Uploads that wait for a worker.
    package let waiting: Int
    /// Uploads that have one.
    package let busy: Int

    package static let none = InspectorLoad(waiting: 0, busy: 0)

    package init(waiting: Int, busy: Int) {
        self.waiting = waiting
        self.busy = busy
    }
}
