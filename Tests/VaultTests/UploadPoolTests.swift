// Memory for uploads: a budget that is kept, turns that are kept, pages that are wiped.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("UploadPool")
struct UploadPoolTests {
    private static let page = 64 << 10

    private func append(_ bytes: [UInt8], to buffer: UploadBuffer) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe buffer.append($0) }
    }

    private func content(_ buffer: UploadBuffer) -> [UInt8] {
        unsafe buffer.withUnsafeBytes { unsafe Array($0) }
    }

    @Test("what was appended is there, in order and contiguous")
    func appends() async throws {
        var random = SeededRandom()
        let buffer = try await UploadPool(largest: 1 << 20, budget: 1 << 20).buffer(for: 1 << 20)
        let pieces = [1, 0, 70_000, 900_000].map { random.bytes($0) }
        for piece in pieces { try append(piece, to: buffer) }
        #expect(buffer.count == 970_001)
        #expect(content(buffer) == pieces.flatMap { $0 })
    }

    @Test("an upload larger than the largest is refused before it has memory")
    func tooLarge() async throws {
        let pool = UploadPool(largest: Self.page + 1, budget: 1 << 30)
        _ = try await pool.buffer(for: 2 * Self.page)
        await #expect(throws: VaultError(.bodyTooLarge)) {
            try await pool.buffer(for: 2 * Self.page + 1)
        }
    }

    @Test(
        "a buffer takes no byte more than its class has", arguments: [64 << 10, 256 << 10, 1 << 20])
    func sizeClasses(bytes: Int) async throws {
        let pool = UploadPool(largest: 4 << 20, budget: 64 << 20)
        let buffer = try await pool.buffer(for: bytes)
        try append([UInt8](repeating: 1, count: bytes), to: buffer)
        #expect(throws: VaultError(.bodyTooLarge)) { try append([2], to: buffer) }
        #expect(buffer.count == bytes)
        try append([], to: buffer)
    }

    @Test("a buffer is wiped when it is given back, and its pages are used again")
    func wiping() async throws {
        let pool = UploadPool(largest: Self.page, budget: Self.page)
        var first: UploadBuffer? = try await pool.buffer(for: 10)
        try append([UInt8](repeating: 0xA5, count: 5000), to: try #require(first))
        // The pool keeps the pages mapped while they are free: their address stays readable.
        let pages = unsafe first?.withUnsafeBytes { unsafe $0 }
        #expect(unsafe pages?.count == 5000)
        #expect(unsafe pages?.allSatisfy { $0 == 0xA5 } == true)
        first = nil
        #expect(unsafe pages?.allSatisfy { $0 == 0 } == true)
        let second = try await pool.buffer(for: 10)
        try append([1], to: second)
        let address = unsafe second.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(UInt(bitPattern: unsafe pages?.baseAddress) == address)
    }

    @Test("who gives up waiting is let go, and makes room for those behind")
    func givingUp() async throws {
        let pool = UploadPool(largest: 4 * Self.page, budget: 4 * Self.page)
        let tasks = StepExecutor()
        let held = try await pool.buffer(for: Self.page)
        let large = tasks.start { try await pool.buffer(for: 4 * Self.page).count }
        let small = tasks.start { try await pool.buffer(for: Self.page).count }
        large.cancel()
        tasks.release()
        await #expect(throws: VaultError(.deadlineExceeded)) { try await large.value }
        #expect(try await small.value == 0)
        withExtendedLifetime(held) {}
    }

    @Test("who gave up before it began does not wait")
    func givenUp() async throws {
        let pool = UploadPool(largest: Self.page, budget: Self.page)
        let held = try await pool.buffer(for: 1)
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await pool.buffer(for: 1).count
        }
        await #expect(throws: VaultError(.deadlineExceeded)) { try await task.value }
        withExtendedLifetime(held) {}
    }

    @Test("who finds no room waits until a buffer is given back")
    func waiting() async throws {
        let pool = UploadPool(largest: Self.page, budget: 2 * Self.page)
        var held: [UploadBuffer] = []
        for _ in 0..<2 { held.append(try await pool.buffer(for: 1)) }
        let tasks = StepExecutor()
        let admitted = Flags()
        let third = tasks.start {
            let buffer = try await pool.buffer(for: 1)
            admitted.add("third")
            return buffer
        }
        #expect(admitted.names.isEmpty)
        held.removeLast()
        tasks.drain()
        #expect(admitted.names == ["third"])
        #expect(try await third.value.count == 0)
    }

    @Test("waiters have their turn in order: a small upload does not pass a large one")
    func turns() async throws {
        let pool = UploadPool(largest: 4 * Self.page, budget: 4 * Self.page)
        var held: [UploadBuffer] = []
        for _ in 0..<3 { held.append(try await pool.buffer(for: Self.page)) }
        let tasks = StepExecutor()
        let admitted = Flags()
        let large = tasks.start {
            let buffer = try await pool.buffer(for: 4 * Self.page)
            admitted.add("large")
            return buffer
        }
        // A page is free, but the large upload came first.
        let small = tasks.start {
            let buffer = try await pool.buffer(for: Self.page)
            admitted.add("small")
            return buffer
        }
        held.removeLast()
        tasks.drain()
        #expect(admitted.names.isEmpty)
        held.removeAll()
        tasks.drain()
        try #require(admitted.names == ["large"])
        let buffer = try await large.value
        #expect(buffer.count == 0)
        withExtendedLifetime(buffer) {}
        tasks.release()
        _ = small
    }

    @Test("one principal leaves room for the largest upload of another, who does not wait")
    func shares() async throws {
        let pool = UploadPool(largest: 4 * Self.page, budget: 16 * Self.page)
        let (noisy, quiet) = (try PrincipalName("noisy"), try PrincipalName("quiet"))
        var held: [UploadBuffer] = []
        for _ in 0..<3 { held.append(try await pool.buffer(for: 4 * Self.page, of: noisy)) }
        let tasks = StepExecutor()
        let admitted = Flags()
        let fourth = tasks.start {
            let buffer = try await pool.buffer(for: Self.page, of: noisy)
            admitted.add("noisy")
            return buffer
        }
        held.append(try await pool.buffer(for: 4 * Self.page, of: quiet))
        tasks.drain()
        #expect(admitted.names.isEmpty)
        held.removeFirst()
        tasks.drain()
        #expect(admitted.names == ["noisy"])
        #expect(try await fourth.value.count == 0)
    }

    @Test("those who wait for room take turns by principal")
    func turnsOfPrincipals() async throws {
        let pool = UploadPool(largest: Self.page, budget: 2 * Self.page)
        let names = [try PrincipalName("noisy"), try PrincipalName("quiet")]
        let held = Held()
        // One place for each: the share of either.
        for name in names { held.add(try await pool.buffer(for: 1, of: name), Self.page) }
        let tasks = StepExecutor()
        let admitted = Flags()
        for name in [names[0], names[0], names[1]] {
            _ = tasks.start {
                let buffer = try await pool.buffer(for: 1, of: name)
                admitted.add(name.description)
                held.add(buffer, Self.page)
            }
        }
        while held.dropOldest() { tasks.drain() }
        #expect(admitted.names == ["noisy", "quiet", "noisy"])
    }

    @Test("who waits in vain for as long as it may is told so, and lets those behind pass")
    func patience() async throws {
        let pool = UploadPool(largest: 2 * Self.page, budget: 2 * Self.page)
        let held = try await pool.buffer(for: Self.page)
        await #expect(throws: VaultError(.overloaded)) {
            try await pool.buffer(for: 2 * Self.page, patience: .zero)
        }
        // Nobody is before it any more.
        let next = try await pool.buffer(for: Self.page, patience: .seconds(3600))
        #expect(next.count == 0)
        withExtendedLifetime(held) {}
    }

    @Test("one principal has only so many that wait; the next is told at once, and another waits")
    func waitingEach() async throws {
        let pool = UploadPool(largest: Self.page, budget: Self.page)
        let (noisy, quiet) = (try PrincipalName("noisy"), try PrincipalName("quiet"))
        var held: UploadBuffer? = try await pool.buffer(for: 1)
        let tasks = StepExecutor()
        let served = Flags()
        for _ in 0..<Limits.uploadsWaitingEach {
            _ = tasks.start {
                _ = try await pool.buffer(for: 1, of: noisy)
                served.add("noisy")
            }
        }
        await #expect(throws: VaultError(.overloaded)) {
            try await pool.buffer(for: 1, of: noisy)
        }
        _ = tasks.start {
            _ = try await pool.buffer(for: 1, of: quiet)
            served.add("quiet")
        }
        #expect(held?.count == 0)
        held = nil
        tasks.drain()
        #expect(served.names.count == Limits.uploadsWaitingEach + 1)
        #expect(served.names.prefix(2).contains("quiet"))
    }

    @Test("one upload of the largest size fits, however small the budget")
    func smallBudget() async throws {
        let pool = UploadPool(largest: 3 * Self.page, budget: 1)
        for _ in 0..<3 { #expect(try await pool.buffer(for: 3 * Self.page).count == 0) }
    }

    @Test("the budget counts classes, not bytes: it is never exceeded")
    func budget() async throws {
        var random = SeededRandom()
        let budget = 1 << 20
        let pool = UploadPool(largest: 256 << 10, budget: budget)
        let tasks = StepExecutor()
        let held = Held()
        for _ in 0..<200 {
            let bytes = Int.random(in: 1...256 << 10, using: &random)
            let size = bytes <= Self.page ? Self.page : 256 << 10
            _ = tasks.start {
                let buffer = try await pool.buffer(for: bytes)
                held.add(buffer, size)
            }
            #expect(held.bytes <= budget)
            if Bool.random(using: &random) { held.dropOldest() }
            tasks.drain()
        }
        while held.dropOldest() { tasks.drain() }
        #expect(held.served == 200)
    }
}

/// Names in the order in which they came.
private final class Flags: Sendable {
    private let list = Mutex<[String]>([])
    var names: [String] { list.withLock { $0 } }
    func add(_ name: String) { list.withLock { $0.append(name) } }
}

/// Buffers that are out.
private final class Held: Sendable {
    private let state = Mutex<(buffers: [(UploadBuffer, Int)], served: Int)>(([], 0))
    var bytes: Int { state.withLock { $0.buffers.reduce(0) { $0 + $1.1 } } }
    var served: Int { state.withLock { $0.served } }

    func add(_ buffer: UploadBuffer, _ size: Int) {
        state.withLock {
            $0.buffers.append((buffer, size))
            $0.served += 1
        }
    }

    @discardableResult
    func dropOldest() -> Bool {
        // Let go outside the lock: giving back resumes others.
        let oldest = state.withLock { $0.buffers.isEmpty ? nil : $0.buffers.removeFirst() }
        return oldest != nil
    }
}
