// How far a transfer is: bytes, rate and time left, on one line that is drawn over and over.
//
// Only on a terminal, and only where there is something to wait for. Lines of results and notes
// pass through here so that they never mix with the bar.

import Synchronization
import VaultFormat

final class ProgressBar: Sendable {
    private static let drawsEvery = Duration.milliseconds(100)
    private static let cells = 20

    private struct State {
        var doneBytes = 0
        var doneFiles = 0
        var isDrawn = false
        var lastDraw: ContinuousClock.Instant?
    }

    private let totalBytes: Int
    private let totalFiles: Int
    private let isShown: Bool
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(totalBytes: Int, totalFiles: Int) {
        self.totalBytes = totalBytes
        self.totalFiles = totalFiles
        isShown =
            Output.notesAreOnTerminal && (totalFiles > 1 || totalBytes > Limits.progressBytes)
    }

    func advance(bytes: Int) {
        state.withLock { state in
            state.doneBytes += bytes
            draw(&state)
        }
    }

    func finishFile() {
        state.withLock { state in
            state.doneFiles += 1
            draw(&state)
        }
    }

    /// Says something without the bar in its way.
    func aside(_ say: () -> Void) {
        state.withLock { state in
            clear(&state)
            say()
        }
    }

    func end() {
        state.withLock { clear(&$0) }
    }

    var elapsed: Duration { ContinuousClock.now - started }

    private func clear(_ state: inout State) {
        guard state.isDrawn else { return }
        Output.control("\r\u{1B}[K")
        state.isDrawn = false
        state.lastDraw = nil
    }

    private func draw(_ state: inout State) {
        let now = ContinuousClock.now
        if let last = state.lastDraw, now - last < Self.drawsEvery { return }
        guard isShown else { return }
        Output.control("\r\u{1B}[K" + text(state, seconds: (now - started) / .seconds(1)))
        state.isDrawn = true
        state.lastDraw = now
    }

    private func text(_ state: State, seconds: Double) -> String {
        // A repeated upload counts its bytes again: never more than the whole.
        let done = min(state.doneBytes, totalBytes)
        let share = totalBytes > 0 ? Double(done) / Double(totalBytes) : 1
        let filled = Int(share * Double(Self.cells))
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: "-", count: Self.cells - filled)
        var parts = [
            "[\(bar)]", "\(Int(share * 100)) %",
            "\(Units.bytes(done)) of \(Units.bytes(totalBytes))",
        ]
        if seconds > 0.5, done > 0 {
            let rate = Double(done) / seconds
            parts.append("\(Units.bytes(Int(rate)))/s")
            parts.append("\(Units.clock(seconds: Int(Double(totalBytes - done) / rate))) left")
        }
        if totalFiles > 1 { parts.append("\(state.doneFiles)/\(totalFiles) files") }
        return parts.joined(separator: "  ")
    }
}
