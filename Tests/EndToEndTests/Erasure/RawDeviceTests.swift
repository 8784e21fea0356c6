// What whoever has the whole disk finds of an image that was erased: the raw device, every file on it, every
// copy of the catalog that was ever made, and, in the end, also the secrets of the slots.

import Foundation
import Glibc
import Testing

@Suite(
    "An erased image on the raw device",
    .enabled(if: LoopDisk.isPossible, Comment(rawValue: LoopDisk.reason)), .vault)
struct RawDeviceTests {
    private static let name = "Ohrensessel-Passbild-Wunderkind.jpg"
    private static let job = "job_Lebkuchenherz_41"
    private static let owner = "owner_Siebenschlaefer_42"
    private static let words = [name, job, owner].map { Array($0.utf8) }

    @Test(
        "after level 1 no live file has a wrapped key of it; after level 2 no wrap that it ever had opens"
    )
    func levels() throws {
        let folder = try TestFolder()
        let disk = try LoopDisk(in: folder, mebibytes: 64)
        defer { withExtendedLifetime(disk) {} }
        let vault = try TestVault(stateDirectory: disk.path("state"), in: folder)
        defer { try? vault.daemon?.crash() }
        let image = Sample.jpeg(bytes: 2 * Sample.frameBytes, 400)
        let claim = ["Vault-Job: \(Self.job)", "Vault-Owner: \(Self.owner)"]
        for number in 0..<30 { _ = try vault.store(Sample.jpeg(bytes: 20_000, number), claim) }
        let id = try vault.store(image, name: Self.name, claim)
        for number in 30..<60 { _ = try vault.store(Sample.jpeg(bytes: 20_000, number)) }

        // Every wrap that its keys ever had, as an attacker collects them: a copy of the catalog each time.
        var wraps = try wraps(of: id, in: vault)
        let keys = try opened(wraps, in: vault).map(\.bytes)
        try #require(keys.count == 2)
        for work in ["rotate", "rotate", "reencrypt"] {
            try vault.work(["keys", work])
            wraps += try self.wraps(of: id, in: vault)
        }
        let newKeys = try opened(Array(wraps.suffix(2)), in: vault).map(\.bytes)
        try #require(newKeys.count == 2 && Set(newKeys).isDisjoint(with: keys))
        let wrapped = wraps.map { Array($0.wrapped) }
        #expect(Set(wrapped).count == 8)
        let oldCatalog = try Catalog.whole(vault.catalog)
        let name = try #require(wraps.dropLast().last).subject
        let blobPath = "\(vault.state)/blobs/\(name.prefix(2))/\(name.dropFirst(2))"
        let oldBlob = try Disk.read(blobPath)

        let deleted = try vault.delete(id, claim)
        let receipt = try #require(deleted.json["receipt"].text, "\(deleted.summary)")
        try vault.receipt(receipt, at: 1)
        // Level 1, while it runs: no file of the vault has the image, a key of it, or a wrap of one.
        let secrets = keys + newKeys
        try search(vault, for: image, secrets + wrapped)

        try vault.stop()
        try disk.unmount()
        let raw = try disk.raw()
        // The image and its keys were never on the device. Old blocks may have wraps: nobody claims that
        // they are gone.
        #expect(!sharesRun(raw, image), "the device holds bytes of the image")
        for secret in secrets { #expect(raw.firstRange(of: Data(secret)) == nil) }
        for word in Self.words { #expect(raw.firstRange(of: Data(word)) == nil) }
        let found = wrapped.filter { raw.firstRange(of: Data($0)) != nil }.count
        print(
            "of \(wrapped.count) wraps that it ever had, \(found) lie in old blocks of the device")

        try disk.mount()
        try vault.start()
        try vault.work(["keys", "rotate"])
        for epoch in 1...4 {
            let (ending, _, errors) = try vault.vaultctl(["keys", "destroy-epoch", "\(epoch)"])
            #expect(ending == .exited(0), "epoch \(epoch): \(errors)")
        }
        let last = try vault.receipt(receipt, at: 3)
        #expect(last["waits"].list.isEmpty)
        // Every wrap that was ever written, under every key of the live keyring, whatever epoch it is said
        // to be of: none opens. The same wraps did open before.
        #expect(try opened(wraps, in: vault).isEmpty)
        try vault.stop()
        // Nor with the catalog and the blob of before, put back beside the live keyring.
        try vault.replaceCatalog(with: oldCatalog)
        try Disk.write(oldBlob, to: blobPath)
        try vault.start()
        let answer = try vault.get(id, claim)
        #expect(answer.code == "wrap-damaged", "\(answer.summary)")
    }

    // MARK: The attacker

    private struct Wrap {
        let domain: String
        let epoch: Int
        let subject: String
        let image: String
        let wrapped: [UInt8]

        var words: [String] { [domain, "\(epoch)", subject, image, hex(wrapped)] }
    }

    private func wraps(of image: String, in vault: TestVault) throws -> [Wrap] {
        let script = """
            import sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            image = bytes.fromhex(sys.argv[2])
            blob = '''SELECT "ivault-wrap-blob", w.epoch, i.blob, w.wrapped FROM image i
                JOIN wrap w ON w.id = i.wrap WHERE i.image = ?'''
            words = '''SELECT "ivault-wrap-reference", w.epoch, r.reference, w.wrapped FROM reference r
                JOIN image i ON i.id = r.image JOIN wrap w ON w.id = r.wrap WHERE i.image = ?'''
            for sql in (blob, words):
                for domain, epoch, subject, wrapped in db.execute(sql, (image,)):
                    print(domain, epoch - 2**32, subject.hex(), wrapped.hex())
            """
        let lines = try python(script, [vault.catalog, image]).split(separator: "\n")
        return try lines.map { line in
            let fields = line.split(separator: " ").map(String.init)
            return Wrap(
                domain: fields[0], epoch: try #require(Int(fields[1])), subject: fields[2],
                image: image, wrapped: bytes(fields[3]))
        }
    }

    /// The keys in those wraps that anything opens which the live keyring and the secret of its slot lead to.
    private func opened(_ wraps: [Wrap], in vault: TestVault) throws -> [(
        wrap: Int, bytes: [UInt8]
    )] {
        let script = """
            import struct
            keys = list(vectors.known_keys(open(sys.argv[1], "rb").read(), open(sys.argv[2]).read()))
            words = sys.argv[3:]
            for number in range(len(words) // 5):
                domain, epoch, subject, image, wrapped = words[5 * number : 5 * number + 5]
                data = bytes.fromhex(wrapped)
                aad = vectors.wrap_aad(
                    domain, int(epoch), "default", bytes.fromhex(image), bytes.fromhex(subject))
                for key in keys:
                    try:
                        print(number, vectors.open_box("wrap", key, aad, data).hex())
                    except vectors.Refused:
                        pass
            """
        let output = try SecondImplementation.run(
            script, ["\(vault.state)/keyring", vault.rootKey] + wraps.flatMap(\.words))
        return try output.split(separator: "\n").map { line in
            let fields = line.split(separator: " ").map(String.init)
            return (try #require(Int(fields[0])), bytes(fields[1]))
        }
    }

    private func search(_ vault: TestVault, for image: [UInt8], _ secrets: [[UInt8]]) throws {
        let files = Disk.files(below: vault.state)
        #expect(files.count > 60)
        for file in files {
            let bytes = Data(try Disk.read(file))
            #expect(!sharesRun(bytes, image), "\(file) holds bytes of the image")
            for secret in secrets + Self.words {
                #expect(bytes.firstRange(of: Data(secret)) == nil, "\(file)")
            }
        }
    }

    /// Whether there are 31 bytes in a row that are also the image's: then 16 of them begin where this looks.
    private func sharesRun(_ bytes: Data, _ image: [UInt8]) -> Bool {
        // Without the tables at its ends, which every such file has.
        let windows = Windows(of: [Array(image.dropFirst(64).dropLast(2000))])
        let bytes = Array(bytes)
        guard bytes.count >= Windows.length else { return false }
        return stride(from: 0, through: bytes.count - Windows.length, by: Windows.length)
            .contains { windows.contains(bytes, at: $0) }
    }

    private func bytes(_ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }
}

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
}

extension TestVault {
    /// An operation by vaultctl, to its end.
    fileprivate func work(_ arguments: [String]) throws {
        let (ending, _, errors) = try vaultctl(arguments + ["--wait"])
        guard ending == .exited(0) else { throw TestFailure("\(arguments): \(errors)") }
    }
}

/// A file system of its own in a file, whose raw blocks can be read when it is unmounted.
private final class LoopDisk {
    static let reason =
        "a file system in a file has to be mounted: run as root with CAP_SYS_ADMIN, a loop device and mkfs.ext4"
    static let isPossible: Bool = {
        guard Machine.isRoot, Machine.has("mkfs.ext4"), let folder = try? TestFolder() else {
            return false
        }
        return (try? LoopDisk(in: folder, mebibytes: 8)) != nil
    }()

    private let folder: TestFolder
    private var isMounted = false
    private var image: String { folder.path("disk.img") }
    private var root: String { folder.path("device") }

    init(in folder: TestFolder, mebibytes: Int) throws {
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try Self.must("truncate", ["-s", "\(mebibytes)M", image])
        try Self.must("mkfs.ext4", ["-q", "-F", image])
        try mount()
        guard unsafe chmod(root, 0o700) == 0 else { throw TestFailure("chmod") }
    }

    deinit {
        // A daemon that a failed test left may still be in it.
        if (try? unmount()) == nil { try? Self.must("umount", ["--lazy", root]) }
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func mount() throws {
        try Self.must("mount", ["-o", "loop", image, root])
        isMounted = true
    }

    func unmount() throws {
        guard isMounted else { return }
        try Self.must("umount", [root])
        isMounted = false
    }

    func raw() throws -> Data { try Data(contentsOf: URL(filePath: image)) }

    private static func must(_ program: String, _ arguments: [String]) throws {
        let (ending, _, errors) = try run(program, arguments)
        guard ending == .exited(0) else { throw TestFailure("\(program): \(errors)") }
    }
}
