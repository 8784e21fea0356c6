// How long requests take and how many there are at once. A request costs two atomics and two locks.

package import CoreMetrics
import Synchronization
import VaultFormat

/// What came of a request: in three words, because more would be a line each for every verb.
enum RequestOutcome: String, CaseIterable, Sendable {
    case ok
    /// A no, as it should be: a status of 4xx.
    case refused
    /// The vault could not do what it should, or the answer did not get to its end.
    case failed
}

/// A verb as measures call it: by the name that a policy has for it, or its own where a policy has none.
enum VerbLabel: Hashable, Sendable, CaseIterable {
    case named(VerbName)
    case health, ready, version, whoami, contract
    /// For a request that was refused before it was known what it asks for.
    case unknown

    static let allCases: [VerbLabel] =
        [.unknown, .health, .ready, .version, .whoami, .contract]
        + VerbName.allCases.map { .named($0) }

    var text: String {
        switch self {
        case .named(let name): name.rawValue
        case .health: "health"
        case .ready: "ready"
        case .version: "version"
        case .whoami: "whoami"
        case .contract: "contract"
        case .unknown: "unknown"
        }
    }

    /// Its place among ``allCases``.
    var place: Int { Self.places[self] ?? 0 }

    private static let places = Dictionary(
        uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

extension Verb {
    var label: VerbLabel {
        switch self {
        case .health: .health
        case .ready: .ready
        case .version: .version
        case .whoami: .whoami
        case .contract: .contract
        default: name.map { .named($0) } ?? .unknown
        }
    }
}

/// Which verb a request has turned out to ask for: set by who admits it, read by who measures it.
final class RequestProgress: Sendable {
    private let place = Atomic(0)

    var verb: VerbLabel { VerbLabel.allCases[place.load(ordering: .relaxed)] }

    func asks(for verb: Verb) { place.store(verb.label.place, ordering: .relaxed) }
}

/// The measures of every request, made before the first one comes.
package final class RequestMeasures: Sendable {
    static let durations = "imagevault_request_duration_seconds"
    static let inFlight = "imagevault_requests_in_flight"

    /// By verb, then by outcome.
    private let timers: [[Timer]]
    private let meter: Meter
    private let recent = RecentRequests()
    private let begun = ContinuousClock.now

    package init(_ factory: any MetricsFactory) {
        timers = VerbLabel.allCases.map { verb in
            RequestOutcome.allCases.map { outcome in
                Timer(
                    label: Self.durations,
                    dimensions: [("verb", verb.text), ("outcome", outcome.rawValue)],
                    factory: factory)
            }
        }
        meter = Meter(label: Self.inFlight, factory: factory)
    }

    func began() { meter.increment() }

    func ended(_ verb: VerbLabel, _ outcome: RequestOutcome, after duration: Duration) {
        meter.decrement()
        let microseconds = duration.wholeMicroseconds
        timers[verb.place][outcome.place].recordMicroseconds(microseconds)
        recent.count(verb, outcome, at: second)
    }

    /// Of the last ``RecentRequests/seconds``, or since the start where that was later.
    var lastMinute: (seconds: Int, counts: RecentRequests.Counts) {
        let second = second
        return (Int(min(second + 1, RecentRequests.seconds)), recent.counts(at: second))
    }

    private var second: Int64 { (ContinuousClock.now - begun).components.seconds }
}

extension RequestOutcome {
    fileprivate var place: Int {
        switch self {
        case .ok: 0
        case .refused: 1
        case .failed: 2
        }
    }
}
