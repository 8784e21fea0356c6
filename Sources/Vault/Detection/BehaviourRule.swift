package import VaultFormat

/// A rule on behaviour: pure, fed with the events in their order, with no clock but theirs.
package protocol BehaviourRule: Sendable {
    var rule: DetectionRule { get }
    /// Takes an event in.
    ///
    /// - Returns: what is out of order now. A rule says so again with each event that adds to it: streaks make one
    ///   alarm of that.
    mutating func see(_ event: Observation) -> [Sighting]
    /// Begins anew, as where the clock was put back.
    mutating func forget()
}

/// Something that is out of order, as of one event.
package struct Sighting: Hashable, Sendable {
    package let subject: AlarmSubject
    /// The event that a streak would begin with.
    package let first: UInt64
    /// How many there are by now.
    package let count: Int

    package init(_ subject: AlarmSubject, first: UInt64, count: Int) {
        self.subject = subject
        self.first = first
        self.count = count
    }
}

/// What is remembered of each of many, in bounded memory.
struct SubjectTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Row: Sendable {
        var value: Value
        var seenMicroseconds: Int64
    }

    private let capacity: Int
    private var rows: [Key: Row] = [:]

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { rows.count }

    /// Changes what is remembered of `key`, at first what `new` makes.
    mutating func update<R>(
        _ key: Key, at now: Int64, orElse new: () -> Value, _ body: (inout Value) -> R
    ) -> R {
        if rows[key] == nil {
            if rows.count >= capacity { forgetQuietest() }
            rows[key] = Row(value: new(), seenMicroseconds: now)
        }
        var row = rows.removeValue(forKey: key) ?? Row(value: new(), seenMicroseconds: now)
        row.seenMicroseconds = now
        let result = body(&row.value)
        rows[key] = row
        return result
    }

    /// A quarter at once, so that it is seldom done.
    private mutating func forgetQuietest() {
        let oldest = rows.sorted { $0.value.seenMicroseconds < $1.value.seenMicroseconds }
        for (key, _) in oldest.prefix((rows.count + 3) / 4) { rows[key] = nil }
    }

    mutating func removeAll() { rows = [:] }
}
