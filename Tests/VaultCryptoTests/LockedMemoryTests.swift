// The arena of locked memory: bounded, wiped, and honest when memory cannot be locked. What changes
// the whole process runs in a process of its own.

import Glibc
import Testing
import VaultFormat

@testable import VaultCrypto

/// Owns a secret where collections cannot.
private final class Holder {
    let secret: Secret<DataKey>

    init() throws(CryptoError) { secret = try .random() }
}

@Suite("Locked memory")
struct LockedMemoryTests {
    @Test(
        "locked memory that is used up is an error; what is given back serves again")
    func exhaustion() async {
        await #expect(processExitsWith: .success) {
            var holders: [Holder] = []
            var failure: CryptoError?
            let cells = Limits.keyArenaBytes / Secret<DataKey>.byteCount
            for _ in 0...cells {
                do throws(CryptoError) {
                    holders.append(try Holder())
                } catch {
                    failure = error
                }
            }
            try #require(holders.count == cells)
            try #require(failure == .keyMemoryExhausted)
            holders.removeFirst(3)
            for _ in 0..<3 { holders.append(try Holder()) }
            #expect(throws: CryptoError.keyMemoryExhausted) { try Holder() }
            holders.removeAll()
            let whole = try unsafe LockedBytes(count: Limits.keyArenaBytes) { _ in }
            let zeros = unsafe whole.withBytes { unsafe $0.allSatisfy { $0 == 0 } }
            #expect(zeros)
        }
    }

    @Test("scattered free cells are not taken for a run of cells")
    func fragmentation() async {
        await #expect(processExitsWith: .success) {
            var holders: [Holder?] = []
            let cells = Limits.keyArenaBytes / Secret<DataKey>.byteCount
            for _ in 0..<cells { holders.append(try Holder()) }
            for index in stride(from: 0, to: cells, by: 2) { holders[index] = nil }
            let tooLong = Result { () throws(CryptoError) in
                _ = try unsafe LockedBytes(count: 33) { _ in }
            }
            #expect(throws: CryptoError.keyMemoryExhausted) { try tooLong.get() }
            holders[1] = nil
            let fits = Result { () throws(CryptoError) in
                _ = try unsafe LockedBytes(count: 96) { _ in }
            }
            #expect(throws: Never.self) { try fits.get() }
        }
    }

    @Test("memory that cannot be locked is an error, not a silent risk")
    func notLocked() async {
        await #expect(processExitsWith: .success) {
            // The superuser may lock without limit, so this process becomes somebody else first.
            if geteuid() == 0 { try #require(setuid(65534) == 0) }
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            try #require(unsafe setrlimit(Int32(__RLIMIT_MEMLOCK.rawValue), &none) == 0)
            #expect(throws: CryptoError.memoryNotLocked) { try Holder() }
            #expect(throws: CryptoError.memoryNotLocked) { try Holder() }
        }
    }

    @Test("memory is zero when it is lent, first and again")
    func zeroWhenLent() throws {
        for _ in 0..<50 {
            do {
                let fresh = try unsafe LockedBytes(count: 100) { _ in }
                let zeros = unsafe fresh.withBytes { unsafe $0.allSatisfy { $0 == 0 } }
                #expect(zeros)
            }
            let used = try unsafe LockedBytes(count: 100) { (out) throws(CryptoError) in
                for index in out.indices { unsafe out[index] = 0xAA }
            }
            _ = consume used
        }
    }

    @Test("what a failed filling took is given back")
    func failedFilling() async {
        await #expect(processExitsWith: .success) {
            for _ in 0..<3 * Limits.keyArenaBytes / 4096 {
                let failed = Result { () throws(CryptoError) in
                    _ = try unsafe LockedBytes(count: 4096) { (_) throws(CryptoError) in
                        throw .refused
                    }
                }
                #expect(throws: CryptoError.refused) { try failed.get() }
            }
        }
    }

    @Test("many threads take and give back without meeting in one cell")
    func concurrency() async {
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<300).allSatisfy { Self.keeps(UInt8(task + 1), count: 32 + $0 % 3 * 32) }
                }
            }
            for await sound in group { #expect(sound) }
        }
    }

    /// Whether locked bytes still hold what they were filled with.
    private static func keeps(_ mark: UInt8, count: Int) -> Bool {
        do throws(CryptoError) {
            let bytes = try unsafe LockedBytes(count: count) { out in
                for index in out.indices { unsafe out[index] = mark }
            }
            return unsafe bytes.withBytes { unsafe $0.allSatisfy { $0 == mark } }
        } catch {
            return false
        }
    }
}
