// Memory for key material: locked, left out of core dumps and forks, wiped when given back, and all at
// once when the vault is sealed, whoever still holds a part of it.
//
// One arena for the whole process: thousands of single `sodium_malloc`s run into RLIMIT_MEMLOCK,
// after which libsodium hands out memory that is not locked and does not say so.

import CSodium
import Glibc
import Synchronization
import VaultFormat

/// The process's one locked region, handed out in cells of 32 bytes.
@safe final class KeyArena: @unchecked Sendable {
    // @unchecked: `used` guards which cells belong to whom; a cell has one owner at a time.
    static let cellBytes = 32
    private let base: UnsafeMutableRawPointer
    /// Bytes that stay zero, lent in place of what was erased.
    private let zeros: UnsafeMutableRawPointer
    private let used: Mutex<Cells>
    /// Counts erasures. What was taken before the last one is zero, or is about to be.
    private let era = Atomic<UInt64>(0)
    /// Borrowers of an even and of an odd era: an erasure waits for those of the era that it ends.
    private let even = Atomic<Int>(0)
    private let odd = Atomic<Int>(0)
    private let erasing = Mutex(())

    private struct Cells {
        /// The era in which a cell was taken; nil for a free one.
        var taken: [UInt64?]
        var hint = 0
    }

    static let shared: Result<KeyArena, CryptoError> = Result { () throws(CryptoError) in
        try KeyArena(bytes: Limits.keyArenaBytes)
    }

    private init(bytes: Int) throws(CryptoError) {
        guard sodium_init() >= 0 else { throw .libraryUnavailable }
        // sodium_malloc adds guard pages and MADV_DONTDUMP, but hides a failed mlock: ask again.
        guard let memory = unsafe sodium_malloc(bytes) else { throw .memoryNotLocked }
        guard unsafe sodium_mlock(memory, bytes) == 0 else { throw .memoryNotLocked }
        unsafe sodium_memzero(memory, bytes)  // sodium_malloc fills with a pattern.
        // A child never inherits key pages. sodium_malloc's memory may start inside a page.
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = UInt(bitPattern: memory) & ~UInt(page - 1)
        unsafe madvise(
            UnsafeMutableRawPointer(bitPattern: start), (bytes + page - 1) & ~(page - 1),
            MADV_DONTFORK)
        unsafe base = memory
        guard let zeros = unsafe calloc(1, bytes) else { throw .keyMemoryExhausted }
        unsafe self.zeros = zeros
        used = Mutex(Cells(taken: Array(repeating: nil, count: bytes / Self.cellBytes)))
    }

    // MARK: Borrowing and erasing

    /// Begins a use of the arena. - Returns: the era, for ``leave(_:)``.
    func enter() -> UInt64 {
        while true {
            let now = era.load(ordering: .sequentiallyConsistent)
            count(1, of: now)
            if era.load(ordering: .sequentiallyConsistent) == now { return now }
            // An erasure came between: it may not have seen this borrower.
            count(-1, of: now)
        }
    }

    func leave(_ era: UInt64) {
        count(-1, of: era)
    }

    /// - Returns: how many borrow in that era then.
    @discardableResult
    private func count(_ more: Int, of era: UInt64) -> Int {
        era & 1 == 0
            ? even.add(more, ordering: .sequentiallyConsistent).newValue
            : odd.add(more, ordering: .sequentiallyConsistent).newValue
    }

    func isErased(since taken: UInt64) -> Bool {
        era.load(ordering: .sequentiallyConsistent) != taken
    }

    /// Makes every byte zero that was taken before, once those who borrow some now are done. They hold
    /// it for one computation each; who borrows from now on gets zeros and an error.
    func eraseAll() {
        erasing.withLock { _ in
            let last = era.add(1, ordering: .sequentiallyConsistent).oldValue
            while count(0, of: last) != 0 { usleep(50) }
            used.withLock { cells in
                for (cell, taken) in cells.taken.enumerated() {
                    guard let taken, taken <= last else { continue }
                    unsafe sodium_memzero(base + cell * Self.cellBytes, Self.cellBytes)
                }
            }
        }
    }

    /// What an owner that took `memory` in `taken` may see of it in `now`.
    func lend(
        _ memory: UnsafeMutableRawPointer, taken: UInt64, now: UInt64
    ) -> UnsafeMutableRawPointer {
        unsafe taken == now ? memory : zeros
    }

    // MARK: Cells

