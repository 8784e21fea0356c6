// Blobs that were changed on the disk: refused by a code, or cut off, never given out as whole.

import Foundation
import Testing

@Suite("A damaged blob")
struct BlobDamageTests {
    /// Bytes of a blob's header, and of a frame with its tag.
    private static let headerBytes = 92
    private static let frameBytes = Sample.frameBytes + 16

    @Test(
        "is refused when any field of its header is changed",
        arguments: [0, 6, 8, 9, 12, 15, 16, 23, 24, 55, 56, 60, 91])
    func header(offset: Int) throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        try Disk.flip(vault.blobs[0], at: offset)
        try Self.expectDamaged(vault, id)
    }

    @Test("is refused when its first frame is changed", arguments: [92, 3000, -17, -1])
    func firstFrame(offset: Int) throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        try Disk.flip(vault.blobs[0], at: offset)
        try Self.expectDamaged(vault, id)
    }

    @Test("is refused when it is longer or shorter", arguments: [-5000, -1, 1, 16])
    func size(change: Int) throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        let bytes = try Disk.read(vault.blobs[0])
        let changed =
            change < 0 ? Array(bytes.dropLast(-change)) : bytes + Array(bytes.prefix(change))
        try Disk.write(changed, to: vault.blobs[0])
        try Self.expectDamaged(vault, id)
    }

    @Test("is refused when it is empty")
    func empty() throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        try Disk.write([], to: vault.blobs[0])
        try Self.expectDamaged(vault, id)
    }

    @Test("that is missing is told apart")
    func missing() throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        try Disk.remove(vault.blobs[0])
        let answer = try vault.get(id)
        #expect(answer.status == 500)
        #expect(answer.code == "blob-missing")
    }

    @Test("does not open in the place of another")
    func swapped() throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        let first = vault.blobs[0]
        let other = try vault.store(Sample.jpeg(bytes: 5000, 2))
        let second = try #require(vault.blobs.first { $0 != first })
        let (one, two) = (try Disk.read(first), try Disk.read(second))
        try Disk.write(two, to: first)
        try Disk.write(one, to: second)
        try Self.expectDamaged(vault, id)
        try Self.expectDamaged(vault, other)
    }

    @Test(
        "with a changed late frame ends the connection early, and the log says so",
        arguments: [1, 3])
    func lateFrame(frame: Int) throws {
        let (vault, id) = try Self.stored(bytes: 4 * Sample.frameBytes)
        try Disk.flip(vault.blobs[0], at: Self.headerBytes + frame * Self.frameBytes + 1000)
        let door = try vault.connect()
        let answer = try door.ask("GET", "/v1/images/\(id)")
        #expect(answer.status == 200)
        #expect(!answer.isComplete)
        #expect(answer.body.count <= frame * Sample.frameBytes)
        let image = Sample.jpeg(bytes: 4 * Sample.frameBytes, 1)
        #expect(answer.bytes == Bytes(Array(image.prefix(answer.body.count))))
        #expect(try door.readToEnd().isEmpty)
        let ended = try eventually("the end of the reading") {
            try vault.events().first { $0["action"].text == "read.ended" }
        }
        #expect(ended["outcome"].text == "failed")
        #expect(ended["code"].text == "blob-damaged")
    }

    @Test("with two frames exchanged is refused or cut off")
    func exchangedFrames() throws {
        let (vault, id) = try Self.stored(bytes: 4 * Sample.frameBytes)
        var bytes = try Disk.read(vault.blobs[0])
        let first = Self.headerBytes + Self.frameBytes
        let second = first + Self.frameBytes
        let frame = Array(bytes[first..<second])
        bytes.replaceSubrange(first..<second, with: bytes[second..<second + Self.frameBytes])
        bytes.replaceSubrange(second..<second + Self.frameBytes, with: frame)
        try Disk.write(bytes, to: vault.blobs[0])
        #expect(try !vault.get(id).isComplete)
    }

    @Test("takes nothing else along: others are served, the claim can be dropped")
    func others() throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        let damaged = vault.blobs[0]
        let image = Sample.jpeg(3)
        let sound = try vault.store(image)
        try Disk.flip(damaged, at: 100)
        try Self.expectDamaged(vault, id)
        #expect(try vault.get(sound).bytes == Bytes(image))
        #expect(try vault.delete(id).json["erased"].bool == true)
        #expect(!Disk.exists(damaged))
    }

    @Test("is a link: it is not followed")
    func link() throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        let elsewhere = vault.folder.path("elsewhere")
        try FileManager.default.moveItem(atPath: vault.blobs[0], toPath: elsewhere)
        let place = try #require(try Catalog.blobs(vault.catalog).first)
        try FileManager.default.createSymbolicLink(
            atPath: "\(vault.state)/blobs/\(place)", withDestinationPath: elsewhere)
        let answer = try vault.get(id)
        #expect(answer.status >= 500, "\(answer.summary)")
    }

    @Test(
        "is not needed for a row to be refused: a changed row has its own code",
        arguments: [
            ("UPDATE image SET bytes = bytes + 1", "row-damaged"),
            ("UPDATE image SET width = width + 1", "row-damaged"),
            ("UPDATE image SET created = created + 1", "row-damaged"),
            ("UPDATE image SET mac = randomblob(length(mac))", "row-damaged"),
            ("UPDATE image SET blob = randomblob(16)", "row-damaged"),
            ("UPDATE reference SET body = randomblob(length(body))", "row-damaged"),
            ("UPDATE wrap SET wrapped = randomblob(length(wrapped))", "wrap-damaged"),
        ])
    func rows(change: String, code: String) throws {
        let (vault, id) = try Self.stored(bytes: 5000)
        try vault.stop()
        try Catalog.change(vault.catalog, change)
        try vault.start()
        let answer = try vault.get(id)
        #expect(answer.status == 500)
        #expect(answer.code == code, "\(answer.summary)")
    }

    @Test("is also what an event can be: a changed event is shown as damaged")
    func events() throws {
        let (vault, _) = try Self.stored(bytes: 5000)
        try vault.stop()
        try Catalog.change(
            vault.catalog, "UPDATE event SET content = randomblob(length(content)) WHERE id = 1")
        try vault.start()
        let events = try vault.events()
        #expect(events[1] == .object(["index": .number(1), "unavailable": .text("damaged")]))
        #expect(events[2]["action"].text == "image.put")
    }

    private static func stored(bytes: Int) throws -> (TestVault, id: String) {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(bytes: bytes, 1))
        #expect(vault.blobs.count == 1)
        return (vault, id)
    }

    private static func expectDamaged(_ vault: TestVault, _ id: String) throws {
        let answer = try vault.get(id)
        #expect(answer.status == 500)
        #expect(answer.code == "blob-damaged", "\(answer.summary)")
    }
}
