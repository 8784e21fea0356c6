// PUT: stream in, count, hash → walk → isolated inspection → seal → durable blob → change and event in one
// transaction → answer. An image that is known takes the same way and costs the same.

import Foundation
import ImageInspection
import Synchronization
import VaultCrypto
package import VaultFormat

/// An upload while it arrives: counted and hashed piece by piece.
package final class Upload {
    package let buffer: UploadBuffer
    private var hash = StreamingSHA256()
    private let limit: Int
    private let isSealed: @Sendable () -> Bool

    fileprivate init(
        buffer: UploadBuffer, limit: Int, isSealed: @escaping @Sendable () -> Bool
    ) {
        self.isSealed = isSealed
        self.buffer = buffer
        self.limit = limit
    }

    /// - Throws: ``VaultError`` `body-too-large` as soon as the limit is passed, `sealed` as soon as the
    ///   vault is.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(VaultError) {
        guard bytes.count <= limit - buffer.count else { throw VaultError(.bodyTooLarge) }
        guard !isSealed() else { throw VaultError(.sealed) }
        unsafe hash.update(bytes)
        try unsafe buffer.append(bytes)
    }

    private var digest: Digest256 {
        let copy = hash
        return copy.finish()
    }

    /// How many bytes came, and what they hash to.
    ///
    /// - Throws: ``VaultError`` `empty-body`, or `digest-mismatch` where the caller said otherwise.
    func whole(asSaid said: Digest256?) throws(VaultError) -> ReceivedBytes {
        guard buffer.count > 0 else { throw VaultError(.emptyBody) }
        let digest = digest
        guard said ?? digest == digest else { throw VaultError(.digestMismatch) }
        return ReceivedBytes(bytes: buffer.count, digest: digest)
    }
}

/// An upload as it came.
package struct ReceivedBytes: Hashable, Sendable {
    package let bytes: Int
    package let digest: Digest256
}

/// What a caller says about an upload.
package struct PutRequest: Sendable {
    package let name: FileName
    package let declaredType: String?
    package let claim: Claim
    /// What the caller says that the bytes hash to; nil where nothing was said.
    package let digest: Digest256?
    /// What the namespace may have.
    package let quota: Quota

    package init(
        name: FileName, declaredType: String?, claim: Claim, digest: Digest256? = nil,
        quota: Quota = .none
    ) {
        self.quota = quota
        self.name = name
        self.declaredType = declaredType
        self.claim = claim
        self.digest = digest
    }
}

extension Vault {
    /// Makes room for an upload; waits while other uploads fill the budget.
    ///
    /// - Parameter bytes: its length where the caller told it, nil where it will be seen.
    package func receive(
        bytes: Int?, in namespace: NamespaceName, of principal: PrincipalName? = nil
    ) async throws(VaultError) -> Upload {
        let limit = settings.policies[namespace].maxBytes
        guard bytes ?? 0 <= limit else { throw VaultError(.bodyTooLarge) }
        guard !isSealed else { throw VaultError(.sealed) }
        return Upload(
            buffer: try await uploads.buffer(
                for: max(bytes ?? limit, 1), of: principal,
                patience: .seconds(Limits.uploadWaitSeconds)), limit: limit,
            isSealed: { [keys] in keys.current == nil })
    }

    /// Checks, seals and stores what was received.
    package func put(
        _ upload: Upload, _ request: PutRequest, _ call: Call
    ) async throws(VaultError) -> ClaimedImage {
        try await audited(.imagePut, call) { () async throws(VaultError) in
            let keyring = try keyring()
            try requireNamespace(call.namespace)
            let received = try upload.whole(asSaid: request.digest)
            let judged: JudgedImage
            switch try await judge(
                upload, name: request.name, declaredType: request.declaredType, call.namespace)
            {
            case .success(let image): judged = image
            case .failure(let refusal):
                throw VaultError(.imageRefused, finding: refusal.finding)
            }
            // What the sender stopped waiting for is not begun: sealing and flushing cost the most.
            if Task.isCancelled { throw VaultError(.deadlineExceeded) }
            let changes = judged.inspection.transformed
            let stored = changes.isEmpty ? received.digest : upload.buffer.digest
            let made = ReferenceBody(
                name: request.name, claim: request.claim, receivedBytes: received.bytes,
                receivedDigest: received.digest, storedDigest: stored,
                createdMicroseconds: clock.nowMicroseconds(),
                transformations: changes.bits)
            return try await store(
                upload.buffer, judged, made, request.quota, keyring, call)
        }
    }

