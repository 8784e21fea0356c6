// One open file descriptor with an owner. It is closed when the last one who holds it lets go, so
// that no thread can close a number which another thread has just been given for something else.

import CVaultSystem
import Glibc

final class Descriptor: Sendable {
    let raw: Int32

    /// Takes over `raw`, which must be open and close-on-exec.
    init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// True once it can be read, or its other end is gone; false when `deadline` came first.
    func waitReadable(until deadline: Deadline) -> Bool { wait(Int16(POLLIN), until: deadline) }
    func waitWritable(until deadline: Deadline) -> Bool { wait(Int16(POLLOUT), until: deadline) }

    private func wait(_ events: Int16, until deadline: Deadline) -> Bool {
        while true {
            var request = pollfd(fd: raw, events: events, revents: 0)
            // The pointer is to a local, and the count is one.
            let ready = unsafe poll(&request, 1, deadline.remainingMilliseconds)
            if ready > 0 { return true }
            guard ready < 0, errno == EINTR else { return false }
        }
    }
}

/// A point on the monotonic clock.
struct Deadline {
    private let instant: ContinuousClock.Instant

    init(milliseconds: Int) { instant = .now + .milliseconds(milliseconds) }

    /// From zero up, rounded up, as `poll` wants it.
    var remainingMilliseconds: Int32 {
        let (seconds, attoseconds) = (instant - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        // Below the largest `Int32` of milliseconds, nothing here can overflow.
        guard seconds < Int64(Int32.max / 1_000) else { return .max }
        return Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
