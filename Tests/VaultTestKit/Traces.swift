// What rules saw of an hour of usual traffic against a real daemon: Tools/traffic --replay wrote it, and says how a
// line reads.

import Foundation
package import Vault
import VaultFormat

package enum Traces {
    /// The hour of `Tools/traffic --seed 11`.
    package static func hour() throws -> [Observation] {
        let url = Bundle.module.url(
            forResource: "hour", withExtension: "txt", subdirectory: "Traces")
        guard let url else { throw CocoaError(.fileNoSuchFile) }
        var now: Int64 = 1_800_000_000_000_000
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").enumerated()
            .map { index, line in
                let words = line.split(separator: " ").map { String($0) }
                guard words.count == 7, let wait = Int64(words[0]),
                    let action = EventAction(name: words[1])
                else { throw CocoaError(.fileReadCorruptFile) }
                now += wait * 1000
                var event = Observation(action, index: UInt64(index), atMicroseconds: now)
                event.code = ErrorCode(rawValue: words[2])
                event.outcome = event.code == nil ? .done : .refused
                event.principal = try? PrincipalName(words[3])
                event.actor = UInt64(words[4]).map { Pseudonym(checked: bytes(of: $0, 16)) }
                event.image = UInt64(words[5]).map { ImageID(checked: bytes(of: $0, 32)) }
                event.namespace = event.image == nil ? nil : .standard
                event.indexes = UInt64(words[6]).map { 0..<$0 }
                // One of the traffic's exports; whoever takes part in it is one user.
                event.uid = 0
                return event
            }
    }

    /// An identifier of so many bytes for a number.
    package static func bytes(of number: UInt64, _ count: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: count - 8)
            + (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }
}
