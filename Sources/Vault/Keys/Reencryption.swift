// New keys for everything that is stored: each image gets a new DEK and a new blob, each reference a new key
// and its words sealed again. It walks as a rotation does, and ends as one: all wraps are under one epoch.
//
// A blob is durable before its row names it, and the one before goes when no row names it any more; until it is
// unlinked, no purge speaks for what comes meanwhile. What a crash leaves is litter for the sweep.

import Foundation
import Synchronization
import VaultCrypto
package import VaultFormat

struct Reencryption: OperationWork {
    let vault: Vault
    let parameters: ReencryptionParameters

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        let place = try KeyWalkPlace(of: operation)
        switch place.phase {
        // No epoch is made for one: keys come under whichever is primary by then.
        case .epoch where parameters.namespace != nil:
            return [try rotation.phase(.blobs, counting: true)]
        case .blobs: return try await images(operation, place)
        case .references: return try references(operation, place)
        // What is left in other namespaces is not this one's.
        case .openBlobs where parameters.namespace != nil: return []
        default: return try await rotation.step(of: operation)
        }
    }

    func ahead(of operation: OperationRow, _ steps: [OperationStep]) -> OperationRow? {
        rotation.ahead(of: operation, steps)
    }

    /// Of each pair of blobs the one goes that no row names.
    func settle(_ steps: [OperationStep], of operation: OperationID, erased: [BlobID]) {
        let images = steps.flatMap { step -> [ResealedImage] in
            if case .reencrypted(let images, _) = step.effect { images } else { [] }
        }
        let left = vault.unlink(images.flatMap { [$0.old.blob, $0.blob] })
        vault.erasures.end(.operation(operation), leaving: left)
        vault.unfinished.withLock { $0.subtract(images.map(\.blob)) }
    }

    private var rotation: KeyRotation { KeyRotation(vault: vault, epoch: parameters.epoch) }

    // MARK: Images

    private func images(
        _ operation: OperationRow, _ place: KeyWalkPlace
    ) async throws(VaultError) -> [OperationStep] {
        let begun = vault.clock.monotonicMicroseconds()
        let through = try KeyWalkPlace(of: operation, at: operation.progress.last).done
        let rows = try vault.reading { (reader) throws(StorageError) in
            try reader.storedImages(
                after: place.done, through: through, limit: Limits.operationStepImages)
        }
        guard !rows.isEmpty else { return [try rotation.phase(.references, counting: false)] }
        vault.erasures.begin(
            .operation(operation.operation), at: vault.committer.frontier.size)
        var made: [ResealedImage] = []
        var failed: [ImageFailure] = []
        var cursor = place.cursor
        // What was made for a step that does not come about goes, whatever ended it.
        do throws(VaultError) {
            for image in rows {
                cursor = try place.cursor(at: image.row)
                if parameters.namespace ?? image.namespace == image.namespace {
                    do throws(ResealFailure) {
                        if let new = try await reseal(image) { made.append(new) }
                    } catch {
                        failed.append(try failure(of: image, error))
                    }
                }
                let worked = vault.clock.monotonicMicroseconds() - begun
                if worked >= Limits.operationStepMilliseconds * 1000 { break }
            }
        } catch {
            settle(
                [OperationStep(cursor: cursor, .reencrypted(made, failed: []))],
                of: operation.operation, erased: [])
            throw error
        }
        return [OperationStep(cursor: cursor, .reencrypted(made, failed: failed))]
    }

    /// What is wrong with one image is listed; what all of the work needs is waited for. A blob that cannot
    /// be read is the image's, one that cannot be written is not.
    ///
    /// - Throws: what is no fault of this image.
    private func failure(
        of image: ImageRow, _ failure: ResealFailure
    ) throws(VaultError) -> ImageFailure {
        switch failure {
        case .old(let error): return try self.failure(of: image, error)
        case .new(let error): throw try vault.keyring().isErased ? VaultError(.sealed) : error
        }
    }

    private func failure(
        of image: ImageRow, _ error: VaultError
    ) throws(VaultError) -> ImageFailure {
        guard try !vault.keyring().isErased else { throw VaultError(.sealed) }
        switch error.code {
        case .blobDamaged, .blobMissing, .wrapDamaged, .rowDamaged, .storageUnavailable:
            return ImageFailure(image: image, code: error.code)
        default: throw error
        }
    }

    /// - Returns: nil for an image that went meanwhile.
    private func reseal(_ image: ImageRow) async throws(ResealFailure) -> ResealedImage? {
        let keyring: Keyring
        let blob: BlobID
        let opened: OpenedBlob
        do throws(VaultError) {
            keyring = try vault.keyring()
            try image.verify(with: keyring)
            blob = try vault.random()
            opened = try await vault.openBlob(of: image, from: 0, keyring)
        } catch {
            if error.code == .unknownImage { return nil }
            throw .old(error)
        }
        vault.unfinished.withLock { _ = $0.insert(blob) }
        do throws(ResealFailure) {
            let key = try await vault.reseal(opened, of: image, as: blob, keyring)
            return ResealedImage(old: image, blob: blob, key: key)
        } catch {
            vault.discard(blob)
            vault.unfinished.withLock { _ = $0.remove(blob) }
            throw error
        }
    }

    // MARK: References

    private func references(
        _ operation: OperationRow, _ place: KeyWalkPlace
    ) throws(VaultError) -> [OperationStep] {
        let through = try KeyWalkPlace(of: operation, at: operation.progress.last).done
        let rows = try vault.reading { (reader) throws(StorageError) in
            try reader.storedReferences(
                after: place.done, through: through, limit: Limits.rekeyBatch)
        }
        guard let last = rows.last else { return [try rotation.phase(.openBlobs, counting: true)] }
        let keyring = try vault.keyring()
        var made: [RekeyedReference] = []
        var failed: [ImageFailure] = []
        for (reference, image) in rows
        where parameters.namespace ?? image.namespace == image.namespace {
            do throws(VaultError) {
                made.append(try vault.rekey(reference, of: image, keyring))
            } catch {
                failed.append(try failure(of: image, error))
            }
        }
        let cursor = try place.cursor(at: last.reference.row)
        return [OperationStep(cursor: cursor, .rekeyed(made, failed: failed))]
    }
}

