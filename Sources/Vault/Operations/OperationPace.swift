// How fast the work goes, as far as this daemon has seen it: nothing of it is kept. A scrub works beside another
// operation, so that there is more than one pace.

import Synchronization
import VaultFormat

final class OperationPace: Sendable {
    private struct Mark {
        let operation: OperationID
        /// What ``OperationProgress/done`` is counted in: it begins anew with each.
        let total: Int
        let begunMicroseconds: Int64
        let begunDone: Int
        var micros: Int64
        var done: Int
    }

    /// The operations that went on last, in the order in which they came.
    private let marks = Mutex<[Mark]>([])

    func note(_ operation: OperationRow, atMicroseconds now: Int64) {
        let progress = operation.progress
        marks.withLock { marks in
            let place = marks.firstIndex { $0.operation == operation.operation }
            if let place, marks[place].total == progress.total, marks[place].done <= progress.done {
                marks[place].micros = now
                marks[place].done = progress.done
                return
            }
            if let place {
                marks.remove(at: place)
            } else if marks.count >= Limits.operationPaces {
                marks.removeFirst()
            }
            marks.append(
                Mark(
                    operation: operation.operation, total: progress.total,
                    begunMicroseconds: now, begunDone: progress.done, micros: now,
                    done: progress.done))
        }
    }

    /// Items a second; nil until there are two marks to tell it by.
    func rate(of operation: OperationRow) -> Double? {
        marks.withLock { marks in
            guard let mark = marks.first(where: { $0.operation == operation.operation }),
                mark.micros > mark.begunMicroseconds, mark.done > mark.begunDone
            else { return nil }
            return Double(mark.done - mark.begunDone) * 1_000_000
                / Double(mark.micros - mark.begunMicroseconds)
        }
    }
}
