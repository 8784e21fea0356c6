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
        _ received: ReceivedBytes, _ judgement: Judgement, level: InspectionLevel
    ) {
        self.received = received
        switch judgement {
        case .success(let image):
            let found = image.inspection
            type = found.type
            accepted = Accepted(
                width: found.width, height: found.height, storedBytes: found.stored.byteCount,
                transformed: found.transformed.map(\.rawValue))
            verdict = image.verdict
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
            let judgement = try await judge(
                upload, name: request.name, declaredType: request.declaredType, call.namespace)
            let inspected = InspectedUpload(
                received, judgement, level: settings.policies[call.namespace].level)
            var event = event(.imageInspected, call)
            event.bytes = received.bytes
            event.verdict = inspected.verdict
            event.policy = policyDigest(in: call.namespace)
            if inspected.accepted == nil {
                event.finding = inspected.verdict.findings.first?.code.rawValue
            }
            try await committer.record(event)
            return inspected
        }
    }

    /// The judgement of an upload, which holds what is to be stored afterwards.
    ///
    /// - Throws: ``VaultError`` only where no judgement was come to.
    func judge(
        _ upload: Upload, name: FileName?, declaredType: String?, _ namespace: NamespaceName
    ) async throws(VaultError) -> Judgement {
        let policy = settings.policies[namespace]
        let buffer = upload.buffer
        let found: Inspection
        do throws(InspectionRefusal) {
            found = try buffer.inspect(name: name, declaredType: declaredType, policy: policy)
        } catch {
            return .failure(error)
        }
        let finding = try await inspectors.examine(
            buffer, type: found.type, policy: policy, namespace: namespace)
        if let finding {
            return .failure(InspectionRefusal(finding: Finding(code: finding), type: found.type))
        }
        if !found.transformed.isEmpty {
            buffer.rearrange(as: found.stored)
            do throws(InspectionRefusal) {
                // What is stored has to pass by itself.
                _ = try buffer.inspect(name: nil, declaredType: nil, policy: policy)
            } catch {
                return .failure(error)
            }
        }
        return .success(JudgedImage(inspection: found, level: policy.level))
    }
}

/// An image that may be stored, or the first rule that it breaks.
typealias Judgement = Result<JudgedImage, InspectionRefusal>

/// An image that may be stored.
struct JudgedImage {
    let inspection: Inspection
    /// Of walk and worker together.
    let verdict: Verdict

    init(inspection: Inspection, level: InspectionLevel) {
        self.inspection = inspection
        verdict = inspection.verdict.at(level)
    }
}

extension UploadBuffer {
    /// The walk, under the rules of ``FileName``.
    func inspect(
        name: FileName?, declaredType: String?, policy: InspectionPolicy
    ) throws(InspectionRefusal) -> Inspection {
        let result = unsafe withUnsafeBytes { bytes -> Result<Inspection, InspectionRefusal> in
            Result { () throws(InspectionRefusal) in
                let name = try name.map { (name) throws(InspectionRefusal) in
                    try UploadName(name.text)
                }
                return try unsafe ImageInspector.inspect(
                    bytes.bytes, name: name, declaredType: DeclaredType(mediaType: declaredType),
                    policy: policy, places: places)
            }
        }
        return try result.get()
    }
}
