// Traces for the rules: what a log would say, made from a seed.

import Vault
import VaultFormat
import VaultTestKit

/// Events in their order, with times that a test sets.
struct DetectionTrace {
    static let web = try? PrincipalName("web")
    private(set) var events: [Observation] = []
    var now: Int64 = 1_800_000_000_000_000
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func actor(_ number: Int) -> Pseudonym {
        Pseudonym(
            checked: [UInt8](repeating: 0, count: 14) + [UInt8(number >> 8), UInt8(number & 255)])
    }

    static func image(_ number: Int) -> ImageID {
        ImageID(
            checked: [UInt8](repeating: 0, count: 28)
                + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) })
    }

    mutating func wait(seconds: Double) { now += Int64(seconds * 1_000_000) }

    mutating func add(
        _ action: EventAction, by principal: String? = "web", actor: Int? = nil,
        code: ErrorCode? = nil, image: Int? = nil, _ more: (inout Observation) -> Void = { _ in }
    ) {
        var event = Observation(action, index: UInt64(events.count), atMicroseconds: now)
        event.principal = principal.flatMap { try? PrincipalName($0) }
        event.actor = actor.map(Self.actor)
        event.outcome = code == nil ? .done : .refused
        event.code = code
        event.namespace = .standard
        event.image = image.map(Self.image)
        more(&event)
        events.append(event)
    }

    /// Some minutes of what is usual: twelve people look at pictures, some store some, few delete one, and now and
    /// then somebody follows an old link or uploads what is none.
    mutating func normal(minutes: Int, readsPerMinute: Int = 60) {
        for _ in 0..<minutes {
            let begun = now
            for request in 0..<readsPerMinute {
                now = begun + Int64(request) * 60_000_000 / Int64(readsPerMinute)
                let actor = Int(random.next() % 12)
                switch random.next() % 100 {
                case 0: add(.imageDelete, actor: actor, image: Int(random.next() % 1000))
                case 1:
                    add(
                        .readBegun, actor: actor, code: .unknownImage, image: Int(random.next() % 4)
                    )
                case 2: add(.imagePut, actor: actor, code: .imageRefused)
                case 3..<15: add(.imagePut, actor: actor, image: Int(random.next() % 1000))
                case 15..<20: add(.imageList, actor: actor)
                default: add(.readBegun, actor: actor, image: Int(random.next() % 1000))
                }
            }
            now = begun + 60_000_000
        }
    }

    /// What the rules make of it.
    func changes(off: Set<DetectionRule> = []) -> [AlarmChange] {
        var detector = Detector(off: off)
        return events.flatMap { detector.see($0) }
    }

    func alarms(off: Set<DetectionRule> = []) -> [Alarm] {
        changes(off: off).compactMap { if case .raised(let alarm) = $0 { alarm } else { nil } }
    }
}
