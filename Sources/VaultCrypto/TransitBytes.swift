// Secrets on their way to a child of this process, and answers on their way back.
//
// Who borrows from the arena makes an erasure wait. A child may take a minute, or hang; so what it is sent and
// where it answers lie outside: locked, left out of cores, wiped with their owner, and of no era. What comes
// of an answer goes into the arena, and with the next erasure.

import CSodium

@safe struct TransitBytes: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    let count: Int

    /// - Throws: ``CryptoError/memoryNotLocked``.
    init(count: Int) throws(CryptoError) {
        guard sodium_init() >= 0 else { throw .libraryUnavailable }
        // A size of zero has no address of its own.
        guard let memory = unsafe sodium_malloc(max(1, count)) else { throw .memoryNotLocked }
        // sodium_malloc hides a failed mlock: ask again.
        guard unsafe sodium_mlock(memory, max(1, count)) == 0 else {
            unsafe sodium_free(memory)
            throw .memoryNotLocked
        }
        unsafe sodium_memzero(memory, max(1, count))
        unsafe self.memory = memory
        self.count = count
    }

    init(copying bytes: UnsafeRawBufferPointer) throws(CryptoError) {
        try self.init(count: bytes.count)
        unsafe UnsafeMutableRawBufferPointer(start: memory, count: count).copyMemory(from: bytes)
    }

    borrowing func withBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    borrowing func withMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe body(UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    deinit { unsafe sodium_free(memory) }
}

extension TypedSecret {
    /// A copy that no erasure waits for.
    func inTransit() throws(CryptoError) -> TransitBytes {
        try unsafe withBytes { (bytes) throws(CryptoError) in
            try unsafe TransitBytes(copying: bytes)
        }
    }
}

extension Secret {
    func inTransit() throws(CryptoError) -> TransitBytes {
        try unsafe withBytes { (bytes) throws(CryptoError) in
            try unsafe TransitBytes(copying: bytes)
        }
    }

    /// What a child answered.
    init(_ answer: borrowing TransitBytes) throws(CryptoError) {
        precondition(answer.count == Self.byteCount)
        try unsafe self.init { (out) throws(CryptoError) in
            unsafe answer.withBytes { unsafe out.copyMemory(from: $0) }
        }
    }
}
