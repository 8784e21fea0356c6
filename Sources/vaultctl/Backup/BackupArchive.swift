// A backup as a ustar archive on standard output (POSIX.1-2017, pax, "ustar Interchange Format"): unpacked, it is a
// directory of backups. What comes before is not known there, so that all blobs are in it.

import Crypto
import Foundation
import Glibc
import NIOCore
import VaultClient
import VaultFormat

final class BackupArchive: BackupSink {
    private static let block = 512
    private let temporary: String
    private var vault: VaultID?
    /// Whether the snapshot is on its way out, or out: nobody can take it back then.
    private var isGiven = false
    private var sent: [BlobID: [UInt8]] = [:]
    private var open: (blob: ListedBlob, hash: SHA256, bytes: UInt64)?

    init() throws {
        let base = FileManager.default.temporaryDirectory.path
        temporary = "\(base)/vaultctl-backup-\(getpid())"
        guard unsafe mkdir(temporary, 0o700) == 0 else {
            throw ClientError.file(FileFault(path: temporary, reason: .system(errno)))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: temporary) }

    func has(_ blob: ListedBlob) -> Bool { sent[blob.blob] != nil }

    func beginSnapshot(_ id: BackupID) throws -> SnapshotPlaces {
        let places = SnapshotPlaces(directory: "\(temporary)/\(id.hex)")
        for directory in [places.directory, places.cases] {
            guard unsafe mkdir(directory, 0o700) == 0 else {
                throw ClientError.file(FileFault(path: directory, reason: .system(errno)))
            }
        }
        return places
    }

    func dropSnapshot(_ id: BackupID) throws {
        guard !isGiven else {
            throw BackupFailure("whoever reads the archive may have all of backup \(id.hex)")
        }
        try? FileManager.default.removeItem(atPath: "\(temporary)/\(id.hex)")
    }

    func forgotten(_ id: BackupID) {}

    func accept(_ manifest: BackupManifest) throws { vault = manifest.vault }

    func begin(_ blob: ListedBlob) throws {
        try header(BackupPlaces.name(of: blob.blob), bytes: blob.bytes)
        open = (blob, SHA256(), 0)
    }

    func write(_ piece: [UInt8]) throws {
        open?.hash.update(data: piece)
        open?.bytes += UInt64(piece.count)
        try send(piece)
    }

    func endBlob() throws {
        guard let (blob, hash, bytes) = open else { return }
        open = nil
        // The head is out: nothing can be said any more but that it is broken.
        guard bytes == blob.bytes else {
            throw BackupFailure("blob \(blob.blob.hex) has \(bytes) bytes", .damaged)
        }
        try pad(bytes)
        sent[blob.blob] = Array(hash.finalize())
    }

    func flush() throws {}

    func endSnapshot(_ id: BackupID) throws {
        isGiven = true
        let places = SnapshotPlaces(directory: "\(temporary)/\(id.hex)")
        let name = "snapshots/\(id.hex)"
        if let vault { try entry("imagevault-backups", Array(BackupPlaces.markerText(vault).utf8)) }
        let lines = sent.map { "\($0.key.hex) \(Hex.encode($0.value))\n" }.sorted().joined()
        try entry("checksums", Array(lines.utf8))
        try entry("\(name)/catalog.sqlite", fileAt: places.catalog)
        try entry("\(name)/blobs", fileAt: places.list)
        let cases = try FileManager.default.contentsOfDirectory(atPath: places.cases)
        for one in cases.sorted() {
            try entry("\(name)/cases/\(one)", fileAt: "\(places.cases)/\(one)")
        }
        try entry("\(name)/manifest", fileAt: places.manifest)
        try send([UInt8](repeating: 0, count: 2 * Self.block))
    }

    // MARK: The archive

    private func entry(_ name: String, _ bytes: [UInt8]) throws {
        try header(name, bytes: UInt64(bytes.count))
        try send(bytes)
        try pad(UInt64(bytes.count))
    }

    private func entry(_ name: String, fileAt path: String) throws {
        let file = try UploadFile(path)
        try header(name, bytes: UInt64(file.length))
        try file.forEachPiece { (piece) throws(ClientError) in
            try writeAll(piece, to: STDOUT_FILENO, name: "output")
        }
        try pad(UInt64(file.length))
    }

    private func header(_ name: String, bytes: UInt64) throws {
        var block = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: String, at place: Int) {
            block.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
        }
        func octal(_ number: UInt64, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        // Eleven octal digits: what ustar has room for.
        guard bytes < 1 << 33 else {
            throw BackupFailure("\(name) is too long for an archive: back up to a directory")
        }
        put(name, at: 0)
        put(octal(0o600, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(bytes, 11), at: 124)
        put(octal(UInt64(max(0, time(nil))), 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
        put(octal(sum, 6) + "\0 ", at: 148)
        try send(block)
    }

    private func pad(_ bytes: UInt64) throws {
        let rest = Int(bytes % UInt64(Self.block))
        if rest > 0 { try send([UInt8](repeating: 0, count: Self.block - rest)) }
    }

    private func send(_ bytes: [UInt8]) throws {
        try writeAll(ByteBuffer(bytes: bytes), to: STDOUT_FILENO, name: "output")
    }
}
