// The arena of locked memory: bounded, wiped, and honest when memory cannot be locked. What changes
// the whole process runs in a process of its own.

import Dispatch
import Glibc
import Synchronization
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
            let zeros = unsafe whole.withBytesOrZeros { unsafe $0.allSatisfy { $0 == 0 } }
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
                let zeros = unsafe fresh.withBytesOrZeros { unsafe $0.allSatisfy { $0 == 0 } }
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

    @Test("what is erased is zero, whoever holds it, and tells so; what is made afterwards is not")
    func erasure() async {
        await #expect(processExitsWith: .success) {
            let mark = [UInt8](repeating: 0xA7, count: 64)
            let held = try unsafe LockedBytes(count: 64) { out in
                for index in out.indices { unsafe out[index] = 0xA7 }
            }
            let key = try Secret<DataKey>.random()
            let before = try unsafe held.withBytes { bytes throws(CryptoError) in
                unsafe Array(bytes) == mark
            }
            try #require(before && !held.isErased)
            KeyMemory.eraseAll()
            let zeros = unsafe held.withBytesOrZeros { unsafe $0.allSatisfy { $0 == 0 } }
            try #require(zeros && held.isErased)
            let refused = Result { () throws(CryptoError) in
                try unsafe held.withBytes { _ throws(CryptoError) in }
            }
            #expect(throws: CryptoError.sealed) { try refused.get() }
            let context = WrapContext(
                subject: .blob(try Random.id()), epoch: .first, namespace: .standard,
                image: try Random.id())
            let sealing = Result { () throws(CryptoError) in
                _ = try key.sealBody([1, 2, 3], context: context)
            }
            #expect(throws: CryptoError.sealed) { try sealing.get() }
            let fresh = try unsafe LockedBytes(count: 64) { out in
                for index in out.indices { unsafe out[index] = 0xA7 }
            }
            let works = try unsafe fresh.withBytes { bytes throws(CryptoError) in
                unsafe Array(bytes) == mark
            }
            try #require(works)
        }
    }

    @Test("an erasure waits for who borrows, and nothing computed across it is used")
    func erasureWhileBorrowed() async {
        await #expect(processExitsWith: .success) {
            let held = try unsafe LockedBytes(count: 32) { out in
                for index in out.indices { unsafe out[index] = 0xA7 }
            }
            let isErased = Mutex(false)
            let started = DispatchSemaphore(value: 0)
            let outcome = Result { () throws(CryptoError) in
                try unsafe held.withBytes { bytes throws(CryptoError) in
                    DispatchQueue.global().async {
                        started.signal()
                        KeyMemory.eraseAll()
                        isErased.withLock { $0 = true }
                    }
                    started.wait()
                    // Until the erasure has begun, and then it has to wait.
                    while !held.isErased { usleep(100) }
                    usleep(20_000)
                    let whole = unsafe bytes.allSatisfy { $0 == 0xA7 }
                    return whole && !isErased.withLock { $0 }
                }
            }
            #expect(throws: CryptoError.sealed) { try outcome.get() }
            while !isErased.withLock({ $0 }) { usleep(100) }
            let zeros = unsafe held.withBytesOrZeros { unsafe $0.allSatisfy { $0 == 0 } }
            try #require(zeros)
        }
    }

    @Test("many threads that use, take and give back while others erase never see half a key")
    func erasureUnderLoad() async {
        await #expect(processExitsWith: .success) {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        (0..<4000).allSatisfy { _ in Self.isWholeOrErased() }
                    }
                }
                group.addTask {
                    for _ in 0..<200 { KeyMemory.eraseAll() }
                    return true
                }
                for await sound in group { #expect(sound) }
            }
        }
    }

    private static func isWholeOrErased() -> Bool {
        do throws(CryptoError) {
            let bytes = try unsafe LockedBytes(count: 96) { out in
                for index in out.indices { unsafe out[index] = 0xA7 }
            }
            return try unsafe bytes.withBytes { lent throws(CryptoError) in
                unsafe lent.allSatisfy { $0 == 0xA7 }
            }
        } catch {
            return error == .sealed
        }
    }

    @Test("secrets that are being sent leave half of the memory to the keys")
    func secrets() async {
        await #expect(processExitsWith: .success) {
            var secrets: [TypedSecret] = []
            for _ in 0..<Limits.secretsAtOnce { secrets.append(try TypedSecret()) }
            #expect(throws: CryptoError.keyMemoryExhausted) { _ = try TypedSecret() }
            _ = try unsafe LockedBytes(count: Limits.keyArenaBytes / 2) { _ in }
            secrets.removeLast()
            secrets.append(try TypedSecret())
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
            return unsafe bytes.withBytesOrZeros { unsafe $0.allSatisfy { $0 == mark } }
        } catch {
            return false
        }
    }
}
