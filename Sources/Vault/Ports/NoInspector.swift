package import VaultFormat

/// For a vault that takes no uploads.
package struct NoInspector: ContentInspector {
    package init() {}

    package func examine(
        _ upload: UploadBuffer, type: ImageType, policy: InspectionPolicy, namespace: NamespaceName
    ) async throws(VaultError) -> FindingCode? { throw VaultError(.inspectionFailed) }

    package var canInspect: Bool { false }
    package var workers: Int { 0 }
    package var restarts: Int { 0 }
    package var load: InspectorLoad { .none }
}
