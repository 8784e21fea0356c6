// What a worker says about an image: 56 bytes of enumerations and numbers, never a string.
//
//   0 "IVWA"   4 version   5 detected type   6 outcome   7 decode outcome
//   8 request number   16 inflated bytes   24 pixels   32 CPU µs   40 peak memory KiB   48 zeros
//
// An answer can only add a refusal. The numbers are for the log and the metrics; nothing is
// allocated, indexed or decided by them, since a worker that was taken over can choose them.

/// What libmagic made of the first bytes.
package enum DetectedType: UInt8, Sendable, CaseIterable {
    case other = 0
    case jpeg = 1
    case png = 2

    package init(_ type: ImageType) {
        switch type {
        case .jpeg: self = .jpeg
        case .png: self = .png
        }
    }
}

package enum WorkerOutcome: UInt8, Sendable, CaseIterable {
    /// Nothing to object, at the level that was asked for.
    case sound = 1
    /// libmagic sees another type than the one claimed; nothing was decoded.
    case typeDisagrees = 2
    /// The decode outcome says why.
    case decodeRefused = 3
}

/// How decoding ended. Each refusal names the one thing that was wrong first.
package enum DecodeOutcome: UInt8, Sendable, CaseIterable {
    case notAsked = 0
    case sound = 1
    /// libjpeg-turbo gave up.
    case jpegBroken = 2
    /// libjpeg-turbo warned: damaged or missing data.
    case jpegDamaged = 3
    case tooManyPixels = 4
    case tooManyScans = 5
    /// Coefficients or text beyond the room a worker has.
    case tooMuchMemory = 6
    /// The walk in the worker refuses what vaultd's should have refused before.
    case structureRefused = 7
    /// Pixel data that does not inflate.
    case pixelsDamaged = 8
    case pixelsTooFew = 9
    case pixelsTooMany = 10
    case bytesAfterPixels = 11
    case unknownFilter = 12
    case frameOutsideCanvas = 13
    /// A compressed text that does not inflate.
    case textDamaged = 14
    case textTooLong = 15
    /// The inflated text hides a script or markup.
    case textHidden = 16
}

package struct WorkerAnswer: Equatable, Sendable {
    package static let byteCount = 56
    private static let tag = "IVWA"

    package let number: UInt64
    package let detectedType: DetectedType
    package let outcome: WorkerOutcome
    package let decode: DecodeOutcome
    package let measures: WorkerMeasures

    /// An answer to `request`. The outcome follows from the other two.
    package init(
        to request: WorkerRequest, detectedType: DetectedType, decode: DecodeOutcome,
        measures: WorkerMeasures
    ) {
        number = request.number
        self.detectedType = detectedType
        self.decode = decode
        self.measures = measures
        outcome =
            detectedType != DetectedType(request.claimedType)
            ? .typeDisagrees : decode == .sound || decode == .notAsked ? .sound : .decodeRefused
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(detectedType.rawValue)
        fields.append(outcome.rawValue)
        fields.append(decode.rawValue)
        fields.append(number)
        fields.append(measures.inflatedBytes)
        fields.append(measures.pixels)
        fields.append(measures.cpuMicroseconds)
        fields.append(measures.peakMemoryKiB)
        fields.append([UInt8](repeating: 0, count: 8))
        return fields.bytes
    }

    /// - Throws: ``FormatError``, also for another request's answer and where the three
    ///   enumerations cannot be true together.
    package init(parsing bytes: [UInt8], to request: WorkerRequest) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        let detected: DetectedType = try fields.readValue("detectedType")
        let outcome: WorkerOutcome = try fields.readValue("outcome")
        let decode: DecodeOutcome = try fields.readValue("decode")
        let number: UInt64 = try fields.read()
        let measures = WorkerMeasures(
            inflatedBytes: try fields.read(), pixels: try fields.read(),
            cpuMicroseconds: try fields.read(), peakMemoryKiB: try fields.read())
        try fields.readZeros(8)
        guard number == request.number else { throw .unknownValue(field: "number") }
        self.init(to: request, detectedType: detected, decode: decode, measures: measures)
        let decoded = request.level == .decode && self.outcome != .typeDisagrees
        guard self.outcome == outcome, decoded == (decode != .notAsked) else {
            throw .notCanonical(field: "outcome")
        }
    }
}

/// What an inspection cost, in the worker's own words.
package struct WorkerMeasures: Equatable, Sendable {
    package var inflatedBytes: UInt64
    package var pixels: UInt64
    package var cpuMicroseconds: UInt64
    package var peakMemoryKiB: UInt64

    package init(
        inflatedBytes: UInt64 = 0, pixels: UInt64 = 0, cpuMicroseconds: UInt64 = 0,
        peakMemoryKiB: UInt64 = 0
    ) {
        self.inflatedBytes = inflatedBytes
        self.pixels = pixels
        self.cpuMicroseconds = cpuMicroseconds
        self.peakMemoryKiB = peakMemoryKiB
    }
}
