// What vaultd asks of a worker to see whether its walls stand: to try one act, and to say what came of it.
//
//   0 "IVWP"   4 version   5 act   6 zeros                                   48 bytes, as long as a request's head
//   0 "IVWV"   4 version   5 act   6 outcome   7 zero   8 five versions of three numbers   38 zeros      56 bytes
//
// Most acts end the worker, so that no answer is one. The versions come with ``WorkerAct/none`` alone.

/// What a worker may be asked to try; all but the first are forbidden to it.
package enum WorkerAct: UInt8, Sendable, CaseIterable, Comparable {
    /// Nothing: it says which libraries it has, and lives.
    case none = 0
    case openFile = 1
    case makeSocket = 2
    case startProcess = 3
    case mapCode = 4
    /// More memory than it may have.
    case allocate = 5

    package var name: String {
        switch self {
        case .none: "nothing"
        case .openFile: "open a file"
        case .makeSocket: "make a socket"
        case .startProcess: "start a process"
        case .mapCode: "map code"
        case .allocate: "take too much memory"
        }
    }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

package struct WorkerProbe: Equatable, Sendable {
    package static let byteCount = WorkerRequest.byteCount
    private static let tag = "IVWP"
    package let act: WorkerAct

    package init(_ act: WorkerAct) { self.act = act }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(act.rawValue)
        fields.append([UInt8](repeating: 0, count: Self.byteCount - 6))
        return fields.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        act = try fields.readValue("act")
        try fields.readZeros(Self.byteCount - 6)
    }
}

/// What became of it, where the worker still lives.
package enum WorkerProbeOutcome: UInt8, Sendable, CaseIterable {
    case refused = 0
    case done = 1
}

package struct WorkerProbeAnswer: Equatable, Sendable {
    package static let byteCount = WorkerAnswer.byteCount
    private static let tag = "IVWV"
    /// Those that a worker has, in the order of their numbers.
    package static let libraries: [Library] = [.jpeg, .magic, .zlib, .deflate, .seccomp]

    package let act: WorkerAct
    package let outcome: WorkerProbeOutcome
    /// One for each of ``libraries``; zeros for what it cannot say.
    package let versions: [VersionNumber]

    /// - Parameter versions: of the libraries that say theirs.
    package init(
        to probe: WorkerProbe, _ outcome: WorkerProbeOutcome,
        versions: [Library: VersionNumber] = [:]
    ) {
        act = probe.act
        self.outcome = outcome
        self.versions = Self.libraries.map { versions[$0] ?? VersionNumber(0, 0) }
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(act.rawValue)
        fields.append(outcome.rawValue)
        fields.append(UInt8(0))
        for version in versions { for part in version.parts { fields.append(part) } }
        fields.append([UInt8](repeating: 0, count: Self.byteCount - 8 - 6 * versions.count))
        return fields.bytes
    }

    /// - Throws: ``FormatError``, also for the answer to another act.
    package init(parsing bytes: [UInt8], to probe: WorkerProbe) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        act = try fields.readValue("act")
        outcome = try fields.readValue("outcome")
        try fields.readZeros(1)
        var versions: [VersionNumber] = []
        for _ in Self.libraries {
            versions.append(
                VersionNumber(try fields.read(), try fields.read(), try fields.read()))
        }
        self.versions = versions
        try fields.readZeros(Self.byteCount - 8 - 6 * versions.count)
        guard act == probe.act else { throw .unknownValue(field: "act") }
    }

    /// Of the libraries that said theirs.
    package var found: [LibraryVersion] {
        zip(Self.libraries, versions).compactMap { library, version in
            version == VersionNumber(0, 0) ? nil : LibraryVersion(library, version)
        }
    }
}
