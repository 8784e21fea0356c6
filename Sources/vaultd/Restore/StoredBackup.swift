// A snapshot in a directory of backups, as a restore reads it: believed only as far as the log's key has signed it.
// BackupFormat §5.

import CVaultSystem
import Foundation
import Glibc
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

/// Why a backup is not restored, in words.
struct BackupRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A directory of backups from which nothing goes while this is there. One who writes comes before or after.
private final class ReadingLock: Sendable {
    private let directory: CInt

    /// Waits for a vaultctl that works there. What has no locks, as some network's file systems, is read all the same.
    init(_ root: String) throws {
        directory = unsafe open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SettingsError("\(root) cannot be read") }
        guard flock(directory, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
        FileHandle.standardError.write(Data("waits for the vaultctl that works on \(root)\n".utf8))
        while flock(directory, LOCK_SH) != 0, errno == EINTR {}
    }

    deinit { close(directory) }
}

struct StoredBackup: Sendable {
    let root: String
    private let lock: ReadingLock
    let manifest: BackupManifest
    /// Of the manifest's note.
    let digest: Digest256
    let blobs: [ListedBlob]
    /// The key that signed it.
    let fingerprint: String

    private var directory: String { "\(root)/snapshots/\(manifest.backup.hex)" }

    /// The newest that holds and that one of the keys has signed. What is passed over is told on standard error.
    ///
    /// - Parameters:
    ///   - id: the one to take, whatever else is there; nil for the newest.
    ///   - keys: who may have signed it.
    /// - Throws: ``BackupRefusal``, which says why of each where none holds, and ``SettingsError`` where there is none.
    init(at root: String, _ id: BackupID?, signedBy keys: [NoteVerifier]) throws {
        let lock = try ReadingLock(root)
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/snapshots")) ?? []
        let there = names.sorted().compactMap { try? BackupID(hex: $0) }
        if let id {
            guard there.contains(id) else {
                throw SettingsError("\(root) has no snapshot \(id.hex)")
            }
            self = try StoredBackup(reading: id, at: root, lock, signedBy: keys)
            return
        }
        var newest: StoredBackup?
        var refusals: [BackupRefusal] = []
        for one in there {
            do {
                let read = try StoredBackup(reading: one, at: root, lock, signedBy: keys)
                if newest.map({ $0.manifest.at < read.manifest.at }) ?? true { newest = read }
            } catch let refusal as BackupRefusal {
                refusals.append(refusal)
            }
        }
        guard let newest else {
            guard !refusals.isEmpty else { throw SettingsError("\(root) has no snapshot") }
            let reasons = refusals.map(\.description).joined(separator: "; ")
            throw BackupRefusal("\(root) has no snapshot that holds: \(reasons)")
        }
        for refusal in refusals {
            FileHandle.standardError.write(Data("passed over: \(refusal)\n".utf8))
        }
        self = newest
    }

    /// - Throws: ``BackupRefusal`` for one that does not hold, or that none of the keys has signed; ``SettingsError`` for
    ///   one that cannot be read just now: no other takes its place.
    private init(
        reading id: BackupID, at root: String, _ lock: ReadingLock, signedBy keys: [NoteVerifier]
    ) throws {
        let directory = "\(root)/snapshots/\(id.hex)"
        let text = try Self.text("\(directory)/manifest", Limits.backupManifestBytes)
        guard let note = try? SignedNote(parsing: text),
            let manifest = try? BackupManifest(parsing: note.text), manifest.backup == id
        else { throw BackupRefusal("\(directory)/manifest is not in its form") }
        let signer = keys.first {
            $0.name == Checkpoint.origin(of: manifest.vault) && $0.verifies(note)
        }
        guard let signer else {
            throw BackupRefusal("\(directory)/manifest is signed by no key in the key file")
        }
        let list = try Self.text("\(directory)/blobs", Limits.blobListBytes)
        guard LogHash.digest(Array(list.utf8)) == manifest.blobList,
            let blobs = try? ListedBlob.all(in: list), UInt64(blobs.count) == manifest.blobCount
        else { throw BackupRefusal("\(directory)/blobs is not what the manifest says") }
        self.root = root
        self.lock = lock
        self.manifest = manifest
        digest = LogHash.digest(Array(text.utf8))
        self.blobs = blobs
        fingerprint = signer.fingerprint
    }

    private static func text(_ path: String, _ limit: Int) throws -> String {
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try WholeFile.load(path, limit: limit)
        } catch .missing {
            throw BackupRefusal("\(path) is not there")
        } catch .damaged, .unavailable(ELOOP), .unavailable(ENOTDIR), .unavailable(ENXIO) {
            // A link, too: no backup makes one.
            throw BackupRefusal("\(path) is no such file")
        } catch {
            throw SettingsError("\(path) cannot be read: \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BackupRefusal("\(path) is no text")
        }
        return text
    }

