// Writing to a descriptor until every byte is taken, however many calls that needs.

import Glibc
package import NIOCore

/// Writes text as UTF-8; a failure is told about `name`.
///
/// - Throws: ``ClientError/file(_:)``.
package func writeAll(
    _ text: String, to descriptor: CInt, name: String
) throws(ClientError) {
    try writeAll(ByteBuffer(string: text), to: descriptor, name: name)
}

/// Writes every byte; a failure is told about `name`.
///
/// - Throws: ``ClientError/file(_:)``.
package func writeAll(
    _ bytes: ByteBuffer, to descriptor: CInt, name: String
) throws(ClientError) {
    var rest = bytes
    while rest.readableBytes > 0 {
        // The buffer lends its bytes for the call; the kernel only reads them.
        let written = unsafe rest.withUnsafeReadableBytes { bytes in
            unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
        if written > 0 {
            rest.moveReaderIndex(forwardBy: written)
        } else if errno != EINTR {
            throw .file(FileFault(path: name, reason: .system(errno)))
        }
    }
}
