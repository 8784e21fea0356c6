// Pixels inflated in one go by libdeflate: twice as fast as zlib, for what is small enough to lie in
// memory whole. It says whole or not whole; why not, the other inflater finds out through its window.

import CDeflate
import Glibc
import VaultFormat

@safe final class WholeInflater: @unchecked Sendable {
    // @unchecked: a worker has one thread.
    static let shared = WholeInflater()

    private let decompressor: OpaquePointer?
    /// The parts of a stream, put together.
    private let input = PageRoom(byteCount: Limits.workerWholeDeflatedBytes)
    private let output = PageRoom(byteCount: Limits.workerWholeInflatedBytes)

    private init() {
        // Owned by this object, which lives as long as the process.
        unsafe decompressor = libdeflate_alloc_decompressor()
    }

    /// Whether the stream in `parts` of the image is whole, inflates to exactly `expected` bytes and
    /// has nothing after it, and `receive` takes them. False also where it is too large for this.
    func inflates(
        _ parts: [Range<Int>], of image: borrowing Span<UInt8>, exactly expected: Int,
        receive: (borrowing Span<UInt8>) -> Bool
    ) -> Bool {
        guard let decompressor = unsafe decompressor, expected <= output.byteCount,
            let deflated = gather(parts, of: image)
        else { return false }
        defer {
            input.forget(deflated)
            output.forget(expected)
        }
        var taken = 0
        var produced = 0
        // libdeflate reads `deflated` bytes, writes at most `expected`, and both rooms have as many.
        let result = unsafe libdeflate_zlib_decompress_ex(
            decompressor, input.start, deflated, output.start, expected, &taken, &produced)
        guard result == LIBDEFLATE_SUCCESS, taken == deflated, produced == expected,
            let start = unsafe output.start
        else { return false }
        // Just written, `expected` bytes of it.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: expected)
        return unsafe receive(bytes.bindMemory(to: UInt8.self).span)
    }

    /// Copies the parts into the room; nil where they do not fit.
    private func gather(_ parts: [Range<Int>], of image: borrowing Span<UInt8>) -> Int? {
        guard let start = unsafe input.start else { return nil }
        var count = 0
        for part in parts where !part.isEmpty {
            guard part.lowerBound >= 0, part.upperBound <= image.count,
                part.count <= input.byteCount - count
            else { return nil }
            unsafe image.extracting(part).withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                // The room has `byteCount` bytes, of which `count` are taken.
                unsafe memcpy(start + count, base, bytes.count)
            }
            count += part.count
        }
        return count
    }
}

/// Pages that cost address space until they are touched.
@safe final class PageRoom {
    /// Nil where the kernel gave none.
    let start: UnsafeMutableRawPointer?
    let byteCount: Int

    init(byteCount: Int) {
        // Fresh memory, owned by this object for the process's life.
        let pages = unsafe mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        let isThere = unsafe pages != MAP_FAILED
        unsafe start = isThere ? pages : nil
        self.byteCount = isThere ? byteCount : 0
    }

    /// Wipes what was used. Few pages are kept for the next image, because fresh ones cost more than
    /// inflating; many are given back.
    func forget(_ used: Int) {
        guard let start = unsafe start, used > 0 else { return }
        // `used` bytes were written, which are inside.
        if used <= Limits.workerKeptRoomBytes {
            unsafe explicit_bzero(start, min(used, byteCount))
        } else {
            unsafe madvise(start, byteCount, MADV_DONTNEED)
        }
    }
}
