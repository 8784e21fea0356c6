// BenchSupport: clocks, and images that are like photos to whoever reads their bytes.

import Glibc
import VaultTestKit

enum BenchClock {
    /// Seconds of the monotonic clock.
    static func now() -> Double { read(CLOCK_MONOTONIC) }

    /// Seconds of CPU of this thread.
    static func threadCPU() -> Double { read(CLOCK_THREAD_CPUTIME_ID) }

    static func wall(_ body: () -> Void) -> Double { seconds(by: CLOCK_MONOTONIC, body) }

    static func threadCPU(_ body: () -> Void) -> Double {
        seconds(by: CLOCK_THREAD_CPUTIME_ID, body)
    }

    private static func seconds(by clock: clockid_t, _ body: () -> Void) -> Double {
        let started = read(clock)
        body()
        return read(clock) - started
    }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        // The pointer is to a local.
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds of CPU of this process and of every child that has been waited for, theirs included.
    static func cpu() -> Double {
        [RUSAGE_SELF.rawValue, RUSAGE_CHILDREN.rawValue].reduce(0) { sum, who in
            var usage = rusage()
            // The pointer is to a local.
            _ = unsafe getrusage(who, &usage)
            return sum + seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}

enum BenchImage {
    /// A sound baseline JPEG of about so many bytes, as dense as a photo of a million pixels.
    static func jpeg(bytes: Int) -> [UInt8] {
        var image = TestJPEG.baseline
        image.coefficients = 16
        image.width = 1_024
        image.height = 16
        let stripe = image.bytes.count
        image.height = 16 * (bytes / stripe)
        return image.bytes
    }

    /// The structure of a JPEG of 12 million pixels around random data, with stuffed bytes where
    /// chance put 0xFF. Nothing decodes it: the walk does not look.
    static func photo(bytes: Int) -> [UInt8] {
        var random = TestRandom(seed: 1)
        var data = random.bytes(bytes)
        for index in data.indices.dropLast() where data[index] == 0xFF { data[index + 1] = 0 }
        data[data.count - 1] = 0
        return TestJPEG.baseline.parts
            .changing(0xC0) { $0.replaceSubrange(1..<5, with: [0x0B, 0xB8, 0x0F, 0xA0]) }
            .changingData { $0 = data }.bytes
    }

    static var png: [UInt8] {
        var image = TestPNG.color
        (image.width, image.height, image.dataChunks) = (2_000, 1_666, 1_200)
        return image.bytes
    }
}

extension [Double] {
    var mean: Double { reduce(0, +) / Double(count) }
    var median: Double { sorted()[count / 2] }
}
