// What may be measured, said before anything is: a name and labels that nobody foresaw are no measure, so that a
// label never holds what a caller wrote, and a page never grows with those who call.

import VaultAPI
import VaultFormat

/// One measure that a ``MeasureRegister`` keeps.
package struct MeasureShape: Sendable {
    enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// With its bounds, in the unit that it is told in.
        case histogram(bounds: [UInt64], MetricFamily.Unit)
    }

    let name: String
    let kind: Kind
    /// One sentence.
    let help: String
    /// The labels in their order, each with all that it may say.
    let labels: [(name: String, values: Set<String>)]

    func allows(_ dimensions: [(String, String)]) -> Bool {
        dimensions.count == labels.count
            && zip(dimensions, labels).allSatisfy { $0.0 == $1.name && $1.values.contains($0.1) }
    }

    /// Those of `vaultd`.
    package static let all: [MeasureShape] = [
        MeasureShape(
            name: RequestMeasures.durations,
            kind: .histogram(bounds: Limits.requestMicroseconds, .microseconds),
            help:
                "From a request's head to the end of its answer, with the time that its sender took, by verb "
                + "and by what came of it.",
            labels: [
                ("verb", Set(VerbLabel.allCases.map(\.text))),
                ("outcome", Set(RequestOutcome.allCases.map(\.rawValue))),
            ]),
        MeasureShape(
            name: RequestMeasures.inFlight, kind: .gauge,
            help: "Requests that are being answered now.", labels: []),
    ]
}
