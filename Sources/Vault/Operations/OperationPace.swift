// How fast the work goes, as far as this daemon has seen it: nothing of it is kept.

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

    private let mark = Mutex<Mark?>(nil)

    func note(_ operation: OperationRow, atMicroseconds now: Int64) {
        let progress = operation.progress
        mark.withLock { mark in
            if let known = mark, known.operation == operation.operation,
                known.total == progress.total, known.done <= progress.done
            {
                mark?.micros = now
                mark?.done = progress.done
            } else {
                mark = Mark(
                    operation: operation.operation, total: progress.total,
                    begunMicroseconds: now, begunDone: progress.done, micros: now,
                    done: progress.done)
            }
        }
    }

    /// Items a second; nil until there are two marks to tell it by.
    func rate(of operation: OperationRow) -> Double? {
        mark.withLock { mark in
            guard let mark, mark.operation == operation.operation,
                mark.micros > mark.begunMicroseconds, mark.done > mark.begunDone
            else { return nil }
            return Double(mark.done - mark.begunDone) * 1_000_000
                / Double(mark.micros - mark.begunMicroseconds)
        }
    }
}
