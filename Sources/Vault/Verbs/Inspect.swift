// INSPECT: what PUT would say of an upload; nothing is kept of it but the event. The judgement itself is
// here for both: the walk in process, then the isolated worker; each can only refuse.

import ImageInspection
import VaultCrypto
package import VaultFormat

/// What a caller says about an upload that is only inspected.
package struct InspectRequest: Sendable {
    /// Nil where the name is not to be judged.
    package let name: FileName?
    package let declaredType: String?
    package let digest: Digest256?

    package init(name: FileName?, declaredType: String?, digest: Digest256? = nil) {
        self.name = name
        self.declaredType = declaredType
        self.digest = digest
    }
}

/// What an upload was found to be.
package struct InspectedUpload: Sendable {
    /// An image that would be stored.
    package struct Accepted: Sendable {
        package let width: Int
        package let height: Int
        /// Bytes that would be stored.
        package let storedBytes: Int
        package let transformed: [String]
    }

    package let received: ReceivedBytes
    /// What its first bytes say that it is; nil where they say nothing.
    package let type: ImageType?
    /// Nil where the verdict's finding refuses it.
    package let accepted: Accepted?
    package let verdict: Verdict

    fileprivate init(
        _ received: ReceivedBytes, _ result: Result<Inspection, InspectionRefusal>,
        level: InspectionLevel
    ) {
        self.received = received
        switch result {
        case .success(let found):
            type = found.type
            accepted = Accepted(
                width: found.width, height: found.height, storedBytes: found.storedBytes,
                transformed: found.transformed.map(\.rawValue))
            verdict = found.verdict(at: level)
        case .failure(let refusal):
            type = refusal.type
            accepted = nil
            verdict = Verdict(
                level: level, inspectorVersion: ImageInspector.version,
                findings: [refusal.finding], flags: [])
        }
    }
}

extension Vault {
    /// Judges what was received, and lets it go.
    package func inspect(
        _ upload: Upload, _ request: InspectRequest, _ call: Call
    ) async throws(VaultError) -> InspectedUpload {
        try await audited(.imageInspected, call) { () async throws(VaultError) in
            let received = try upload.whole(asSaid: request.digest)
            let result = try await judge(
                upload, name: request.name, declaredType: request.declaredType, call.namespace)
            let inspected = InspectedUpload(
                received, result, level: settings.policies[call.namespace].level)
            var event = event(.imageInspected, call)
            event.bytes = received.bytes
            event.verdictLevel = inspected.verdict.level.name
            if inspected.accepted == nil {
                event.finding = inspected.verdict.findings.first?.code.rawValue
            }
            try await committer.record(event)
            return inspected
        }
    }

    /// - Throws: ``VaultError`` only where no judgement was come to.
    func judge(
        _ upload: Upload, name: FileName?, declaredType: String?, _ namespace: NamespaceName
    ) async throws(VaultError) -> Result<Inspection, InspectionRefusal> {
        let policy = settings.policies[namespace]
        let walked = upload.buffer.inspected(name: name, declaredType: declaredType, policy: policy)
        guard case .success(let inspection) = walked else { return walked }
        let refusal = try await inspectors.examine(
            upload.buffer, type: inspection.type, policy: policy, namespace: namespace)
        guard let refusal else { return walked }
        return .failure(
            InspectionRefusal(finding: Finding(code: refusal), type: inspection.type))
    }
}

extension UploadBuffer {
    /// The walk, under the rules of ``FileName``.
    fileprivate func inspected(
        name: FileName?, declaredType: String?, policy: InspectionPolicy
    ) -> Result<Inspection, InspectionRefusal> {
        unsafe withUnsafeBytes { bytes in
            Result { () throws(InspectionRefusal) in
                let name = try name.map { (name) throws(InspectionRefusal) in
                    try UploadName(name.text)
                }
                return try unsafe ImageInspector.inspect(
                    bytes.bytes, name: name, declaredType: DeclaredType(mediaType: declaredType),
                    policy: policy)
            }
        }
    }
}

extension Inspection {
    /// The verdict of walk and worker together.
    func verdict(at level: InspectionLevel) -> Verdict {
        Verdict(
            level: level, inspectorVersion: verdict.inspectorVersion,
            findings: verdict.findings, flags: verdict.flags)
    }
}
