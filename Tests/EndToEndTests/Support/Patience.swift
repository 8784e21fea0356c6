// Waiting without measuring: a test waits for what must come, and gives up only when it never will.

import Foundation
import Glibc

/// Why a test could not go on.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum Patience {
    /// Seconds after which what was awaited is taken to be never: far beyond any busy machine.
    static let seconds = 120
}

/// Asks until there is an answer.
///
/// - Throws: ``TestFailure`` when there never is.
func eventually<T>(_ what: String, _ answer: () throws -> T?) throws -> T {
    let deadline = ContinuousClock.now + .seconds(Patience.seconds)
    while true {
        if let value = try answer() { return value }
        guard ContinuousClock.now < deadline else { throw TestFailure("never came: \(what)") }
        usleep(10_000)
    }
}

/// Waits until a condition holds.
func eventually(_ what: String, _ holds: () throws -> Bool) throws {
    try eventually(what) { try holds() ? () : nil }
}

/// Runs `body` for each number below `count` at the same time, each on a thread of its own, and
/// gives what they made in order.
func together<T: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> T
) throws -> [T] {
    let results = Slots<Result<T, any Error>>(count)
    let group = DispatchGroup()
    for number in 0..<count {
        group.enter()
        let thread = Thread {
            results.set(number, Result { try body(number) })
            group.leave()
        }
        thread.start()
    }
    group.wait()
    return try results.all.map { try $0.get() }
}

/// Values that threads put down, one each.
private final class Slots<Value>: @unchecked Sendable {
    // @unchecked: every access is under the lock.
    private let lock = NSLock()
    private var values: [Value?]

    init(_ count: Int) { values = Array(repeating: nil, count: count) }

    func set(_ place: Int, _ value: Value) { lock.withLock { values[place] = value } }

    var all: [Value] { lock.withLock { values.compactMap { $0 } } }
}
