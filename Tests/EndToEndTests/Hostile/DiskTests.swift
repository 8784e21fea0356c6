// Disks that are full or cannot be written: told by a code, and nothing acknowledged is lost.

import Foundation
import Testing

@Suite("A bad disk", .enabled(if: Machine.canMount, "needs root and mount(2)"))
struct DiskTests {
    private static let bytes = 16 << 20

    @Test("that is full refuses uploads by name, keeps what it has, and recovers with room")
    func full() throws {
        let (vault, disk) = try Self.vaultOnSmallDisk()
        defer { withExtendedLifetime(disk) {} }
        let ballast = vault.folder.path("disk/ballast")
        try Disk.write([UInt8](repeating: 1, count: 6 << 20), to: ballast)
        var stored: [String: [UInt8]] = [:]
        var refusal: Answer?
        for number in 0..<60 where refusal == nil {
            let image = Sample.jpeg(bytes: 300_000, number)
            let answer = try vault.put(image)
            if answer.status == 201, let id = answer.json["id"].text {
                stored[id] = image
            } else {
                refusal = answer
            }
        }
        let refused = try #require(refusal)
        #expect(refused.status == 507)
        #expect(refused.code == "storage-full", "\(refused.summary)")
        #expect(!stored.isEmpty)
        #expect(vault.blobs.count == stored.count)
        // A reading has its event before its first byte, so it may be refused, but by name.
        for (id, image) in stored {
            let answer = try vault.get(id)
            let isServed = answer.body == image
            #expect(isServed || answer.code == "storage-full", "\(answer.summary)")
        }
        // With room the vault goes on by itself.
        try Disk.remove(ballast)
        for (id, image) in stored {
            let answer = try vault.get(id)
            #expect(answer.bytes == Bytes(image), "\(answer.summary)")
        }
        let image = Sample.jpeg(1000)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
        try vault.crash()
        try vault.start()
        for (id, image) in stored {
            let answer = try vault.get(id)
            #expect(answer.bytes == Bytes(image), "\(answer.summary)")
        }
        try vault.stop()
        #expect(try Catalog.integrity(vault.catalog) == "ok")
    }

    @Test("that is full to the last byte answers with a code, and loses nothing")
    func brimful() throws {
        let (vault, disk) = try Self.vaultOnSmallDisk()
        defer { withExtendedLifetime(disk) {} }
        let image = Sample.jpeg(2000)
        let id = try vault.store(image)
        let ballast = vault.folder.path("disk/ballast")
        try Self.fill(ballast)
        // Until the log itself has no room, requests are served; then they are refused by name.
        var answers: [Answer] = []
        for number in 0..<400 {
            let answer = try number % 2 == 0 ? vault.get(id) : vault.put(Sample.jpeg(2001 + number))
            answers.append(answer)
            if answer.status >= 500, number % 2 == 0 { break }
        }
        let codes = Set(answers.compactMap(\.code))
        #expect(codes.isSubset(of: ["storage-full", "audit-unavailable", "storage-unavailable"]))
        #expect(codes.contains("storage-full") || codes.contains("audit-unavailable"))
        for answer in answers where answer.status == 200 { #expect(answer.bytes == Bytes(image)) }
        #expect(try vault.ask("GET", "/v1/health").status == 200)
        try Disk.remove(ballast)
        try vault.crash()
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
        let indexes = try vault.events().map { $0["index"].number }
        #expect(indexes == Array(0..<indexes.count))
    }

    @Test("that is full lets no daemon start that was killed, which says how much room is needed")
    func start() throws {
        let (vault, disk) = try Self.vaultOnSmallDisk()
        defer { withExtendedLifetime(disk) {} }
        let image = Sample.jpeg(4000)
        let id = try vault.store(image)
        let ballast = vault.folder.path("disk/ballast")
        try Self.fill(ballast)
        // What is kept in reserve is used up.
        for number in 0..<400 {
            if try vault.put(Sample.jpeg(4001 + number)).status >= 500 { break }
        }
        try vault.crash()
        // SQLite makes it anew, and it is gone after a cut of the power.
        try Disk.remove(vault.catalog + "-shm")
        try Self.fill(vault.folder.path("disk/more"))
        try vault.launch()
        let daemon = try #require(vault.daemon)
        try eventually("the end of a start without room") { daemon.poll() != nil }
        #expect(daemon.poll() == .exited(6))
        let place = vault.folder.path("disk/state")
        #expect(daemon.errors.contains("storage-full: no room on \(place)"), "\(daemon.errors)")
        #expect(!daemon.errors.contains("damaged"))
        try Disk.remove(ballast)
        try Disk.remove(vault.folder.path("disk/more"))
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("that becomes read-only refuses everything that needs the log, and loses nothing")
    func readOnly() throws {
        let (vault, disk) = try Self.vaultOnSmallDisk()
        let image = Sample.jpeg(3000)
        let id = try vault.store(image)
        try vault.stop()
        try disk.setReadOnly(true, bytes: Self.bytes)
        try vault.launch()
        let daemon = try #require(vault.daemon)
        try eventually("an end or open doors") {
            daemon.poll() != nil || daemon.errors.contains("\"serving\"")
        }
        if daemon.poll() != nil {
            #expect(
                daemon.errors.contains("Read-only") || daemon.errors.contains("catalog-damaged"))
        } else {
            #expect(try vault.get(id).status >= 500)
            #expect(try vault.put(Sample.jpeg(3001)).status >= 500)
        }
        try daemon.crash()
        try disk.setReadOnly(false, bytes: Self.bytes)
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    /// A vault whose state directory is on a file system of a few megabytes.
    private static func vaultOnSmallDisk() throws -> (TestVault, TemporaryDisk) {
        let folder = try TestFolder()
        let disk = try TemporaryDisk(in: folder, bytes: bytes)
        let vault = try TestVault(
            settings: "validation:\n  level: structure\n",
            stateDirectory: folder.path("disk/state"), in: folder)
        return (vault, disk)
    }

    /// Writes until there is no room for another byte.
    private static func fill(_ path: String) throws {
        try python(
            """
            import os, sys
            file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
            for size in [1 << 20, 4096, 1]:
                try:
                    while True: os.write(file, b"x" * size)
                except OSError: pass
            """, [path])
    }
}
