// The worker's two openings: the socket, and the room that an image is read into. Reads and writes
// are whole or nothing; the socket blocks, because a worker has nothing else to do.

import Glibc

struct WorkerSocket {
    let descriptor: Int32

    /// Exactly so many bytes, or nil at the end of the stream.
    func read(byteCount: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        // The buffer is the array's own, valid inside the closure.
        let whole = unsafe bytes.withUnsafeMutableBytes { unsafe readFully(into: $0) }
        return whole ? bytes : nil
    }

    func readFully(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var filled = 0
        while filled < buffer.count {
            // `rebasing` checks the bounds of what is left.
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let got = unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return false }
            filled += got
        }
        return true
    }

    func write(_ bytes: [UInt8]) -> Bool {
        // Shorter than any socket buffer, and vaultd reads it before it asks again.
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count) == buffer.count
        }
    }
}

/// The one place an image is held: as long as the longest, touched only as far as needed, wiped
/// after each image so that a worker taken over later finds no earlier one.
@safe final class ImageRoom {
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private var used = 0

    init(capacity: Int) {
        // Owned by this object for the process's life; freed in deinit.
        unsafe memory = .allocate(byteCount: capacity, alignment: 64)
        self.capacity = capacity
    }

    deinit { unsafe memory.deallocate() }

    /// False when it does not fit or the stream ends.
    func fill(byteCount: Int, from socket: WorkerSocket) -> Bool {
        guard byteCount <= capacity else { return false }
        used = byteCount
        // Inside the allocation, by the line above.
        return unsafe socket.readFully(into: .init(start: memory, count: byteCount))
    }

    func withImage<R>(_ body: (borrowing Span<UInt8>) -> R) -> R {
        // The span cannot outlive the closure, and nothing writes the memory during it.
        let image = unsafe UnsafeRawBufferPointer(start: memory, count: used)
        return unsafe body(image.bindMemory(to: UInt8.self).span)
    }

    func wipe() {
        // `used` never exceeds the capacity.
        unsafe explicit_bzero(memory, used)
        used = 0
    }
}
