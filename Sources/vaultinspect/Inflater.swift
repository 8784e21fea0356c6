// One zlib stream (RFC 1950), spread over parts of the image, inflated through a window of 64 KiB
// and never by more than one byte beyond what it may be: a bomb costs what an honest image costs.

import CZlib
import VaultFormat

/// How a stream ended. `whole` means: its checksum is right and nothing follows it.
enum InflateEnd: Equatable {
    case whole(bytes: Int)
    case damaged
    case truncated
    case tooLong
    case bytesAfter
    /// The receiver wanted no more.
    case stopped
}

@safe final class Inflater {
    /// Allocated apart, because zlib's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let window: UnsafeMutablePointer<UInt8>
    private static let windowBytes = Limits.workerInflateWindowBytes

    init?() {
        // Both live as long as this object and belong to it alone.
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe window = .allocate(capacity: Self.windowBytes)
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit_(stream, ZLIB_VERSION, size) == Z_OK else { return nil }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
        unsafe window.deallocate()
    }

    /// Inflates the stream that lies in `parts` of the image, in order, to at most `most` bytes; one
    /// more ends it. `receive` gets each piece and may stop it with false.
    func inflate(
        _ parts: [Range<Int>], of image: borrowing Span<UInt8>, most: Int,
        receive: (borrowing Span<UInt8>) -> Bool
    ) -> InflateEnd {
        guard unsafe inflateReset(stream) == Z_OK else { return .damaged }
        var total = 0
        for (index, part) in parts.enumerated() {
            guard part.lowerBound >= 0, part.upperBound <= image.count else { return .damaged }
            let input = image.extracting(part)
            let end = unsafe input.withUnsafeBufferPointer { bytes in
                unsafe take(bytes, total: &total, most: most, receive: receive)
            }
            switch end {
            case .truncated: continue
            case .whole where parts[(index + 1)...].contains { !$0.isEmpty }: return .bytesAfter
            default: return end
            }
        }
        return .truncated
    }

    /// Feeds one part. `truncated` means that the next part is wanted.
    private func take(
        _ input: UnsafeBufferPointer<UInt8>, total: inout Int, most: Int,
        receive: (borrowing Span<UInt8>) -> Bool
    ) -> InflateEnd {
        // zlib only reads its input, whatever the type of the field says.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(clamping: input.count)
        while true {
            let room = min(Self.windowBytes, most - total + 1)
            // `room` never exceeds the window.
            unsafe stream.pointee.next_out = window
            unsafe stream.pointee.avail_out = UInt32(clamping: room)
            let state = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
            let produced = unsafe room - Int(stream.pointee.avail_out)
            total += produced
            if total > most { return .tooLong }
            // The first `produced` bytes of the window were just written.
            let piece = unsafe UnsafeBufferPointer(start: window, count: produced)
            if produced > 0, unsafe !receive(piece.span) { return .stopped }
            switch state {
            case Z_STREAM_END:
                return unsafe stream.pointee.avail_in > 0 ? .bytesAfter : .whole(bytes: total)
            case Z_OK where produced == room: continue
            case Z_OK, Z_BUF_ERROR:
                if unsafe stream.pointee.avail_in == 0 { return .truncated }
                if produced == 0 { return .damaged }
            default: return .damaged
            }
        }
    }
}
