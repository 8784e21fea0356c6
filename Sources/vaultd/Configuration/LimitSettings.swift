// How much is too much: `limits`. What is not set is as AccessLimits says.

import Foundation
import Vault
import VaultFormat

enum LimitSettings {
    private static let failures = "limits.failures"
    /// Where a rate may stand.
    private static let places =
        LimitClass.allCases.flatMap { ["limits.\($0.rawValue)", "limits.actors.\($0.rawValue)"] }
        + ["limits.strangers", "limits.checks"]

    /// Where bytes are counted: those of images.
    private static let weighed: Set<String> = Set(
        [LimitClass.read, .write].flatMap {
            ["limits.\($0.rawValue)", "limits.actors.\($0.rawValue)"]
        })

    /// Every key that is read here.
    static let known = Set(
        places.flatMap { place in
            ["\(place).requests_per_minute", "\(place).burst"]
                + (weighed.contains(place) ? ["\(place).bytes_per_second"] : [])
        } + ["\(failures).lock_after", "\(failures).window_minutes", "\(failures).lock_minutes"])

    static func limits(_ source: SettingsSource) async throws -> AccessLimits {
        var limits = AccessLimits()
        // What is more than the cores can do waits for one, and has everybody else wait for one.
        limits.turnsBeside = max(
            limits.turnsBeside, ProcessInfo.processInfo.activeProcessorCount)
        for limit in LimitClass.allCases {
            limits.principals[limit] = try await rate(
                source, "limits.\(limit.rawValue)", orElse: limits.principals[limit])
            limits.actors[limit] = try await rate(source, "limits.actors.\(limit.rawValue)")
        }
        limits.strangers =
            try await rate(source, "limits.strangers", orElse: limits.strangers)
            ?? limits.strangers
        limits.checks =
            try await rate(source, "limits.checks", orElse: limits.checks) ?? limits.checks
        let minutes = { (key: String, standard: Int64) async throws -> Int64 in
            try await source.number("\(failures).\(key)", in: Limits.lockoutMinutes)
                .map { Int64($0) * 60_000_000 } ?? standard
        }
        limits.failures = FailureTracker.Rules(
            failures: try await source.number(
                "\(failures).lock_after", in: Limits.lockoutFailures) ?? limits.failures.failures,
            windowMicroseconds: try await minutes(
                "window_minutes", limits.failures.windowMicroseconds),
            lockMicroseconds: try await minutes("lock_minutes", limits.failures.lockMicroseconds))
        return limits
    }

    private static func rate(
        _ source: SettingsSource, _ place: String, orElse standard: Rate? = nil
    ) async throws -> Rate? {
        let requests = try await source.number(
            "\(place).requests_per_minute", in: Limits.requestsPerMinute)
        let burst = try await source.number("\(place).burst", in: Limits.requestBurst)
        let bytes =
            weighed.contains(place)
            ? try await source.number("\(place).bytes_per_second", in: Limits.bytesPerSecond) : nil
        guard requests != nil || burst != nil || bytes != nil else { return standard }
        guard let requests = requests ?? standard?.requestsPerMinute else {
            throw SettingsError("\(place).requests_per_minute is missing")
        }
        return Rate(
            requestsPerMinute: requests,
            // A second's worth may come at once.
            burst: burst ?? max(standard?.burst ?? 1, requests / 60), bytesPerSecond: bytes)
    }
}
