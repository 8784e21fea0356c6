// Stored images under today's eyes: each is opened into a wiped buffer, walked, and shown to a worker, as
// if it were uploaded now. Its bytes go nowhere else, so this is no reading: the log has the counts.

import Foundation
import ImageInspection
import VaultCrypto
import VaultFormat

struct Reinspection: OperationWork {
    let vault: Vault
    let parameters: ReinspectionParameters

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        let begun = vault.clock.monotonicMicroseconds()
        let images = try vault.reading { (reader) throws(StorageError) in
            try reader.images(
                after: operation.progress.cursor, through: operation.progress.last,
                below: parameters.below, limit: Limits.operationStepImages)
        }
        var steps: [OperationStep] = []
        var looked: [ReinspectedImage] = []
        for image in images {
            let seen = ReinspectedImage(image: image, outcome: try await judge(image))
            // A quarantine has an event of its own.
            if case .refused(_, quarantine: true) = seen.outcome {
                if let last = looked.last { steps.append(.init(last.image.row, looked)) }
                steps.append(.init(image.row, [seen]))
                looked = []
            } else {
                looked.append(seen)
            }
            let worked = vault.clock.monotonicMicroseconds() - begun
            if worked >= Limits.operationStepMilliseconds * 1000 { break }
        }
        if let last = looked.last { steps.append(.init(last.image.row, looked)) }
        return steps
    }

    private func judge(_ image: ImageRow) async throws(VaultError) -> ReinspectedImage.Outcome {
        let keyring = try vault.keyring()
        do throws(VaultError) {
            try image.verify(with: keyring)
            let verdict = try await vault.inspectStored(image, level: parameters.level)
            return .passed(parameters.isTrial ? nil : verdict)
        } catch {
            // With keys that went meanwhile nothing opens: that is no damage.
            guard !keyring.isErased else { throw VaultError(.sealed) }
            switch error.code {
            case .imageRefused, .bodyTooLarge:
                // There is no memory for an upload that is longer than any may be today.
                return .refused(
                    error.finding ?? Finding(code: .uploadTooLarge),
                    quarantine: parameters.quarantines && !parameters.isTrial)
            // Deleted since the page was read.
            case .unknownImage: return .passed(nil)
            case .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .storageUnavailable:
                return .failed(error.code)
            case .inspectionFailed where vault.inspectors.canInspect: return .failed(error.code)
            default: throw error
            }
        }
    }
}

extension OperationStep {
    fileprivate init(_ cursor: Int64, _ images: [ReinspectedImage]) {
        self.init(cursor: cursor, .images(images))
    }
}

extension Vault {
    /// Opens a stored image into an upload's memory and inspects it under the rules in force.
    ///
    /// - Returns: the verdict that it would get today.
    /// - Throws: ``VaultError`` `image-refused` with the finding.
    fileprivate func inspectStored(
        _ image: ImageRow, level: InspectionLevel?
    ) async throws(VaultError) -> Verdict {
        let buffer = try await uploads.buffer(for: image.storedBytes)
        let blob = try await openBlob(of: image, from: 0, try keyring())
        let layout = blob.opener.header.layout
        for index in 0..<layout.frameCount {
            let frame =
                index == 0
                ? blob.first
                : try await frame(index, reader: blob.reader, opener: blob.opener)
            let appended = unsafe frame.withUnsafeBytes { bytes in
                Result { () throws(VaultError) in try unsafe buffer.append(bytes) }
            }
            try appended.get()
        }
        var policy = settings.policies[image.namespace]
        policy.level = level ?? policy.level
        let found: Inspection
        do throws(InspectionRefusal) {
            found = try buffer.inspect(name: nil, declaredType: nil, policy: policy)
        } catch {
            throw VaultError(.imageRefused, finding: error.finding)
        }
        try await examine(buffer, found.type, policy, image.namespace, retry: true)
        // The same inspector that looked deeper before is still believed.
        let isSame = found.verdict.inspectorVersion == image.verdict.inspectorVersion
        return found.verdict.at(isSame ? max(policy.level, image.verdict.level) : policy.level)
    }

    /// A worker may die of something else than the image: it is asked twice.
    private func examine(
        _ buffer: UploadBuffer, _ type: ImageType, _ policy: InspectionPolicy,
        _ namespace: NamespaceName, retry: Bool
    ) async throws(VaultError) {
        do throws(VaultError) {
            let refusal = try await inspectors.examine(
                buffer, type: type, policy: policy, namespace: namespace)
            if let refusal { throw VaultError(.imageRefused, finding: Finding(code: refusal)) }
        } catch  where error.code == .inspectionFailed && retry {
            try await examine(buffer, type, policy, namespace, retry: false)
        }
    }
}
