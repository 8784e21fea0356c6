// Memory for uploads within a byte budget. Pages are used again, because fresh ones cost more than the
// cipher; who finds no room waits for a while, the door stops reading, and the socket pushes back. No principal
// has all of it: one that sends slowly leaves room for the largest upload of another.

import Glibc
import Synchronization
package import VaultFormat

/// Pages of one size class.
@safe struct UploadRegion: @unchecked Sendable {
    // @unchecked: it is either in the pool's list or in one buffer, never in both.
    let pages: UnsafeMutableRawBufferPointer
}

package final class UploadPool: Sendable {
    private let classes: [Int]
    private let state: Mutex<State>

    private struct State {
        var free: [[UploadRegion]]
        /// Bytes of regions that exist, out or free.
        var bytesMapped = 0
        var queue: UploadQueue
        var waiting: [UInt64: Waiter] = [:]
        var lastTicket: UInt64 = 0

        /// Those who had their turn, no longer waiting.
        mutating func leave(_ tickets: [UInt64]) -> [Waiter] {
            tickets.compactMap { waiting.removeValue(forKey: $0) }
        }
    }

    private struct Waiter {
        let resume: CheckedContinuation<Wait, Never>
        let alarm: Task<Void, Never>?

        func end(_ wait: Wait) {
            alarm?.cancel()
            resume.resume(returning: wait)
        }
    }

    /// How a wait ended.
    private enum Wait { case admitted, cancelled, inVain }

    /// - Parameters:
    ///   - largest: bytes of the largest upload.
    ///   - budget: bytes of all uploads at once; at least one of the largest fits.
    package init(largest: Int, budget: Int) {
        let page = 64 << 10
        let top = (largest + page - 1) / page * page
        classes = [64 << 10, 256 << 10, 1 << 20, 4 << 20].filter { $0 < top } + [top]
        state = Mutex(
            State(
                free: Array(repeating: [], count: classes.count),
                queue: UploadQueue(budget: max(budget, top), spare: top)))
    }

    deinit {
        // All are free: each buffer that is out holds the pool.
        for region in state.withLock({ state in state.free.flatMap { $0 } }) {
            if let base = unsafe region.pages.baseAddress {
                unsafe munmap(base, region.pages.count)
            }
        }
    }

    /// A buffer for an upload of `bytes`, once there is room for it. Waiters of one principal are served in order.
    ///
    /// - Parameters:
    ///   - owner: whose share it counts against; nil for the vault's own work, which has the whole budget.
    ///   - patience: how long it may wait for room; nil is for ever.
    /// - Throws: ``VaultError`` `body-too-large`, `overloaded` without memory, when the owner has too many waiting, or
    ///   when there was no room for so long, or `deadline-exceeded` when the task is cancelled while it waits.
    package func buffer(
        for bytes: Int, of owner: PrincipalName? = nil, patience: Duration? = nil
    ) async throws(VaultError) -> UploadBuffer {
        guard let sizeClass = classes.firstIndex(where: { $0 >= bytes }) else {
            throw VaultError(.bodyTooLarge)
        }
        switch await admit(classes[sizeClass], owner, patience) {
        case .admitted: break
        case .cancelled: throw VaultError(.deadlineExceeded)
        case .inVain: throw VaultError(.overloaded)
        }
        guard let region = take(sizeClass) else {
            release(sizeClass, owner)
            throw VaultError(.overloaded)
        }
        return UploadBuffer(region: region, sizeClass: sizeClass, owner: owner, pool: self)
    }

    /// Waits for room.
    private func admit(
        _ bytes: Int, _ owner: PrincipalName?, _ patience: Duration?
    ) async -> Wait {
        let ticket: UInt64? = state.withLock { state in
            if state.queue.takeAtOnce(bytes, owner) { return nil }
            state.lastTicket &+= 1
            return state.lastTicket
        }
        guard let ticket else { return .admitted }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (admitted, refusal) = state.withLock { state -> ([Waiter], Wait?) in
                    // A cancellation that came first found nothing to remove.
                    if Task.isCancelled { return ([], .cancelled) }
                    guard state.queue.wait(ticket, bytes, owner) else { return ([], .inVain) }
                    // It finds who waits, however early it goes off: it needs this lock.
                    state.waiting[ticket] = Waiter(
                        resume: continuation, alarm: patience.map { alarm(ticket, after: $0) })
                    return (state.leave(state.queue.admitted()), nil)
                }
                if let refusal { continuation.resume(returning: refusal) }
                for waiter in admitted { waiter.end(.admitted) }
            }
        } onCancel: {
            giveUp(ticket, .cancelled)
        }
    }

    /// Ends a wait that is not over by then; it is cancelled with the wait.
    private func alarm(_ ticket: UInt64, after patience: Duration) -> Task<Void, Never> {
        Task { [weak self] in
            guard (try? await Task.sleep(for: patience)) != nil else { return }
            self?.giveUp(ticket, .inVain)
        }
    }

    /// Whoever waited behind one that leaves may have room now.
    private func giveUp(_ ticket: UInt64, _ wait: Wait) {
        let (leaver, admitted) = state.withLock { state in
            let leaver = state.waiting.removeValue(forKey: ticket)
            if leaver != nil { state.queue.leave(ticket) }
            return (leaver, state.leave(state.queue.admitted()))
        }
        leaver?.end(wait)
        for waiter in admitted { waiter.end(.admitted) }
    }

    private func release(_ sizeClass: Int, _ owner: PrincipalName?) {
        let admitted = state.withLock { state in
            state.queue.giveBack(classes[sizeClass], owner)
            return state.leave(state.queue.admitted())
        }
        for waiter in admitted { waiter.end(.admitted) }
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
    func giveBack(_ region: UploadRegion, sizeClass: Int, owner: PrincipalName?) {
        let keep = state.withLock { state in
            guard state.bytesMapped <= state.queue.budget else {
                state.bytesMapped -= classes[sizeClass]
                return false
            }
            state.free[sizeClass].append(region)
            return true
        }
        if !keep, let base = unsafe region.pages.baseAddress {
            unsafe munmap(base, region.pages.count)
        }
        release(sizeClass, owner)
    }
}
