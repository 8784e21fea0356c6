// LogWriter STATE ROOT-KEY SIZE: lets the log of a vault that nobody serves grow to SIZE events, by the committer, as a
// daemon's grows. For Tools/bench audit: what ten million events cost cannot be seen in a test.

import Foundation
import Glibc
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

@main
struct LogWriter {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let size = UInt64(arguments[3]) else {
            print("usage: LogWriter STATE ROOT-KEY SIZE")
            exit(EX_USAGE)
        }
        do {
            try await grow(state: arguments[1], rootKey: arguments[2], to: size)
        } catch {
            print("LogWriter: \(error)")
            exit(EX_SOFTWARE)
        }
    }

    private static func grow(state: String, rootKey: String, to size: UInt64) async throws {
        let file = try KeyFile(parsing: [UInt8](contents(of: state + "/keyring")))
        let text = try contents(of: rootKey)
        let typed = try unsafe TypedSecret { room in
            // The text fits: a root key's file is far shorter than the room.
            unsafe room.copyBytes(from: text.prefix(room.count))
            return min(text.count, room.count)
        }
        let secret = try Secret<SlotSecret>(keyFile: typed)
        let keyring = try Keyring(KeyFileCipher.open(file, kind: .keyFile, secret: secret))
        let catalog = try SQLiteCatalog.open(at: state + "/catalog.sqlite", vault: file.vault)
        let committer = try Committer(catalog: catalog) { keyring }
        defer { committer.stop() }
        var events = Readings(first: committer.frontier.size)
        while events.next < size {
            // Enough wait for whole batches, and not the memory of all.
            while events.next > committer.frontier.size + UInt64(Limits.commitBatch) * 16 {
                guard committer.logState == .writable else { throw CryptoError.refused }
                usleep(1000)
            }
            committer.recordLater(events.make())
        }
        _ = try await committer.record(events.make())
    }

    private static func contents(of path: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path))
    }
}

/// Readings as a busy year has them: each begins and ends, of 50,000 images, by 20 users, for 1,000 people.
private struct Readings {
    private(set) var next: UInt64
    private let now: Int64

    init(first: UInt64) {
        next = first
        now = Int64(Date().timeIntervalSince1970) * 1_000_000
    }

    /// The image of reading `number`; Tools/bench audit works them out as well.
    private static func image(_ number: UInt64) -> ImageID {
        let which = number &* 2_654_435_761 % 50_000
        return ImageID(checked: bytes(which, 4) + [UInt8](repeating: 0, count: 28))
    }

    private static func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (UInt64($0) * 8)) }
    }

    mutating func make() -> Event {
        defer { next += 1 }
        let reading = next / 2
        let person = reading &* 40_503 % 1_000
        // Ten million of them last a year and end now.
        let at = now - (10_000_000 - Int64(next)) * 3_150_000
        let caller = Caller(
            door: .images, uid: UInt32(1000 + reading % 20), gid: 1000, pid: 4711)
        var event = Event(
            next % 2 == 0 ? .readBegun : .readEnded, atMicroseconds: at, caller: caller,
            request: RequestID(checked: Self.bytes(next, 8)))
        event.namespace = .standard
        event.image = Self.image(reading)
        event.bytes = 200_000
        event.asserted.actor = try? ActorName("person-\(person)@example.org")
        if next % 2 == 1 {
            event.begunAt = next - 1
            event.durationMicroseconds = 800
        }
        return event
    }
}