    private func path(of blob: BlobID) -> String {
        "\(root)/blobs/\(blob.hex.prefix(2))/\(blob.hex.dropFirst(2))"
    }

    /// Blobs that the list names and that are not there, or of another length.
    func missing() -> [BlobID] {
        blobs.filter { listed in
            var facts = stat()
            return unsafe lstat(path(of: listed.blob), &facts) != 0
                || facts.st_mode & S_IFMT != S_IFREG
                || UInt64(clamping: facts.st_size) != listed.bytes
        }.map(\.blob)
    }

    /// The images that are stored in blobs, read from a copy of the catalog: whoever opens one writes beside it.
    ///
    /// - Parameter place: where the copy lies meanwhile. What a plan left there that was killed goes first.
    /// - Throws: ``BackupRefusal``, or what keeps the copy from being made and read.
    func images(in blobs: [BlobID], copyAt place: String) throws -> [MissingBlob] {
        guard !blobs.isEmpty else { return [] }
        try? FileManager.default.removeItem(atPath: place)
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: place) }
        let path = place + "/catalog.sqlite"
        try copyCatalog(to: path)
        let catalog = try SQLiteCatalog.open(at: path, vault: manifest.vault)
        defer { try? catalog.close() }
        return try Vault.images(in: blobs, catalog)
    }

    // MARK: Copying

    /// Copies the catalog, and believes it only when it is the one that was signed.
    ///
    /// - Throws: ``BackupRefusal``.
    func copyCatalog(to target: String) throws {
        var hash = StreamingSHA256()
        let bytes = try unsafe copy("\(directory)/catalog.sqlite", to: target) { piece in
            unsafe hash.update(piece)
        }
        guard UInt64(bytes) == manifest.catalogBytes, hash.finish() == manifest.catalog else {
            throw BackupRefusal("\(directory)/catalog.sqlite is not what the manifest says")
        }
    }

    /// Copies the blobs that are there into a store's directory, and the cases.
    ///
    /// - Parameter progress: told of so many bytes more.
    /// - Returns: the blobs that are not.
    func copyContents(
        into state: String, progress: (Int) -> Void
    ) throws -> [BlobID] {
        let absent = Set(missing())
        for shard in 0...255 {
            _ = unsafe mkdir("\(state)/blobs/\(Hex.encode([UInt8(shard)]))", 0o700)
        }
        for listed in blobs where !absent.contains(listed.blob) {
            let target =
                "\(state)/blobs/\(listed.blob.hex.prefix(2))/\(listed.blob.hex.dropFirst(2))"
            progress(try unsafe copy(path(of: listed.blob), to: target) { _ in })
        }
        let cases = "\(directory)/cases"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: cases)) ?? [] {
            guard let incident = try? IncidentID(hex: name) else { continue }
            _ = try unsafe copy("\(cases)/\(name)", to: "\(state)/cases/\(incident.hex).case") {
                _ in
            }
        }
        return blobs.map(\.blob).filter(absent.contains)
    }

    /// Flushes the file system that has a directory.
    static func flush(_ directory: String) throws {
        let file = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw SettingsError("\(directory) cannot be opened") }
        defer { close(file) }
        guard vault_flush_file_system(file) == 0 else {
            throw SettingsError("\(directory) cannot be flushed")
        }
    }

    private func copy(
        _ source: String, to target: String, _ piece: (UnsafeRawBufferPointer) -> Void
    ) throws -> Int {
        let from = unsafe open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard from >= 0 else { throw BackupRefusal("\(source) cannot be read") }
        defer { close(from) }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let to = unsafe open(target, flags, 0o600)
        guard to >= 0 else { throw SettingsError("\(target) cannot be made: error \(errno)") }
        defer { close(to) }
        var room = [UInt8](repeating: 0, count: Limits.backupReadBytes)
        var copied = 0
        while true {
            let got = unsafe read(from, &room, room.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw BackupRefusal("\(source) cannot be read: error \(errno)") }
            if got == 0 { return copied }
            try unsafe room.withUnsafeBytes { bytes in
                var rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<got])
                unsafe piece(rest)
                while unsafe !rest.isEmpty {
                    let written = unsafe write(to, rest.baseAddress, rest.count)
                    if written < 0, errno == EINTR { continue }
                    guard written > 0 else {
                        throw SettingsError("\(target) cannot be written: error \(errno)")
                    }
                    unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
                }
            }
            copied += got
        }
    }
}
