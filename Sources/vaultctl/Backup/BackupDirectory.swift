// A directory of backups. A blob counts from its line in `checksums` on, which is written when the blob is durable; a
// snapshot from its name on. Whatever a crash leaves besides is made anew or removed by the next that comes.

import CVaultSystem
import Crypto
import Foundation
import Glibc
import NIOCore
import VaultClient
import VaultFormat

final class BackupDirectory: BackupSink {
    let places: BackupPlaces
    /// Given back with this.
    private let lock: BackupLock
    private var known: [BlobID: [UInt8]] = [:]
    private var fresh: [(blob: BlobID, digest: [UInt8])] = []
    private var open: (blob: ListedBlob, file: CInt, hash: SHA256, bytes: UInt64)?

    /// Opens it for one who alone writes there, and makes it where it is missing.
    ///
    /// - Throws: ``BackupFailure`` where others work on it for too long.
    static func making(_ path: String) async throws -> BackupDirectory {
        try makeDirectory(path)
        return try BackupDirectory(path, try await BackupLock.taking(path, for: .writing))
    }

    /// Opens one that is there.
    ///
    /// - Parameter waits: whether others are waited for.
    /// - Throws: ``BackupFailure`` for a directory without backups, and where others work on it.
    static func existing(_ path: String, waits: Bool = true) async throws -> BackupDirectory {
        try BackupPlaces(root: path).requireMarker()
        return try BackupDirectory(
            path, try await BackupLock.taking(path, for: .writing, waits: waits))
    }

    private init(_ path: String, _ lock: BackupLock) throws {
        places = BackupPlaces(root: path)
        self.lock = lock
        for directory in [places.blobs, places.snapshots] { try Self.makeDirectory(directory) }
        try removeHalves()
        try readChecksums()
    }

    deinit {
        if let open { close(open.file) }
    }

    /// The vault whose backups these are; nil where there is none yet.
    ///
    /// - Throws: ``BackupFailure`` for a directory of something else.
    func vault() throws -> VaultID? {
        guard let text = try? String(contentsOfFile: places.marker, encoding: .utf8) else {
            return nil
        }
        let lines = text.split(separator: "\n")
        guard lines.count == 2, lines[0] == BackupPlaces.markerWord,
            let vault = try? VaultID(hex: lines[1].dropFirst("vault ".count))
        else { throw BackupFailure("\(places.marker) is not the mark of a directory of backups") }
        return vault
    }

    // MARK: Blobs

    func has(_ blob: ListedBlob) -> Bool {
        guard known[blob.blob] != nil else { return false }
        var facts = stat()
        return unsafe stat(places.blob(blob.blob), &facts) == 0
            && UInt64(clamping: facts.st_size) == blob.bytes
    }

    func begin(_ blob: ListedBlob) throws {
        try Self.makeDirectory(places.shard(of: blob.blob))
        let file = try Self.open(places.blob(blob.blob), O_WRONLY | O_CREAT | O_TRUNC)
        open = (blob, file, SHA256(), 0)
    }

    func write(_ piece: [UInt8]) throws {
        guard let file = open?.file, let blob = open?.blob else { return }
        open?.hash.update(data: piece)
        open?.bytes += UInt64(piece.count)
        try writeAll(ByteBuffer(bytes: piece), to: file, name: places.blob(blob.blob))
    }

    func endBlob() throws {
        guard let (blob, file, hash, bytes) = open else { return }
        open = nil
        close(file)
        guard bytes == blob.bytes else {
            throw BackupFailure(
                "blob \(blob.blob.hex) has \(bytes) bytes, and should have \(blob.bytes): run "
                    + "\"vaultctl check\"", .damaged)
        }
        fresh.append((blob.blob, Array(hash.finalize())))
    }

    /// One flush of the whole file system: a thousand small files are not flushed one by one.
    func flush() throws {
        guard !fresh.isEmpty else { return }
        guard vault_flush_file_system(lock.file) == 0 else { throw Self.failure(places.root) }
        let file = try Self.open(places.checksums, O_WRONLY | O_CREAT | O_APPEND)
        defer { close(file) }
        let lines = fresh.map { "\($0.blob.hex) \(Hex.encode($0.digest))\n" }.joined()
        try writeAll(lines, to: file, name: places.checksums)
        guard fsync(file) == 0 else { throw Self.failure(places.checksums) }
        for one in fresh { known[one.blob] = one.digest }
        fresh = []
    }

    /// What a crash left of a file that was to take the place of another. Nobody else writes here.
    private func removeHalves() throws {
        let files = [places.marker, places.checksums].map { $0.dropFirst(places.root.count + 1) }
        for name in try FileManager.default.contentsOfDirectory(atPath: places.root)
        where files.contains(where: { name.hasPrefix($0 + DownloadFile.unfinished) }) {
            try FileManager.default.removeItem(atPath: "\(places.root)/\(name)")
        }
    }

