// One backup: a snapshot, and the blobs of it that are not there yet. Blobs that go meanwhile, because they are
// erased or sealed anew, are missed by the snapshot: then there is another round, which has little left to fetch.

import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

struct BackupRun {
    let client: VaultClient
    let sink: any BackupSink
    let request: SnapshotRequest
    /// Nothing is drawn for one that follows.
    let isQuiet: Bool

    struct Result {
        let manifest: BackupManifest
        let fetched: Int
        let fetchedBytes: UInt64
        /// The log's size once all that this run left behind its snapshot is in it, and nothing else came.
        let logSize: UInt64
    }

    func run() async throws -> Result {
        var (fetched, fetchedBytes) = (0, UInt64(0))
        for _ in 1...Limits.backupRounds {
            let receiver = SnapshotReceiver(sink)
            do {
                try await client.snapshot(request) { try receiver.take($0) }
                try receiver.requireEnd()
                let copied = try await fetch(receiver)
                fetched += copied.count
                fetchedBytes += copied.bytes
                if let manifest = receiver.manifest, let id = receiver.id, copied.gone == 0 {
                    try sink.endSnapshot(id)
                    _ = try await client.complete(id)
                    // Its description, each batch of blobs, its completion.
                    let own = UInt64(copied.batches) + 2
                    return Result(
                        manifest: manifest, fetched: fetched, fetchedBytes: fetchedBytes,
                        logSize: manifest.logSize + own)
                }
                try await drop(receiver)
            } catch {
                // What is not whole keeps no epoch. The vault may be gone, and something of it still there: then the
                // next backup ends it, and until then no erasure is called finished. Of an archive that is
                // out somebody has to say that it is gone.
                try? await drop(receiver)
                throw error
            }
        }
        throw BackupFailure(
            "in each of \(Limits.backupRounds) rounds blobs went before they were fetched: try again "
                + "when fewer images are erased, or when the re-encryption is done", .unavailable)
    }

    private func drop(_ receiver: SnapshotReceiver) async throws {
        guard let id = receiver.id else { return }
        try sink.dropSnapshot(id)
        _ = try await client.expire(id)
        try sink.forgotten(id)
    }

    private func fetch(
        _ receiver: SnapshotReceiver
    ) async throws -> (count: Int, bytes: UInt64, gone: Int, batches: Int) {
        guard let id = receiver.id else { throw BackupRecordReader.broken }
        let missing = receiver.blobs.filter { !sink.has($0) }
        let total = missing.reduce(UInt64(0)) { $0 + $1.bytes }
        let bar = ProgressBar(
            totalBytes: isQuiet ? 0 : Int(clamping: total), totalFiles: isQuiet ? 1 : missing.count)
        defer { bar.end() }
        var (gone, batches) = (0, 0)
        for start in stride(from: 0, to: missing.count, by: Limits.backupBlobs) {
            let batch = missing[start..<min(start + Limits.backupBlobs, missing.count)]
            gone += try await fetch(Array(batch), for: id, bar)
            try sink.flush()
            batches += 1
        }
        return (missing.count - gone, total, gone, batches)
    }

    private func fetch(
        _ batch: [ListedBlob], for id: BackupID, _ bar: ProgressBar
    ) async throws -> Int {
        let receiver = BlobReceiver(sink, batch, bar)
        try await client.blobs(batch.map(\.blob), for: id) { try receiver.take($0) }
        return try receiver.finish()
    }
}

/// Takes blobs as they arrive, in the order in which they were asked for.
private final class BlobReceiver {
    private let sink: any BackupSink
    private let bar: ProgressBar
    private var reader = BackupRecordReader()
    private var expected: ArraySlice<ListedBlob>
    private var left: UInt64 = 0
    private var gone = 0

    init(_ sink: any BackupSink, _ batch: [ListedBlob], _ bar: ProgressBar) {
        self.sink = sink
        self.bar = bar
        expected = batch[...]
    }

    func take(_ piece: ByteBuffer) throws {
        try reader.take(piece) { try take($0) }
    }

    private func take(_ record: BackupRecord) throws {
        switch record {
        case .blob(let blob):
            guard left == 0, let next = expected.popFirst(), next.blob == blob.blob else {
                throw BackupRecordReader.broken
            }
            // A blob of another length than its row says is damaged: it is no blob of a backup.
            guard next.bytes == blob.bytes else {
                throw BackupFailure(
                    "blob \(blob.blob.hex) has \(blob.bytes) bytes, and its row says "
                        + "\(next.bytes): run \"vaultctl check --contents --wait\"", .damaged)
            }
            try sink.begin(blob)
            left = blob.bytes
        case .piece(let bytes):
            guard left >= UInt64(bytes.count), !bytes.isEmpty else {
                throw BackupRecordReader.broken
            }
            left -= UInt64(bytes.count)
            try sink.write(bytes)
            bar.advance(bytes: bytes.count)
            guard left == 0 else { return }
            try sink.endBlob()
            bar.finishFile()
        case .gone(let blob):
            guard left == 0, expected.popFirst()?.blob == blob else {
                throw BackupRecordReader.broken
            }
            gone += 1
        default: throw BackupRecordReader.broken
        }
    }

    func finish() throws -> Int {
        try reader.requireEnd()
        guard expected.isEmpty, left == 0 else { throw BackupRecordReader.broken }
        return gone
    }
}
