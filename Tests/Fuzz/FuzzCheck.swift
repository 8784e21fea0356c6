// FuzzCheck: what every target shares: a rule that does not hold ends the process, which libFuzzer
// records as a crash; and the bounds of time and memory for one run.

import CFuzz
import Glibc

enum FuzzCheck {
    /// Seconds of CPU for one run whatever its size, under a sanitizer on a slow machine.
    private static let fewestSeconds = 0.25
    /// Seconds of CPU a byte: work that grows with the square of the size passes it soon.
    private static let secondsPerByte = 0.000_02

    /// Seconds of CPU after which a run counts as endless.
    private static let hangSeconds: Int32 = 20

    static func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
        guard holds else { fatalError(rule()) }
    }

    /// Runs the body and holds it to its bounds: linear time, and `heapBytes` at once.
    static func bounded<Result>(
        size: Int, heapBytes: Int, _ body: () -> Result
    ) -> Result {
        let started = cpuSeconds()
        fuzz_meter_start(hangSeconds)
        let result = body()
        let peak = fuzz_meter_peak()
        let seconds = cpuSeconds() - started
        require(peak <= heapBytes, "\(peak) bytes of heap for \(size), \(heapBytes) allowed")
        let most = fewestSeconds + secondsPerByte * Double(size)
        require(seconds <= most, "\(seconds) seconds of CPU for \(size) bytes")
        return result
    }

    /// The thread's own clock: a paused or crowded machine does not count.
    private static func cpuSeconds() -> Double {
        var time = timespec()
        // The pointer is to a local.
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