/// Why an image was not sealed anew: for its blob, or for the one that it was to get.
private enum ResealFailure: Error {
    case old(VaultError)
    case new(VaultError)
}

extension Vault {
    /// Seals an opened blob under a new key, frame by frame, into another that is durable when this
    /// returns.
    ///
    /// - Returns: the wrap of the new key.
    fileprivate func reseal(
        _ opened: borrowing OpenedBlob, of image: ImageRow, as blob: BlobID, _ keyring: Keyring
    ) async throws(ResealFailure) -> WrappedKey {
        let context = WrapContext(
            subject: .blob(blob), epoch: keyring.primaryEpoch, namespace: image.namespace,
            image: image.image)
        do {
            var sealer = try BlobSealer(
                suite: settings.suite, plaintextBytes: image.storedBytes,
                namespace: image.namespace, image: image.image)
            let writer = try blobs.create(blob, bytes: sealer.header.layout.fileBytes)
            try unsafe sealer.header.encoded.withUnsafeBytes { try unsafe writer.append($0) }
            for index in 0..<opened.opener.header.layout.frameCount {
                let frame =
                    index == 0
                    ? opened.first
                    : try await frame(index, reader: opened.reader, opener: opened.opener)
                for piece in try unsafe frame.withUnsafeBytes({ try unsafe sealer.sealNext($0) }) {
                    try unsafe piece.withUnsafeBytes { try unsafe writer.append($0) }
                }
            }
            try blobFlushes.time { () throws(StorageError) in try writer.commit() }
            return WrappedKey(
                epoch: context.epoch, bytes: try keyring.wrap(sealer.key, context: context))
        } catch let error as VaultError {
            // A frame of the old blob: nothing else here answers in these words.
            throw .old(error)
        } catch let error as StorageError {
            throw .new(VaultError(error == .full ? .storageFull : .storageUnavailable))
        } catch {
            throw .new(
                VaultError((error as? CryptoError)?.code(orElse: .internalError) ?? .internalError))
        }
    }

    /// The same words under a new key.
    fileprivate func rekey(
        _ reference: ReferenceRow, of image: ImageRow, _ keyring: Keyring
    ) throws(VaultError) -> RekeyedReference {
        let body = try open(reference, of: image, keyring)
        let context = WrapContext(
            subject: .reference(reference.reference), epoch: keyring.primaryEpoch,
            namespace: image.namespace, image: image.image)
        var new = reference
        do throws(CryptoError) {
            let key = try Secret<DataKey>.random()
            new.sealedBody = try key.sealBody(body.encoded, context: context)
            new.key = WrappedKey(
                epoch: context.epoch, bytes: try keyring.wrap(key, context: context))
        } catch {
            throw VaultError(error.code(orElse: .internalError))
        }
        return RekeyedReference(old: reference, new: new, image: image)
    }

    /// Begins a re-encryption of what is stored now, in one namespace or in all.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `operation-conflict` while another walk over the keys is unfinished, or
    ///   `too-many-epochs` where an epoch has to be made.
    package func startReencryption(
        in namespace: NamespaceName?, _ call: Call, at place: RequestPlace?,
        _ answer: @Sendable (OperationRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await startKeyWalk(call, at: place, answer) { (keyring) throws(VaultError) in
            // For one namespace no epoch is made: the others would stay under the one before.
            let target = namespace == nil ? try keyring.epochToCome() : keyring.primaryEpoch
            return (
                .reencrypt, ReencryptionParameters(epoch: target, namespace: namespace).encoded
            )
        }
    }
}