    private func store(
        _ buffer: UploadBuffer, _ judged: JudgedImage, _ body: ReferenceBody, _ quota: Quota,
        _ keyring: Keyring, _ call: Call
    ) async throws(VaultError) -> ClaimedImage {
        let blob = try failing { () throws(CryptoError) in try Random.id(BlobID.self) }
        unfinished.withLock { _ = $0.insert(blob) }
        defer { unfinished.withLock { _ = $0.remove(blob) } }
        let image = try failing { () throws(CryptoError) in
            try keyring.imageID(of: body.storedDigest, in: call.namespace)
        }
        let inspection = judged.inspection
        let wrapped = try seal(buffer, as: blob, image: image, keyring, call.namespace)
        let row = ImageRow(
            row: 0, namespace: call.namespace, image: image, blob: blob, type: inspection.type,
            width: inspection.width, height: inspection.height, storedBytes: buffer.count,
            verdict: judged.verdict,
            createdMicroseconds: body.createdMicroseconds, key: wrapped, changedAt: 0,
            mac: RowMAC(checked: []))
        let reference = try reference(body, of: image, keyring, call.namespace)
        var event = event(.imagePut, call, image: image)
        event.reference = reference.reference
        event.lookups = reference.claim.lookups
        event.bytes = buffer.count
        event.verdict = judged.verdict
        event.policy = policyDigest(in: call.namespace)
        event.epoch = keyring.primaryEpoch
        let offer = erasures.beginCall(at: committer.frontier.size)
        var unnamed = [blob]
        defer { erasures.end(offer, leaving: unlink(unnamed)) }
        let committed = try await committer.commit(
            .put(image: row, reference: reference, quota: quota), event)
        guard case .put(let kept, _, let unused) = committed.result else {
            throw VaultError(.internalError)
        }
        unnamed = unused.map { [$0] } ?? []
        return ClaimedImage(image: kept, body: body)
    }

    /// Seals the buffer frame by frame into a durable blob.
    private func seal(
        _ buffer: UploadBuffer, as blob: BlobID, image: ImageID, _ keyring: Keyring,
        _ namespace: NamespaceName
    ) throws(VaultError) -> WrappedKey {
        let context = WrapContext(
            subject: .blob(blob), epoch: keyring.primaryEpoch, namespace: namespace, image: image)
        do {
            var sealer = try BlobSealer(
                suite: settings.suite, plaintextBytes: buffer.count, namespace: namespace,
                image: image)
            let layout = sealer.header.layout
            let writer = try blobs.create(blob, bytes: layout.fileBytes)
            try unsafe sealer.header.encoded.withUnsafeBytes { try unsafe writer.append($0) }
            try unsafe buffer.withUnsafeBytes { bytes in
                for index in 0..<layout.frameCount {
                    let start = index * layout.frameBytes
                    let end = start + layout.plaintextBytes(ofFrame: index)
                    let frame = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                    for piece in try unsafe sealer.sealNext(frame) {
                        try unsafe piece.withUnsafeBytes { try unsafe writer.append($0) }
                    }
                }
            }
            try blobFlushes.time { () throws(StorageError) in try writer.commit() }
            return WrappedKey(
                epoch: context.epoch, bytes: try keyring.wrap(sealer.key, context: context))
        } catch let error as StorageError {
            discard(blob)
            throw VaultError(error.code(for: .blob))
        } catch {
            discard(blob)
            throw VaultError(
                (error as? CryptoError)?.code(orElse: .internalError) ?? .internalError)
        }
    }

    private func reference(
        _ body: ReferenceBody, of image: ImageID, _ keyring: Keyring, _ namespace: NamespaceName
    ) throws(VaultError) -> ReferenceRow {
        try failing { () throws(CryptoError) in
            let id: ReferenceID = try Random.id()
            let context = WrapContext(
                subject: .reference(id), epoch: keyring.primaryEpoch, namespace: namespace,
                image: image)
            let key = try Secret<DataKey>.random()
            return ReferenceRow(
                row: 0, imageRow: 0, reference: id,
                claim: claimIndex(body.claim, in: namespace, keyring),
                sealedBody: try key.sealBody(body.encoded, context: context),
                retention: settings.retention[namespace].retention(
                    from: body.createdMicroseconds),
                key: WrappedKey(
                    epoch: context.epoch, bytes: try keyring.wrap(key, context: context)),
                changedAt: 0, mac: RowMAC(checked: []))
        }
    }

    /// Removes a blob that no row was ever to name.
    func discard(_ blob: BlobID) {
        let removal = erasures.beginCall(at: committer.frontier.size)
        erasures.end(removal, leaving: unlink([blob]))
    }

    func failing<R>(_ body: () throws(CryptoError) -> R) throws(VaultError) -> R {
        do { return try body() } catch { throw VaultError(error.code(orElse: .internalError)) }
    }
}

extension UploadBuffer {
    /// Of the bytes as they are now.
    fileprivate var digest: Digest256 {
        var hash = StreamingSHA256()
        unsafe withUnsafeBytes { unsafe hash.update($0) }
        return hash.finish()
    }
}
