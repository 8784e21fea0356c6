// Randomness that a failed test can be run again with.

import Foundation
import VaultFormat

/// SplitMix64. Each property test prints the seed it began with; `IMAGEVAULT_TEST_SEED` sets it.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package let seed: UInt64

    /// - Parameter test: the name that is printed beside the seed.
    package init(_ test: String = #function) {
        let asked = ProcessInfo.processInfo.environment["IMAGEVAULT_TEST_SEED"].flatMap(UInt64.init)
        seed = asked ?? UInt64.random(in: .min ... .max)
        state = seed
        print("\(test): IMAGEVAULT_TEST_SEED=\(seed)")
    }

    /// For a test that runs with several seeds, of which it names each.
    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    package mutating func text(of digits: String, _ counts: ClosedRange<Int>) -> String {
        let digits = Array(digits)
        let count = Int.random(in: counts, using: &self)
        return String((0..<count).map { _ in digits[Int.random(in: digits.indices, using: &self)] })
    }
}
