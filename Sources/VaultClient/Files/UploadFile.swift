// A file on its way into the vault: read piece by piece, so that its size costs no memory.

import Glibc
package import NIOCore
import VaultFormat

/// An open regular file whose length was taken when it was opened.
package final class UploadFile: Sendable {
    package let path: String
    /// Bytes.
    package let length: Int
    private let descriptor: CInt

    /// - Throws: ``ClientError/file(_:)``.
    package init(_ path: String) throws(ClientError) {
        // O_NONBLOCK: opening a pipe that nobody writes to must not hang. The path lends its bytes
        // to the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw .file(FileFault(path: path, reason: .system(errno)))
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .file(FileFault(path: path, reason: .notRegular))
        }
        self.path = path
        self.descriptor = descriptor
        length = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Up to `count` bytes from `offset`.
    ///
    /// - Throws: ``ClientError/file(_:)``, also when the file ends there.
    func read(from offset: Int, count: Int) throws(ClientError) -> ByteBuffer {
        var buffer = ByteBuffer()
        // The buffer lends `space` for the call; the kernel writes at most its size.
        let taken = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) {
            unsafe max(0, pread(descriptor, $0.baseAddress, count, off_t(offset)))
        }
        guard taken > 0 else { throw .file(FileFault(path: path, reason: .changed)) }
        return buffer
    }
}

extension UploadFile {
    /// Its bytes, a piece at a time.
    package func forEachPiece(
        _ body: (ByteBuffer) throws(ClientError) -> Void
    ) throws(ClientError) {
        var offset = 0
        while offset < length {
            let piece = try read(from: offset, count: min(Limits.clientChunkBytes, length - offset))
            offset += piece.readableBytes
            try body(piece)
        }
    }

    /// All its bytes.
    ///
    /// - Throws: ``ClientError/file(_:)``.
    package func bytes() throws(ClientError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while bytes.count < length {
            let count = min(Limits.clientChunkBytes, length - bytes.count)
            bytes.append(contentsOf: try read(from: bytes.count, count: count).readableBytesView)
        }
        return bytes
    }
}

/// The file's bytes in pieces; `onPiece` hears of each as it is handed over.
struct UploadPieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let file: UploadFile
    let onPiece: @Sendable (Int) -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: UploadFile
        let onPiece: @Sendable (Int) -> Void
        var offset = 0

        mutating func next() async throws -> ByteBuffer? {
            guard offset < file.length else { return nil }
            try Task.checkCancellation()
            let count = Swift.min(Limits.clientChunkBytes, file.length - offset)
            let piece = try file.read(from: offset, count: count)
            offset += piece.readableBytes
            onPiece(piece.readableBytes)
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(file: file, onPiece: onPiece)
    }
}
