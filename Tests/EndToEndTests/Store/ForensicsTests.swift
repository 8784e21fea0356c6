// What a thief of the disk finds: marks are put in as bytes, names, jobs and owners, and then
// looked for in every file, as they are and as encodings would show them.

import Foundation
import Testing

@Suite("A stolen disk")
struct ForensicsTests {
    private static let name = "Zuckerwatte-Passbild-Ärmelkanal.jpg"
    private static let job = "job_Quetschkommode_77"
    private static let owner = "owner_Blaubeermuffin_88"

    @Test("holds no run of 16 bytes of an image, nor its name, job or owner")
    func marks() throws {
        let vault = try TestVault(settings: "log:\n  level: debug\n")
        let images = [
            Sample.jpeg(bytes: 3 * Sample.frameBytes, 200), Sample.png(201),
            Sample.jpeg(bytes: 5000, 202),
        ]
        let claim = ["Vault-Job: \(Self.job)", "Vault-Owner: \(Self.owner)"]
        let types = ["jpg", "png", "jpg"]
        for (image, type) in zip(images, types) {
            let id = try vault.store(image, name: Self.name.replacing("jpg", with: type), claim)
            #expect(try vault.get(id, claim).bytes == Bytes(image))
            _ = try vault.ask("GET", "/v1/images?job=\(Self.job)&owner=\(Self.owner)")
            _ = try vault.ask("HEAD", "/v1/images/\(id)", claim)
        }
        let refused = try vault.put(Sample.filler(4000, 203), name: Self.name, claim)
        #expect(refused.code == "image-refused")
        let erased = try vault.store(Sample.jpeg(bytes: 5000, 204), name: Self.name, claim)
        #expect(try vault.delete(erased, claim).status == 200)
        let plain = images + [Sample.filler(4000, 203), Sample.jpeg(bytes: 5000, 204)]
        // While it runs, with the write-ahead log, and after it has ended.
        try Self.search(vault, for: plain)
        try vault.stop()
        try Self.search(vault, for: plain)
    }

    @Test("shows no name, job or owner in an address or an error either")
    func errors() throws {
        let vault = try TestVault(settings: "log:\n  level: debug\n")
        let secret = "Himbeergeist"
        _ = try vault.get(secret)
        _ = try vault.ask("GET", "/v1/\(secret)")
        _ = try vault.ask("GET", "/v1/images?\(secret)=1")
        _ = try vault.ask("GET", "/v1/images?job=\(secret)!")
        _ = try vault.put(Sample.filler(50, 1), name: secret)
        let files = Disk.files(below: vault.state)
        for file in files { #expect(try !Self.holds(Disk.read(file), [Array(secret.utf8)])) }
        #expect(!vault.journal.contains(secret))
    }

    @Test("would show marks that were there: the search itself finds them")
    func searchWorks() throws {
        let image = Sample.jpeg(bytes: 5000, 205)
        let hidden = Sample.filler(10_000, 206) + image[100..<116] + Sample.filler(10_000, 207)
        #expect(Self.sharedRun(hidden, Windows(of: [image])))
        #expect(!Self.sharedRun(Sample.filler(10_000, 206), Windows(of: [image])))
        #expect(Self.holds(Array("xx\(Self.job)yy".utf8), Self.words))
        let encoded = Data("name=\(Self.name)".utf8).base64EncodedString()
        #expect(Self.holds(Array(encoded.utf8), Self.words))
    }

    private static func search(_ vault: TestVault, for images: [[UInt8]]) throws {
        let windows = Windows(of: images)
        let files = Disk.files(below: vault.folder.root)
        #expect(files.count >= 5)
        for file in files {
            let bytes = try Disk.read(file)
            #expect(!sharedRun(bytes, windows), "\(file) holds bytes of an image")
            #expect(!holds(bytes, words), "\(file) holds a name, a job or an owner")
        }
        let journal = Array(vault.journal.utf8)
        #expect(!holds(journal, words) && !sharedRun(journal, windows), "the journal")
    }

    /// Each mark as it is, in hexadecimal, and in Base64 at each of its three places.
    private static let words: [[UInt8]] = [name, job, owner].flatMap { text -> [[UInt8]] in
        let bytes = Array(text.utf8)
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        let base64 = (0..<3).map { shift in
            let padded = Data([UInt8](repeating: 0, count: shift) + bytes)
            // What stands at the edges depends on the neighbours.
            return Array(padded.base64EncodedString().utf8.dropFirst(4).dropLast(4))
        }
        return [Array(bytes.prefix(16)), Array(hex.utf8), Array(hex.uppercased().utf8)] + base64
    }

    private static func holds(_ bytes: [UInt8], _ words: [[UInt8]]) -> Bool {
        let data = Data(bytes)
        return words.contains { data.range(of: Data($0)) != nil }
    }

    /// Whether any 16 bytes in a row are also bytes of an image.
    private static func sharedRun(_ bytes: [UInt8], _ windows: Windows) -> Bool {
        guard bytes.count >= Windows.length else { return false }
        return (0...bytes.count - Windows.length).contains { windows.contains(bytes, at: $0) }
    }
}

/// Every run of 16 bytes of some images, except those that any file may have.
struct Windows {
    static let length = 16
    private var runs: Set<UInt64> = []
    private var filter = [Bool](repeating: false, count: 1 << 20)

    init(of images: [[UInt8]]) {
        for image in images {
            for start in 0...image.count - Self.length where !Self.isCommon(image, start) {
                let hash = Self.hash(image, start)
                runs.insert(hash)
                filter[Int(hash >> 44)] = true
            }
        }
    }

    func contains(_ bytes: [UInt8], at start: Int) -> Bool {
        let hash = Self.hash(bytes, start)
        return filter[Int(hash >> 44)] && runs.contains(hash)
    }

    /// Fewer than four different bytes: any file may have such, SQLite's index of its log does.
    private static func isCommon(_ bytes: [UInt8], _ start: Int) -> Bool {
        Set(bytes[start..<start + length]).count < 4
    }

    /// Two words mixed to one: a search of megabytes finds by chance once in a million runs.
    private static func hash(_ bytes: [UInt8], _ start: Int) -> UInt64 {
        unsafe bytes.withUnsafeBytes { raw in
            let low = unsafe raw.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            let high = unsafe raw.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
            var mixed = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
            mixed ^= mixed >> 31
            return (mixed &+ high) &* 0x94D0_49BB_1331_11EB
        }
    }
}
