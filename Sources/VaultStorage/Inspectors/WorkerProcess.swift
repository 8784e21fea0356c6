// One worker as vaultd holds it: a socket to talk and a pidfd to kill. It dies with this object.
// Every wait has a deadline; every message is read whole, and one byte more than it has is read
// for, so that a worker that says too much is caught saying it.

import CVaultSystem
import Glibc
import VaultFormat

final class WorkerProcess: Sendable {
    private let socket: Descriptor
    private let process: Descriptor

    init(socket: Descriptor, process: Descriptor) {
        self.socket = socket
        self.process = process
    }

    deinit { kill() }

    var pidfd: Int32 { process.raw }

    /// Sure and without effect on anybody else: a pidfd cannot come to mean another process.
    func kill() { _ = vault_pidfd_signal(process.raw, SIGKILL) }

    /// False when it still lives at the deadline.
    func awaitEnd(until deadline: Deadline) -> Bool { process.waitReadable(until: deadline) }

    /// - Throws: ``WorkerFault/unfit(_:)`` where it could not raise a wall.
    func awaitGreeting() throws(WorkerFault) -> WorkerGreeting {
        let deadline = Deadline(milliseconds: Limits.workerStartMilliseconds)
        let bytes = try receive(byteCount: WorkerGreeting.byteCount, until: deadline)
        let greeting: WorkerGreeting
        do { greeting = try WorkerGreeting(parsing: bytes) } catch { throw .nonsense(error) }
        guard greeting.stage == .ready else { throw .unfit(greeting.stage) }
        return greeting
    }

    /// True while it lives and has said nothing that it was not asked.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        // One byte is looked at and stays in the socket; the pointer is to a local.
        let got = unsafe recv(socket.raw, &byte, 1, Int32(MSG_PEEK) | dontWait)
        return got < 0 && errno == EAGAIN
    }

    func send(_ bytes: [UInt8], until deadline: Deadline) throws(WorkerFault) {
        let fault = unsafe bytes.withUnsafeBytes { unsafe sendAll($0, until: deadline) }
        if let fault { throw fault }
    }

    func send(
        _ bytes: UnsafeRawBufferPointer, until deadline: Deadline
    ) throws(WorkerFault) {
        if let fault = unsafe sendAll(bytes, until: deadline) { throw fault }
    }

    /// The part of `image` that `request` is followed by.
    func send(
        _ image: some ImageBytes, for request: WorkerRequest, until deadline: Deadline
    ) throws(WorkerFault) {
        let fault = unsafe image.withUnsafeBytes { buffer -> WorkerFault? in
            // `prefix` never goes beyond the buffer, however long the image said it was.
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer.prefix(request.bodyBytes))
            guard part.count == request.bodyBytes else { return .died(errno: EINVAL) }
            return unsafe sendAll(part, until: deadline)
        }
        if let fault { throw fault }
    }

    /// Exactly so many bytes and no more.
    func receive(byteCount: Int, until deadline: Deadline) throws(WorkerFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount + 1)
        let (filled, fault) = unsafe bytes.withUnsafeMutableBytes {
            unsafe fill($0, atLeast: byteCount, until: deadline)
        }
        if let fault { throw fault }
        guard filled == byteCount else {
            throw .nonsense(.wrongLength(expected: byteCount, actual: filled))
        }
        return Array(bytes.prefix(byteCount))
    }

    /// The first bytes of a message; what comes after them is left in the socket.
    func receiveHead(byteCount: Int, until deadline: Deadline) throws(WorkerFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        let fault = unsafe bytes.withUnsafeMutableBytes {
            unsafe fill($0, atLeast: byteCount, until: deadline).fault
        }
        if let fault { throw fault }
        return bytes
    }

    /// Fills `out`, where a copy elsewhere must not be; what comes after it is left in the socket.
    func receive(
        into out: UnsafeMutableRawBufferPointer, until deadline: Deadline
    ) throws(WorkerFault) {
        if let fault = unsafe fill(out, atLeast: out.count, until: deadline).fault { throw fault }
    }

    private func fill(
        _ out: UnsafeMutableRawBufferPointer, atLeast wanted: Int, until deadline: Deadline
    ) -> (filled: Int, fault: WorkerFault?) {
        var filled = 0
        while filled < wanted {
            guard socket.waitReadable(until: deadline) else { return (filled, .deadline) }
            // Inside the buffer: `filled` is below its count.
            let got = unsafe recv(
                socket.raw, out.baseAddress?.advanced(by: filled), out.count - filled, dontWait)
            if got < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard got > 0 else { return (filled, .died(errno: got < 0 ? errno : EPIPE)) }
            filled += got
        }
        return (filled, nil)
    }

    private func sendAll(
        _ bytes: UnsafeRawBufferPointer, until deadline: Deadline
    ) -> WorkerFault? {
        var sent = 0
        while sent < bytes.count {
            // Inside the buffer: `sent` is below its count.
            let put = unsafe Glibc.send(
                socket.raw, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
                Int32(MSG_NOSIGNAL) | dontWait)
            if put > 0 {
                sent += put
            } else if put < 0 && errno == EAGAIN {
                guard socket.waitWritable(until: deadline) else { return .deadline }
            } else if put == 0 || errno != EINTR {
                return .died(errno: errno)
            }
        }
        return nil
    }
}

private let dontWait = Int32(MSG_DONTWAIT)
