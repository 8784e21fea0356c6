// Borrowing bytes as C wants them: typed throws kept, and a pointer that is never null.

extension UnsafeRawBufferPointer {
    /// The first byte. - Precondition: the buffer is not empty, or came from an allocation.
    var octets: UnsafePointer<UInt8> {
        guard let base = baseAddress else { preconditionFailure("an empty buffer") }
        return unsafe base.assumingMemoryBound(to: UInt8.self)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The first byte. - Precondition: the buffer is not empty, or came from an allocation.
    var octets: UnsafeMutablePointer<UInt8> {
        guard let base = baseAddress else { preconditionFailure("an empty buffer") }
        return unsafe base.assumingMemoryBound(to: UInt8.self)
    }
}

extension Array where Element == UInt8 {
    func withRawBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe withUnsafeBufferPointer { (bytes) throws(E) in
            try unsafe body(UnsafeRawBufferPointer(bytes))
        }
    }

    mutating func withMutableRawBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe withUnsafeMutableBufferPointer { (bytes) throws(E) in
            try unsafe body(UnsafeMutableRawBufferPointer(bytes))
        }
    }
}
