// GET: row → claim → key → header → first frame → `read.begun` durable → frames into the answer. A broken
// frame ends the connection; there is no short success.

package import Foundation
import Synchronization
import VaultCrypto
package import VaultFormat

/// An image that may be read: its event is durable.
package final class OpenedImage: Sendable {
    package let image: ImageRow
    /// The words of the claim that it is read under.
    package let body: ReferenceBody
    /// The bytes that were asked for.
    package let range: Range<Int>
    fileprivate let opener: BlobOpener
    fileprivate let reader: any BlobReader
    /// Until somebody took it: a slow reader holds one frame, and not the first as well.
    private let first: Mutex<Data?>
    fileprivate let begunAt: UInt64
    fileprivate let call: Call
    fileprivate let startedAt: Int64

    fileprivate init(
        image: ImageRow, body: ReferenceBody, range: Range<Int>, blob: consuming OpenedBlob,
        begunAt: UInt64, call: Call, startedAt: Int64
    ) {
        self.image = image
        self.body = body
        self.range = range
        reader = blob.reader
        first = Mutex(blob.first)
        opener = blob.opener
        self.begunAt = begunAt
        self.call = call
        self.startedAt = startedAt
    }

    /// The frames that hold ``range``, at least one.
    package var frames: Range<Int> { opener.header.layout.frames(holding: range) }
    package var isWhole: Bool { range.count == image.storedBytes }

    /// What was opened already; once.
    fileprivate func takeFirst() -> Data? {
        first.withLock { first in
            defer { first = nil }
            return first
        }
    }
}

/// A blob whose header and first wanted frame have proved themselves.
struct OpenedBlob: ~Copyable {
    let reader: any BlobReader
    let opener: BlobOpener
    let first: Data
}

extension Vault {
    /// Opens an image for a caller; when this returns, the log says that it was read.
    ///
    /// - Throws: ``VaultError`` `range-not-satisfiable`, with the image's size, for a span outside it.
    package func open(
        _ id: ImageID, claim: Claim, span: ByteSpan = .whole, _ call: Call
    ) async throws(VaultError) -> OpenedImage {
        let startedAt = clock.monotonicMicroseconds()
        return try await audited(.readBegun, call, image: id) { () async throws(VaultError) in
            let keyring = try keyring()
            var (image, reference) = try find(id, claim, call, keyring)
            guard let range = span.range(in: image.storedBytes) else {
                throw VaultError(.rangeNotSatisfiable, imageBytes: image.storedBytes)
            }
            var opened = try await openIfNamed(image, from: range.lowerBound, keyring)
            for _ in 0..<Limits.reopenings where opened == nil {
                (image, reference) = try find(id, claim, call, keyring)
                opened = try await openIfNamed(image, from: range.lowerBound, keyring)
            }
            guard let blob = opened else { throw VaultError(.blobMissing) }
            let body = try open(reference, of: image, keyring)
            var event = event(.readBegun, call, image: id)
            event.reference = reference.reference
            event.lookups = reference.claim.lookups
            event.bytes = range.count
            event.offset = range.count == image.storedBytes ? nil : range.lowerBound
            event.epoch = image.key.epoch
            let begunAt = try await committer.commit(call.reading, event).index
            return OpenedImage(
                image: image, body: body, range: range, blob: blob, begunAt: begunAt,
                call: call, startedAt: startedAt)
        }
    }

    /// What frame `index`, one of ``OpenedImage/frames``, holds of the bytes that were asked for.
    package func frame(_ index: Int, of image: OpenedImage) async throws(VaultError) -> Data {
        let frame: Data
        if index == image.frames.lowerBound, let first = image.takeFirst() {
            frame = first
        } else {
            frame = try await self.frame(index, reader: image.reader, opener: image.opener)
        }
        if image.isWhole { return frame }
        let start = index * image.opener.header.layout.frameBytes
        let wanted = image.range.clamped(to: start..<start + frame.count)
        return frame.dropFirst(wanted.lowerBound - start).prefix(wanted.count)
    }

    /// Completes the record of a read. Nobody waits for it: begun without end counts as disclosed.
    package func ended(_ image: OpenedImage, bytes: Int, failure: ErrorCode?) {
        var event = event(.readEnded, image.call, image: image.image.image)
        event.outcome = failure == nil ? .done : .failed
        event.code = failure
        event.bytes = bytes
        event.durationMicroseconds = Int(clock.monotonicMicroseconds() - image.startedAt)
        event.begunAt = image.begunAt
        committer.recordAlong(event)
    }

    /// What a claim says about an image, without its bytes.
    package func metadata(
        _ id: ImageID, claim: Claim, as action: EventAction, _ call: Call
    ) async throws(VaultError) -> (image: ImageRow, body: ReferenceBody) {
        try await audited(action, call, image: id) { () async throws(VaultError) in
            let keyring = try keyring()
            let (image, reference) = try find(id, claim, call, keyring)
            let body = try open(reference, of: image, keyring)
            var event = event(action, call, image: id)
            event.reference = reference.reference
            event.lookups = reference.claim.lookups
            _ = try await committer.commit(call.reading, event)
            return (image, body)
        }
    }

