// A snapshot as it arrives: its pieces go to their files, and what came is compared with what the manifest says.

import Crypto
import Foundation
import NIOCore
import VaultClient
import VaultFormat

/// Takes the records of a stream apart, whatever pieces they come in.
struct BackupRecordReader {
    private var buffer = ByteBuffer()
    private(set) var hasEnded = false

    /// - Throws: ``BackupFailure`` for what no vault sends.
    mutating func take(_ bytes: ByteBuffer, _ body: (BackupRecord) throws -> Void) throws {
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
        while let head = buffer.getBytes(at: buffer.readerIndex, length: BackupRecord.headBytes) {
            guard let length = try? BackupRecord.length(head: head) else { throw Self.broken }
            guard let record = buffer.readBytes(length: length) else { return }
            guard !hasEnded, let parsed = try? BackupRecord(parsing: record) else {
                throw Self.broken
            }
            if case .end = parsed { hasEnded = true } else { try body(parsed) }
        }
    }

    /// - Throws: ``BackupFailure`` for a stream that was cut short.
    func requireEnd() throws {
        guard hasEnded, buffer.readableBytes == 0 else {
            throw BackupFailure(
                "the vault's answer ended early; its log says why. Run this again", .damaged)
        }
    }

    static var broken: BackupFailure {
        BackupFailure("the answer is not in the form of a backup: is vaultctl older than vaultd?")
    }
}

final class SnapshotReceiver {
    private let sink: any BackupSink
    private var reader = BackupRecordReader()
    private(set) var id: BackupID?
    private var places: SnapshotPlaces?
    private var catalog: FileHandle?
    private var catalogHash = SHA256()
    private var list = ""
    private var listHash = SHA256()
    private var caseFile: FileHandle?
    private(set) var manifest: BackupManifest?
    private(set) var blobs: [ListedBlob] = []
    private(set) var bytes: UInt64 = 0

    init(_ sink: any BackupSink) { self.sink = sink }

    func take(_ piece: ByteBuffer) throws {
        try reader.take(piece) { try take($0) }
    }

    private func take(_ record: BackupRecord) throws {
        switch record {
        case .begun(let id):
            self.id = id
            let places = try sink.beginSnapshot(id)
            self.places = places
            catalog = try file(places.catalog)
        case .catalog(let bytes):
            try write(bytes, to: catalog)
            catalogHash.update(data: bytes)
            self.bytes += UInt64(bytes.count)
        case .list(let bytes):
            listHash.update(data: bytes)
            list += String(decoding: bytes, as: UTF8.self)
        case .incidentCase(let incident, _):
            guard let places else { throw BackupRecordReader.broken }
            try caseFile?.close()
            caseFile = try file(places.incidentCase(incident))
        case .piece(let bytes): try write(bytes, to: caseFile)
        case .manifest(let note): try finish(note)
        case .blob, .gone, .end: throw BackupRecordReader.broken
        }
    }

    private func finish(_ note: [UInt8]) throws {
        guard let text = String(validating: note, as: UTF8.self),
            let signed = try? SignedNote(parsing: text),
            let manifest = try? BackupManifest(parsing: signed.text), manifest.backup == id,
            let blobs = try? ListedBlob.all(in: list), let places
        else { throw BackupRecordReader.broken }
        guard Array(catalogHash.finalize()) == manifest.catalog.bytes,
            Array(listHash.finalize()) == manifest.blobList.bytes
        else { throw BackupFailure("what came is not what the manifest says: run this again") }
        try sink.accept(manifest)
        try write(Array(list.utf8), to: file(places.list))
        try write(note, to: file(places.manifest))
        try catalog?.close()
        try caseFile?.close()
        self.manifest = manifest
        self.blobs = blobs
        list = ""
    }

    func requireEnd() throws {
        try reader.requireEnd()
        guard manifest != nil else { throw BackupRecordReader.broken }
    }

    /// - Throws: ``ClientError/file(_:)``, which says where there was no room.
    private func write(_ bytes: [UInt8], to file: FileHandle?) throws {
        guard let file, let places else { throw BackupRecordReader.broken }
        try writeAll(
            ByteBuffer(bytes: bytes), to: file.fileDescriptor, name: places.directory)
    }

    private func file(_ path: String) throws -> FileHandle {
        guard
            FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: path)
        else { throw ClientError.file(FileFault(path: path, reason: .system(errno))) }
        return file
    }
}
