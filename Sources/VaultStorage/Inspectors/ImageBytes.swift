// What the pool needs of an image: its bytes, where they are, unchanged while it is asked.

/// The bytes of one image, which nobody changes during an inspection. The worker gets a copy
/// through a socket, so that neither side can reach the other's.
package protocol ImageBytes: Sendable {
    var count: Int { get }
    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R
}

extension [UInt8]: ImageBytes {}