    private func readChecksums() throws {
        guard let text = try? String(contentsOfFile: places.checksums, encoding: .utf8) else {
            return
        }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            // A line that a crash cut is of a blob that comes again.
            guard words.count == 2, let blob = try? BlobID(hex: words[0]),
                let digest = try? Hex.decode(words[1], count: 32)
            else { continue }
            known[blob] = digest
        }
        // What comes next begins a line of its own.
        if !text.isEmpty, !text.hasSuffix("\n") { try keepChecksums() }
    }

    private func keepChecksums() throws {
        let file = try DownloadFile(target: places.checksums)
        for (blob, digest) in known { try file.write("\(blob.hex) \(Hex.encode(digest))\n") }
        try file.keep()
    }

    // MARK: Snapshots

    func beginSnapshot(_ id: BackupID) throws -> SnapshotPlaces {
        let part = SnapshotPlaces(directory: places.snapshot(id) + BackupPlaces.unfinished)
        try Self.makeDirectory(part.directory)
        try Self.makeDirectory(part.cases)
        return part
    }

    func dropSnapshot(_ id: BackupID) throws { try remove(id) }

    func accept(_ manifest: BackupManifest) throws {
        if let vault = try vault() {
            guard vault == manifest.vault else {
                throw BackupFailure(
                    "\(places.root) has backups of vault \(vault.hex), and this is "
                        + "\(manifest.vault.hex): name another directory")
            }
            return
        }
        let marker = try DownloadFile(target: places.marker)
        try marker.write(BackupPlaces.markerText(manifest.vault))
        try marker.keep()
    }

    func endSnapshot(_ id: BackupID) throws {
        try flush()
        let place = places.snapshot(id)
        guard vault_flush_file_system(lock.file) == 0,
            unsafe rename(place + BackupPlaces.unfinished, place) == 0
        else { throw Self.failure(place) }
        try flushNames()
    }

    /// What was begun and never finished, or is half gone: nobody misses it.
    func leftovers() throws -> [BackupID] {
        try FileManager.default.contentsOfDirectory(atPath: places.snapshots).compactMap { name in
            let end = [BackupPlaces.unfinished, BackupPlaces.leaving].first(where: name.hasSuffix)
            return end.flatMap { try? BackupID(hex: name.dropLast($0.count)) }
        }
    }

    /// Takes a snapshot away. Its directory stays, empty, until ``forgotten(_:)``: whoever comes after a crash knows by
    /// it what the register is still to be told.
    func remove(_ id: BackupID) throws {
        // A description of its own, open before anything goes: on one whose flush failed another flush says nothing.
        let root = try Self.open(places.root, O_RDONLY | O_DIRECTORY)
        defer { close(root) }
        let (place, leaving) = (places.snapshot(id), places.snapshot(id) + BackupPlaces.leaving)
        // Whole, or never finished.
        for name in [place, place + BackupPlaces.unfinished] {
            if unsafe rename(name, leaving) != 0, errno != ENOENT { throw Self.failure(name) }
        }
        if FileManager.default.fileExists(atPath: leaving) {
            for name in try FileManager.default.contentsOfDirectory(atPath: leaving) {
                try FileManager.default.removeItem(atPath: "\(leaving)/\(name)")
            }
        }
        guard vault_flush_file_system(root) == 0 else { throw Self.failure(place) }
    }

    func forgotten(_ id: BackupID) throws {
        unsafe rmdir(places.snapshot(id) + BackupPlaces.leaving)
        try flushNames()
    }

    /// Removes blobs that none of these snapshots needs; none where nobody can say what they need.
    ///
    /// - Returns: how many, and their bytes.
    func removeBlobs(butOf kept: SnapshotListing) throws -> (count: Int, bytes: UInt64) {
        var (count, bytes) = (0, UInt64(0))
        guard let needed = try kept.needed() else { return (count, bytes) }
        // First from the list: a blob that is there without its line is fetched again, never missed.
        let gone = known.keys.filter { !needed.contains($0) }
        for blob in gone { known[blob] = nil }
        if !gone.isEmpty { try keepChecksums() }
        for shard in try FileManager.default.contentsOfDirectory(atPath: places.blobs) {
            for name in try FileManager.default.contentsOfDirectory(
                atPath: "\(places.blobs)/\(shard)")
            {
                guard let blob = try? BlobID(hex: shard + name), !needed.contains(blob) else {
                    continue
                }
                let path = places.blob(blob)
                var facts = stat()
                if unsafe stat(path, &facts) == 0 { bytes += UInt64(clamping: facts.st_size) }
                guard unsafe unlink(path) == 0 else { throw Self.failure(path) }
                count += 1
            }
        }
        guard vault_flush_file_system(lock.file) == 0 else { throw Self.failure(places.blobs) }
        return (count, bytes)
    }

    // MARK: The file system

    private func flushNames() throws {
        let directory = try Self.open(places.snapshots, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Self.failure(places.snapshots) }
    }

    private static func makeDirectory(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure(path) }
    }

    private static func open(_ path: String, _ flags: CInt) throws -> CInt {
        let file = unsafe Glibc.open(path, flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        return file
    }

    private static func failure(_ path: String) -> ClientError {
        .file(FileFault(path: path, reason: .system(errno)))
    }
}
