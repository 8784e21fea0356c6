// `backup`: snapshots in a directory, and whether they are whole.

import ArgumentParser
import Foundation
import Glibc
import VaultCrypto
import VaultFormat

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Check that the backups of a directory are whole, and the vault's.",
        discussion: """
            Each manifest has to be signed, and catalog and list have to be what it says. Each blob has to be \
            there in its length, and to have the checksum that it had when it came: that finds what decayed. \
            Somebody who can write there can change a checksum too, and is found by the keys alone, in \
            "vaultctl drill".

            Example: vaultverify backup /srv/backup --key audit.pub
            """)

    @Argument(help: "The directory.")
    var directory: String

    @Option(help: "The log's public keys, a line each, such as audit.pub.")
    var key: String

    @Option(help: "Only this snapshot: 32 digits.")
    var backup: String?

    func run() throws {
        do {
            let verifiers = try NoteVerifier.all(in: InputFile.text(key))
            let checked = CheckedDirectory(directory)
            let snapshots = try checked.snapshots().filter { backup == nil || $0 == backup }
            guard !snapshots.isEmpty else { throw Refusal("\(directory) has no such snapshot") }
            for name in snapshots { print(try checked.check(name, verifiers)) }
            print("blobs         \(checked.blobs) looked at, \(checked.bytes) bytes")
            print("holds")
        } catch {
            throw Refusal(error)
        }
    }
}

/// A directory whose blobs are each looked at once, however many snapshots have them.
private final class CheckedDirectory {
    private let root: String
    private var seen = Set<BlobID>()
    private var checksums: [BlobID: Digest256]?
    private(set) var bytes = 0

    init(_ root: String) { self.root = root }

    var blobs: Int { seen.count }

    func snapshots() throws -> [String] {
        let names =
            (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/snapshots")) ?? []
        return names.filter { (try? BackupID(hex: $0)) != nil }.sorted()
    }

    /// - Returns: what it is, in words.
    func check(_ name: String, _ verifiers: [NoteVerifier]) throws -> String {
        let place = "\(root)/snapshots/\(name)"
        let note = try SignedNote(parsing: InputFile.text("\(place)/manifest"))
        let manifest = try BackupManifest(parsing: note.text)
        guard let verifier = verifiers.first(where: { $0.verifies(note) }),
            verifier.name == Checkpoint.origin(of: manifest.vault)
        else { throw Refusal("\(name): the signature is of no key in the key file") }
        guard manifest.backup.hex == name else {
            throw Refusal("\(name): the manifest is another backup's")
        }
        let (catalog, catalogBytes) = try digest(of: "\(place)/catalog.sqlite")
        guard catalog == manifest.catalog, UInt64(catalogBytes) == manifest.catalogBytes else {
            throw Refusal("\(name): the catalog is not the one that was signed")
        }
        let list = try list(at: "\(place)/blobs")
        guard LogHash.digest(Array(list.utf8)) == manifest.blobList else {
            throw Refusal("\(name): the list of blobs is not the one that was signed")
        }
        for blob in try ListedBlob.all(in: list) where seen.insert(blob.blob).inserted {
            try check(blob)
        }
        return "\(name)  made \(manifest.at), \(manifest.blobCount) blobs, log up to "
            + "\(manifest.logSize), signed by key \(verifier.fingerprint)"
    }

    private func check(_ blob: ListedBlob) throws {
        let path = "\(root)/blobs/\(blob.blob.hex.prefix(2))/\(blob.blob.hex.dropFirst(2))"
        let (found, count) = try digest(of: path)
        guard UInt64(count) == blob.bytes else {
            throw Refusal("blob \(blob.blob.hex) has \(count) bytes, and should have \(blob.bytes)")
        }
        guard try knownChecksums()[blob.blob] == found else {
            throw Refusal("blob \(blob.blob.hex) is not as it came: fetch it anew, or restore it")
        }
        bytes += count
    }

    private func knownChecksums() throws -> [BlobID: Digest256] {
        if let checksums { return checksums }
        var known: [BlobID: Digest256] = [:]
        for line in try list(at: "\(root)/checksums").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let blob = try? BlobID(hex: words[0]) else { continue }
            known[blob] = try? Digest256(hex: words[1])
        }
        checksums = known
        return known
    }

    private func list(at path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path),
            data.count <= Limits.blobListBytes,
            let text = String(data: data, encoding: .utf8)
        else { throw Refusal("\(path) cannot be read") }
        return text
    }

    private func digest(of path: String) throws -> (Digest256, Int) {
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw Refusal("\(path) is not there") }
        defer { close(file) }
        var (hash, total) = (StreamingSHA256(), 0)
        var room = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let got = unsafe read(file, &room, room.count)
            guard got >= 0 else { throw Refusal("\(path) cannot be read") }
            if got == 0 { return (hash.finish(), total) }
            unsafe room.withUnsafeBytes {
                unsafe hash.update(UnsafeRawBufferPointer(rebasing: $0[..<got]))
            }
            total += got
        }
    }
}
