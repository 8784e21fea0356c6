// Memory for key material: locked, left out of core dumps and forks, wiped when given back.
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
    private let used: Mutex<Cells>

    private struct Cells {
        var taken: [Bool]
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
        used = Mutex(Cells(taken: Array(repeating: false, count: bytes / Self.cellBytes)))
    }

    func take(cells count: Int) throws(CryptoError) -> UnsafeMutableRawPointer {
        let first = used.withLock { Self.findRun(of: count, in: &$0) }
        guard let first else { throw .keyMemoryExhausted }
        return unsafe base + first * Self.cellBytes
    }

    /// First fit from the hint, then from the start.
    private static func findRun(of count: Int, in cells: inout Cells) -> Int? {
        var run = 0
        for offset in 0..<(2 * cells.taken.count) {
            let index = (cells.hint + offset) % cells.taken.count
            if index == 0 { run = 0 }
            run = cells.taken[index] ? 0 : run + 1
            if run == count {
                let first = index - count + 1
                for cell in first...index { cells.taken[cell] = true }
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
            for cell in first..<first + count { cells.taken[cell] = false }
        }
    }
}

/// Locked bytes with one owner, wiped when it lets go.
@safe package struct LockedBytes: ~Copyable, @unchecked Sendable {
    // @unchecked: written only while it has one owner, in `init`; read only afterwards.
    private let memory: UnsafeMutableRawPointer
    let count: Int
    private var cells: Int { (count + KeyArena.cellBytes - 1) / KeyArena.cellBytes }

    /// - Parameter fill: writes the bytes; what it leaves is zero.
    init(
        count: Int, fill: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        self.count = count
        let cells = (count + KeyArena.cellBytes - 1) / KeyArena.cellBytes
        let arena = try KeyArena.shared.get()
        let taken = unsafe try arena.take(cells: cells)
        do throws(CryptoError) {
            try unsafe fill(UnsafeMutableRawBufferPointer(start: taken, count: count))
        } catch {
            unsafe arena.giveBack(taken, cells: cells)
            throw error
        }
        unsafe memory = taken
    }

    /// Lends the bytes for one call; the pointer must not outlive it.
    func withBytes<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R)
        throws(E) -> R
    {
        try unsafe body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    deinit {
        if case .success(let arena) = KeyArena.shared {
            unsafe arena.giveBack(memory, cells: cells)
        }
    }
}
