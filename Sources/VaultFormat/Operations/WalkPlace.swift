/// What a walk does, in this order. The numbers are the catalog's.
package protocol WalkPhase: RawRepresentable<UInt8>, Hashable, Sendable, CaseIterable {}

extension WalkPhase {
    package var next: Self? { Self(rawValue: rawValue + 1) }
}

/// Where work in phases stands: what it does, and how much of that is done. It is the cursor of an operation, which
/// only rises. ObjectFormat §8.
package struct WalkPlace<Phase: WalkPhase>: Hashable, Sendable {
    package let phase: Phase
    /// Of rows the last one that is done, of events how many are; zero before the first.
    package let done: Int64

    private static var doneBits: Int { 56 }

    /// - Throws: ``FormatError/outOfRange(field:)`` for more than any vault has.
    package init(_ phase: Phase, done: Int64 = 0) throws(FormatError) {
        guard (0..<1 << Self.doneBits).contains(done) else { throw .outOfRange(field: "done") }
        self.phase = phase
        self.done = done
    }

    /// - Throws: ``FormatError/unknownValue(field:)`` for a cursor of no phase.
    package init(cursor: Int64) throws(FormatError) {
        guard let number = UInt8(exactly: cursor >> Self.doneBits),
            let phase = Phase(rawValue: number)
        else { throw .unknownValue(field: "phase") }
        self.phase = phase
        done = cursor & (1 << Self.doneBits - 1)
    }

    package var cursor: Int64 { Int64(phase.rawValue) << Self.doneBits | done }
}