    func take(cells count: Int, in era: UInt64) throws(CryptoError) -> UnsafeMutableRawPointer {
        let first = used.withLock { Self.findRun(of: count, in: &$0, era) }
        guard let first else { throw .keyMemoryExhausted }
        return unsafe base + first * Self.cellBytes
    }

    /// First fit from the hint, then from the start.
    private static func findRun(of count: Int, in cells: inout Cells, _ era: UInt64) -> Int? {
        var run = 0
        for offset in 0..<(2 * cells.taken.count) {
            let index = (cells.hint + offset) % cells.taken.count
            if index == 0 { run = 0 }
            run = cells.taken[index] != nil ? 0 : run + 1
            if run == count {
                let first = index - count + 1
                for cell in first...index { cells.taken[cell] = era }
                cells.hint = (index + 1) % cells.taken.count
                return first
            }
        }
        return nil
    }

    func giveBack(_ memory: UnsafeMutableRawPointer, cells count: Int) {
        unsafe sodium_memzero(memory, count * Self.cellBytes)
        let first = unsafe (memory - base) / Self.cellBytes
        used.withLock { cells in
            for cell in first..<first + count { cells.taken[cell] = nil }
        }
    }
}

/// Locked bytes with one owner, wiped when it lets go.
@safe package struct LockedBytes: ~Copyable, @unchecked Sendable {
    // @unchecked: it has one owner, and only that one writes.
    private let memory: UnsafeMutableRawPointer
    private let taken: UInt64
    let count: Int
    private var cells: Int { (count + KeyArena.cellBytes - 1) / KeyArena.cellBytes }

    /// - Parameter fill: writes the bytes; what it leaves is zero.
    init(
        count: Int, fill: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        self.count = count
        let cells = (count + KeyArena.cellBytes - 1) / KeyArena.cellBytes
        let arena = try KeyArena.shared.get()
        let era = arena.enter()
        defer { arena.leave(era) }
        let room = unsafe try arena.take(cells: cells, in: era)
        do throws(CryptoError) {
            try unsafe fill(UnsafeMutableRawBufferPointer(start: room, count: count))
        } catch {
            unsafe arena.giveBack(room, cells: cells)
            throw error
        }
        taken = era
        unsafe memory = room
    }

    /// Puts `more` at `offset`.
    ///
    /// - Precondition: it fits.
    mutating func write(_ more: UnsafeRawBufferPointer, at offset: Int) {
        precondition(offset >= 0 && more.count <= count - offset)
        guard case .success(let arena) = KeyArena.shared else { return }
        let now = arena.enter()
        defer { arena.leave(now) }
        // Into what is erased nothing is put: it would stay.
        guard now == taken else { return }
        unsafe UnsafeMutableRawBufferPointer(start: memory + offset, count: more.count)
            .copyMemory(from: more)
    }

    /// Whether the vault was sealed since this was filled: then it is zero bytes.
    var isErased: Bool {
        guard case .success(let arena) = KeyArena.shared else { return true }
        return arena.isErased(since: taken)
    }

    /// Lends the bytes for one call; the pointer must not outlive it.
    ///
    /// - Throws: ``CryptoError/sealed`` when they are erased, or were by the end of the call: what was
    ///   computed then is not to be used.
    func withBytes<R: ~Copyable>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        guard !isErased else { throw .sealed }
        do throws(CryptoError) {
            let result = try unsafe withBytesOrZeros(body)
            guard !isErased else { throw .sealed }
            return result
        } catch {
            throw isErased ? .sealed : error
        }
    }

    /// Lends the bytes, or as many zeros when they are erased: for callers who can tell by
    /// ``isErased`` before anybody relies on what came of it.
    func withBytesOrZeros<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        guard case .success(let arena) = KeyArena.shared else {
            preconditionFailure("bytes come from the arena")
        }
        let now = arena.enter()
        defer { arena.leave(now) }
        let lent = unsafe arena.lend(memory, taken: taken, now: now)
        return try unsafe body(UnsafeRawBufferPointer(start: lent, count: count))
    }

    deinit {
        if case .success(let arena) = KeyArena.shared {
            unsafe arena.giveBack(memory, cells: cells)
        }
    }
}

/// The process's memory for keys, as a whole.
package enum KeyMemory {
    /// Whether it is locked: made now, where nobody needed it yet.
    package static var isLocked: Bool { (try? KeyArena.shared.get()) != nil }

    /// Erases every key and every secret of this process, also those that somebody still holds: whoever
    /// uses one from now on is told ``CryptoError/sealed``. Returns when they are zero.
    package static func eraseAll() {
        if case .success(let arena) = KeyArena.shared { arena.eraseAll() }
    }
}
