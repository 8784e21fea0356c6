// What vaultd asks of a worker: a head of 48 bytes, then as much of the image as the level needs.
//
//   0 "IVWQ"   4 version   5 level   6 claimed type   7 zero   8 request number
//   16 bytes of the image   24 pixels allowed   32 decoded pixels allowed   40 scans allowed
//
// The bytes that follow are not a field of their own: level and image length determine them.

package struct WorkerRequest: Equatable, Sendable {
    package static let byteCount = 48
    private static let tag = "IVWQ"

    /// Ties an answer to its question; a worker that mixes them up is killed.
    package let number: UInt64
    package let level: InspectionLevel
    package let claimedType: ImageType
    /// The image's whole length.
    package let imageBytes: UInt64
    package let budget: WorkerBudget

    /// - Throws: ``FormatError/outOfRange(field:)`` for an empty image or one too long.
    package init(
        number: UInt64, level: InspectionLevel, claimedType: ImageType, imageBytes: UInt64,
        budget: WorkerBudget
    ) throws(FormatError) {
        guard (1...Limits.workerImageBytes).contains(imageBytes) else {
            throw .outOfRange(field: "imageBytes")
        }
        self.number = number
        self.level = level
        self.claimedType = claimedType
        self.imageBytes = imageBytes
        self.budget = budget
    }

    /// How many bytes of the image follow the head.
    package var bodyBytes: Int {
        switch level {
        case .structure: Int(min(imageBytes, Limits.workerMagicBytes))
        case .decode: Int(imageBytes)
        }
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(level.rawValue)
        fields.append(claimedType.rawValue)
        fields.append(UInt8(0))
        fields.append(number)
        fields.append(imageBytes)
        fields.append(budget.pixels)
        fields.append(budget.decodedPixels)
        fields.append(budget.scans)
        return fields.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        let level: InspectionLevel = try fields.readValue("level")
        let type: ImageType = try fields.readValue("claimedType")
        try fields.readZeros(1)
        let number: UInt64 = try fields.read()
        let imageBytes: UInt64 = try fields.read()
        let budget = try WorkerBudget(
            pixels: try fields.read(), decodedPixels: try fields.read(),
            scans: try fields.read())
        try self.init(
            number: number, level: level, claimedType: type, imageBytes: imageBytes,
            budget: budget)
    }
}

/// What one image may cost to decode; a decoder that would go beyond refuses it early.
package struct WorkerBudget: Equatable, Sendable {
    /// Pixels of the canvas, and of each further picture.
    package let pixels: UInt64
    /// Pixels visited: scans times pixels of a JPEG, the sum of the frames of a PNG.
    package let decodedPixels: UInt64
    package let scans: UInt64

    /// - Throws: ``FormatError/outOfRange(field:)`` beyond `Limits`: sums and products of these
    ///   numbers must stay far inside 64 bits.
    package init(pixels: UInt64, decodedPixels: UInt64, scans: UInt64) throws(FormatError) {
        guard (1...Limits.workerPixels).contains(pixels) else {
            throw .outOfRange(field: "pixels")
        }
        guard (1...Limits.workerDecodedPixels).contains(decodedPixels) else {
            throw .outOfRange(field: "decodedPixels")
        }
        guard (1...Limits.workerScans).contains(scans) else { throw .outOfRange(field: "scans") }
        self.pixels = pixels
        self.decodedPixels = decodedPixels
        self.scans = scans
    }

    /// What the operator's policy allows, brought back to `Limits` where it goes beyond.
    package init(_ policy: InspectionPolicy) {
        pixels = min(UInt64(clamping: max(policy.maxPixels, 1)), Limits.workerPixels)
        decodedPixels = min(
            UInt64(clamping: max(policy.maxDecodedPixels, 1)), Limits.workerDecodedPixels)
        scans = min(UInt64(clamping: max(policy.maxScans, 1)), Limits.workerScans)
    }
}