    /// The row of an image and of the claim it is read under. Who names an owner or a job must hold
    /// a claim that fits; who names none reads under the claim that was made without any, else under
    /// the newest. A ticket has its own, and no other.
    ///
    /// - Throws: ``VaultError`` `unknown-image`, whether the image or the claim is missing;
    ///   `quarantined` to who holds a claim that fits.
    func find(
        _ id: ImageID, _ claim: Claim, _ call: Call, _ keyring: Keyring
    ) throws(VaultError) -> (ImageRow, ReferenceRow) {
        let found: (image: ImageRow, reference: ReferenceRow)?
        if case .ticket(let ticket) = call.bearer {
            found = try reading { (reader) throws(StorageError) in
                guard let image = try reader.image(id, in: call.namespace) else { return nil }
                return try reader.reference(of: image.row, claim: ticket.claim).map { (image, $0) }
            }
        } else {
            let index = claimIndex(claim, in: call.namespace, keyring)
            found = try readingOnce { (reader) throws(StorageError) in
                try reader.claimedImage(id, in: call.namespace, fitting: index)
            }
        }
        guard let (image, reference) = found else { throw VaultError(.unknownImage) }
        try image.verify(with: keyring)
        try image.requireReadable()
        return (image, reference)
    }

    /// Opens the blob and the frame that holds byte `start`.
    func openBlob(
        of image: ImageRow, from start: Int, _ keyring: Keyring
    ) async throws(VaultError) -> OpenedBlob {
        let key = try unwrap(image, keyring)
        let reader = try openFile(of: image)
        // Who reads from the start gets the first frame together with the header.
        let headFrame = start == 0 ? Limits.frameBytes + ObjectHeader.tagBytes : 0
        var head = try await read(
            reader, at: 0, count: min(ObjectHeader.byteCount + headFrame, reader.bytes))
        guard let header = try? ObjectHeader(parsing: Array(head.prefix(ObjectHeader.byteCount)))
        else { throw VaultError(.blobDamaged) }
        guard header.plaintextBytes == image.storedBytes, header.layout.fileBytes == reader.bytes
        else { throw VaultError(.blobDamaged) }
        let opener: BlobOpener
        do throws(CryptoError) {
            opener = try BlobOpener(
                header: header, key: key, namespace: image.namespace, image: image.image)
        } catch {
            throw VaultError(error.code(orElse: .blobDamaged))
        }
        let first: Data
        if start == 0 {
            head = head.dropFirst(ObjectHeader.byteCount - header.suite.nonceBytes)
            first = try open(&head, index: 0, opener)
        } else {
            first = try await frame(
                start / header.layout.frameBytes, reader: reader, opener: opener)
        }
        return OpenedBlob(reader: reader, opener: opener, first: first)
    }

    /// Nil where the blob went because the image was sealed anew since its row was read.
    private func openIfNamed(
        _ image: ImageRow, from start: Int, _ keyring: Keyring
    ) async throws(VaultError) -> OpenedBlob? {
        do throws(VaultError) {
            return try await openBlob(of: image, from: start, keyring)
        } catch  where error.code == .blobMissing {
            let now = try reading { (reader) throws(StorageError) in
                try reader.image(image.image, in: image.namespace)
            }
            guard let now, now.blob != image.blob else { throw error }
            return nil
        }
    }

    private func unwrap(
        _ image: ImageRow, _ keyring: Keyring
    ) throws(VaultError) -> Secret<DataKey> {
        let keyring = try self.keyring(opening: image.key.epoch, orElse: keyring)
        do throws(CryptoError) {
            return try keyring.unwrap(
                image.key.bytes,
                context: WrapContext(
                    subject: .blob(image.blob), epoch: image.key.epoch,
                    namespace: image.namespace, image: image.image))
        } catch {
            throw VaultError(error.code(orElse: .wrapDamaged))
        }
    }

    /// A blob that went between row and file belongs to an image that was erased meanwhile.
    private func openFile(of image: ImageRow) throws(VaultError) -> any BlobReader {
        do throws(StorageError) {
            return try blobs.open(image.blob)
        } catch {
            if error == .missing,
                try reading({ (reader) throws(StorageError) in
                    try reader.image(image.image, in: image.namespace)
                }) == nil
            {
                throw VaultError(.unknownImage)
            }
            throw VaultError(error.code(for: .blob))
        }
    }

    func frame(
        _ index: Int, reader: any BlobReader, opener: borrowing BlobOpener
    ) async throws(VaultError) -> Data {
        let layout = opener.header.layout
        // The bytes before the frame are read too: its nonce takes their place.
        let nonceBytes = layout.suite.nonceBytes
        var sealed = try await read(
            reader, at: layout.fileOffset(ofFrame: index) - nonceBytes,
            count: nonceBytes + layout.plaintextBytes(ofFrame: index) + ObjectHeader.tagBytes)
        return try open(&sealed, index: index, opener)
    }

    private func open(
        _ sealed: inout Data, index: Int, _ opener: borrowing BlobOpener
    ) throws(VaultError) -> Data {
        do throws(CryptoError) {
            return try opener.open(&sealed, index: index)
        } catch {
            throw VaultError(error.code(orElse: .blobDamaged))
        }
    }

    /// Reads what is in memory at once, and on a thread that may block what is not.
    private func read(
        _ reader: any BlobReader, at offset: Int, count: Int
    ) async throws(VaultError) -> Data {
        do throws(StorageError) {
            if let cached = try reader.readCached(at: offset, count: count) {
                return cached
            }
            return try await withTaskExecutorPreference(blockingExecutor) {
                () async throws(StorageError) in
                try reader.read(at: offset, count: count)
            }
        } catch {
            throw VaultError(error.code(for: .blob))
        }
    }
}
