// Kills in the middle of work: what was acknowledged is kept, what was not is whole or absent.

import Foundation
import Glibc
import Testing
import VaultTestKit

@Suite("A kill at any moment")
struct CrashTests {
    /// Rounds of one run; `IMAGEVAULT_CRASH_ROUNDS` asks for more.
    private static let rounds =
        ProcessInfo.processInfo.environment["IMAGEVAULT_CRASH_ROUNDS"].flatMap(Int.init) ?? 12
    private static let clients = 4

    @Test("loses nothing acknowledged, and leaves nothing half done")
    func rounds() throws {
        var random = SeededRandom()
        let vault = try TestVault()
        var book = Book()
        for round in 0..<Self.rounds {
            let delay = UInt32.random(in: 20_000...400_000, using: &random)
            let seeds = (0..<Self.clients).map { _ in random.next() }
            let targets = Self.split(book.stored, &random)
            let daemon = try #require(vault.daemon)
            let pid = daemon.pid
            let killer = Thread {
                usleep(delay)
                kill(pid, SIGKILL)
            }
            killer.start()
            let diaries = try together(Self.clients) { number in
                Client(round, number, seeds[number], targets[number]).work(vault)
            }
            #expect(try daemon.wait() == .killed(SIGKILL))
            diaries.forEach { book.note($0) }
            try vault.start()
            try Self.check(vault, &book, round)
        }
        print("stored \(book.puts), dropped \(book.drops), undecided \(book.undecidedInAll)")
        #expect(book.puts > 0 && book.drops > 0, "no round had time to do anything")
        try Self.checkStore(vault, book)
    }

    private static func split(
        _ stored: [String: [UInt8]], _ random: inout SeededRandom
    ) -> [[String]] {
        let ids = stored.keys.sorted().shuffled(using: &random)
        return (0..<clients).map { client in
            ids.enumerated().filter { $0.offset % (2 * clients) == client }.map(\.element)
        }
    }

    /// Every image is what the book says; what the book does not know is whole or absent.
    private static func check(_ vault: TestVault, _ book: inout Book, _ round: Int) throws {
        let door = try vault.connect()
        for (id, image) in book.stored {
            let answer = try door.ask("GET", "/v1/images/\(id)")
            #expect(answer.bytes == Bytes(image), "round \(round): \(id) \(answer.summary)")
        }
        for id in book.dropped {
            let answer = try door.ask("GET", "/v1/images/\(id)")
            #expect(answer.code == "unknown-image", "round \(round): \(id) is back")
        }
        let listed = try vault.ask("GET", "/v1/images?limit=1000").json["images"].list
        for id in listed.compactMap({ $0["id"].text }) where book.stored[id] == nil {
            let answer = try door.ask("GET", "/v1/images/\(id)")
            let whole = answer.status == 200 && book.undecided.contains(answer.body)
            #expect(whole, "round \(round): \(id) is neither whole nor absent")
            book.stored[id] = answer.body
        }
        book.undecided = []
    }

    private static func checkStore(_ vault: TestVault, _ book: Book) throws {
        try eventually("the sweep of leftover blobs") {
            try vault.blobs.count == Catalog.blobs(vault.catalog).count
        }
        let indexes = try vault.events().map { $0["index"].number }
        #expect(indexes == Array(0..<indexes.count))
        try vault.stop()
        #expect(try Catalog.integrity(vault.catalog) == "ok")
        let names = Set(
            vault.blobs.map { $0.split(separator: "/").suffix(2).joined(separator: "/") })
        #expect(try Catalog.blobs(vault.catalog) == names)
        let counts = try Catalog.counts(vault.catalog)
        #expect(counts["image"] == book.stored.count)
        #expect(counts["wrap"] == (counts["image"] ?? 0) + (counts["reference"] ?? 0))
    }
}

/// What the clients were told.
private struct Book {
    var stored: [String: [UInt8]] = [:]
    var dropped: Set<String> = []
    /// Images that were sent, or whose claim was being dropped, when the answer did not come.
    var undecided: Set<[UInt8]> = []
    var puts = 0
    var drops = 0
    var undecidedInAll = 0

    mutating func note(_ diary: Diary) {
        puts += diary.stored.count
        drops += diary.dropped.count
        undecidedInAll += diary.undecided.count + diary.dropping.count
        stored.merge(diary.stored) { $1 }
        for id in diary.dropped {
            stored[id] = nil
            dropped.insert(id)
        }
        undecided.formUnion(diary.undecided)
        for id in diary.dropping {
            if let image = stored.removeValue(forKey: id) { undecided.insert(image) }
        }
    }
}

private struct Diary: Sendable {
    var stored: [String: [UInt8]] = [:]
    var dropped: [String] = []
    var undecided: [[UInt8]] = []
    var dropping: [String] = []
}

/// Puts and drops until the door is gone.
private struct Client {
    private let round: Int
    private let number: Int
    private let seed: UInt64
    private let targets: [String]

    init(_ round: Int, _ number: Int, _ seed: UInt64, _ targets: [String]) {
        self.round = round
        self.number = number
        self.seed = seed
        self.targets = targets
    }

    func work(_ vault: TestVault) -> Diary {
        var diary = Diary()
        var random = TestRandom(seed: seed)
        var targets = targets
        guard let door = try? vault.connect() else { return diary }
        for turn in 0..<10_000 {
            if turn % 3 == 2, let id = targets.popLast() {
                guard let answer = try? door.ask("DELETE", "/v1/images/\(id)"), answer.status == 200
                else {
                    diary.dropping.append(id)
                    return diary
                }
                diary.dropped.append(id)
            } else {
                let bytes = Int.random(in: 2000...40_000, using: &random)
                let image = Sample.jpeg(bytes: bytes, (round * 10 + number) * 10_000 + turn)
                let answer = try? door.ask(
                    "POST", "/v1/images", [Request.name("c.jpg")], body: image)
                guard let answer, answer.status == 201, let id = answer.json["id"].text else {
                    diary.undecided.append(image)
                    return diary
                }
                diary.stored[id] = image
            }
        }
        return diary
    }
}
