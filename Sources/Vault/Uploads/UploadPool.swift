// Memory for uploads within a byte budget. Pages are used again, because fresh ones cost more than the
// cipher; who finds no room waits, the door stops reading, and the socket pushes back.

import Glibc
import Synchronization
import VaultFormat

/// Pages of one size class.
@safe struct UploadRegion: @unchecked Sendable {
    // @unchecked: it is either in the pool's list or in one buffer, never in both.
    let pages: UnsafeMutableRawBufferPointer
}

package final class UploadPool: Sendable {
    private let classes: [Int]
    private let budget: Int
    private let state: Mutex<State>

    private struct State {
        var free: [[UploadRegion]]
        /// Bytes of regions that are out, by the size of their class.
        var bytesOut = 0
        /// Bytes of regions that exist, out or free.
        var bytesMapped = 0
        var waiters: [Waiter] = []
        var lastTicket: UInt64 = 0
    }

    private struct Waiter {
        let ticket: UInt64
        let sizeClass: Int
        /// True once there is room, false when the wait was given up.
        let resume: CheckedContinuation<Bool, Never>
    }

    /// - Parameters:
    ///   - largest: bytes of the largest upload.
    ///   - budget: bytes of all uploads at once; at least one of the largest fits.
    package init(largest: Int, budget: Int) {
        let page = 64 << 10
        let top = (largest + page - 1) / page * page
        classes = [64 << 10, 256 << 10, 1 << 20, 4 << 20].filter { $0 < top } + [top]
        self.budget = max(budget, top)
        state = Mutex(State(free: Array(repeating: [], count: classes.count)))
    }

    deinit {
        // All are free: each buffer that is out holds the pool.
        for region in state.withLock({ state in state.free.flatMap { $0 } }) {
            if let base = unsafe region.pages.baseAddress {
                unsafe munmap(base, region.pages.count)
            }
        }
    }

    /// A buffer for an upload of `bytes`, once there is room for it. Waiters are served in order.
    ///
    /// - Throws: ``VaultError`` `body-too-large`, `overloaded` without memory, or
    ///   `deadline-exceeded` when the task is cancelled while it waits.
    package func buffer(for bytes: Int) async throws(VaultError) -> UploadBuffer {
        guard let sizeClass = classes.firstIndex(where: { $0 >= bytes }) else {
            throw VaultError(.bodyTooLarge)
        }
        guard await admit(sizeClass) else { throw VaultError(.deadlineExceeded) }
        guard let region = take(sizeClass) else {
            release(sizeClass)
            throw VaultError(.overloaded)
        }
        return UploadBuffer(region: region, sizeClass: sizeClass, pool: self)
    }

    /// Waits for room; false when the wait was given up.
    private func admit(_ sizeClass: Int) async -> Bool {
        let ticket = state.withLock { state in
            state.lastTicket &+= 1
            return state.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let admitted = state.withLock { state -> Bool? in
                    // A cancellation that came first found nothing to remove.
                    if Task.isCancelled { return false }
                    guard state.waiters.isEmpty, state.bytesOut + classes[sizeClass] <= budget
                    else {
                        state.waiters.append(
                            Waiter(ticket: ticket, sizeClass: sizeClass, resume: continuation))
                        return nil
                    }
                    state.bytesOut += classes[sizeClass]
                    return true
                }
                if let admitted { continuation.resume(returning: admitted) }
            }
        } onCancel: {
            giveUp(ticket)
        }
    }

    /// Whoever waited behind one that leaves may have room now.
    private func giveUp(_ ticket: UInt64) {
        let (leaver, admitted) = state.withLock { state in
            let place = state.waiters.firstIndex { $0.ticket == ticket }
            let leaver = place.map { state.waiters.remove(at: $0) }
            return (leaver, admitWaiters(&state))
        }
        leaver?.resume.resume(returning: false)
        for waiter in admitted { waiter.resume.resume(returning: true) }
    }

    private func release(_ sizeClass: Int) {
        let admitted = state.withLock { state in
            state.bytesOut -= classes[sizeClass]
            return admitWaiters(&state)
        }
        for waiter in admitted { waiter.resume.resume(returning: true) }
    }

    /// The waiters that there is room for, in their order; the first without stops those behind it.
    private func admitWaiters(_ state: inout State) -> [Waiter] {
        var admitted: [Waiter] = []
        while let next = state.waiters.first, state.bytesOut + classes[next.sizeClass] <= budget {
            state.bytesOut += classes[next.sizeClass]
            admitted.append(state.waiters.removeFirst())
        }
        return admitted
    }

    // MARK: Regions

    private func take(_ sizeClass: Int) -> UploadRegion? {
        let kept = state.withLock { state in
            let region = state.free[sizeClass].popLast()
            if region == nil { state.bytesMapped += classes[sizeClass] }
            return region
        }
        if let kept { return kept }
        let bytes = classes[sizeClass]
        // Anonymous pages: no file behind them, left out of core dumps and of forks.
        guard
            let base = unsafe mmap(
                nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe base != MAP_FAILED
        else {
            state.withLock { $0.bytesMapped -= bytes }
            return nil
        }
        unsafe madvise(base, bytes, MADV_DONTDUMP)
        unsafe madvise(base, bytes, MADV_DONTFORK)
        return unsafe UploadRegion(
            pages: UnsafeMutableRawBufferPointer(start: base, count: bytes))
    }

    /// Keeps the region for the next upload while all regions together stay within the budget.
    func giveBack(_ region: UploadRegion, sizeClass: Int) {
        let keep = state.withLock { state in
            guard state.bytesMapped <= budget else {
                state.bytesMapped -= classes[sizeClass]
                return false
            }
            state.free[sizeClass].append(region)
            return true
        }
        if !keep, let base = unsafe region.pages.baseAddress {
            unsafe munmap(base, region.pages.count)
        }
        release(sizeClass)
    }
}
