// What a worker says once, before its first request: 16 bytes.
//
//   0 "IVWH"   4 version   5 stage   6 Landlock ABI   7 zeros
//
// Only `ready` is followed by service; every other stage is where the worker gave up.

package enum WorkerStage: UInt8, Sendable, CaseIterable {
    /// libmagic is loaded and every wall stands.
    case ready = 0
    case limitsFailed = 1
    case filesFailed = 2
    case callsFailed = 3
    /// The process could not be hardened before its libraries were loaded.
    case hardeningFailed = 4
    /// libmagic or its database is missing.
    case magicMissing = 5
}

package struct WorkerGreeting: Equatable, Sendable {
    package static let byteCount = 16
    private static let tag = "IVWH"

    package let stage: WorkerStage
    /// The Landlock interface in force; 0 where the kernel has none.
    package let landlockABI: UInt8

    package init(stage: WorkerStage, landlockABI: UInt8) {
        self.stage = stage
        self.landlockABI = landlockABI
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(stage.rawValue)
        fields.append(landlockABI)
        fields.append([UInt8](repeating: 0, count: 9))
        return fields.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        stage = try fields.readValue("stage")
        landlockABI = try fields.read()
        try fields.readZeros(9)
    }
}
