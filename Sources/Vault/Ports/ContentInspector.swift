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
}
