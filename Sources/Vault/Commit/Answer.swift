// Who waits for a change, and who has stopped waiting for it.

import Synchronization

/// Whoever waits for a change: told once, by whoever comes first.
final class Answer: Sendable {
    private let tell: Mutex<(@Sendable (Result<Committed, VaultError>) -> Void)?>

    init(_ tell: @escaping @Sendable (Result<Committed, VaultError>) -> Void) {
        self.tell = Mutex(tell)
    }

    func give(_ result: Result<Committed, VaultError>) {
        tell.withLock { tell in
            defer { tell = nil }
            return tell
        }?(result)
    }
}

/// Whether whoever asked for a change has stopped waiting for it.
final class Abandonment: Sendable {
    private let declared = Atomic(false)
    var isDeclared: Bool { declared.load(ordering: .relaxed) }
    func declare() { declared.store(true, ordering: .relaxed) }
}
