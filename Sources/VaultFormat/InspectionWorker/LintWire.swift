// What `vaultctl inspect` asks of a `vaultinspect --lint` and hears from it, without a daemon: a head of
// 320 bytes, then the image; an answer of 320 bytes. It greets first, as a worker does. Both programs come
// from one build. Fixed width like a worker's messages; the texts stand behind a byte with their length and
// are filled up with zeros.
//
//   request  0 "IVLQ"  4 version  5 level  6 trailer  7 metadata  8 animation  9 types  10 zeros
//            16 bytes of the image, of an upload, pixels, scans, bytes of metadata  56 zeros  64 name
//   answer   0 "IVLA"  4 version  5 accepted  6 type  7 level  8 inspector  12 flags
//            14 transformations  16 width, height, bytes stored  40 zeros  64 findings

package struct LintRequest: Equatable, Sendable {
    package static let byteCount = 320
    private static let tag = "IVLQ"

    package let policy: InspectionPolicy
    package let imageBytes: UInt64
    package let name: FileName

    /// - Throws: ``FormatError/outOfRange(field:)`` for an empty image or one too long for a worker.
    package init(
        policy: InspectionPolicy, imageBytes: UInt64, name: FileName
    ) throws(FormatError) {
        guard (1...Limits.workerImageBytes).contains(imageBytes) else {
            throw .outOfRange(field: "imageBytes")
        }
        self.policy = policy
        self.imageBytes = imageBytes
        self.name = name
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(policy.level.rawValue)
        fields.append(UInt8(policy.trailer == .truncate ? 1 : 0))
        fields.append(UInt8(policy.metadata == .strip ? 1 : 0))
        fields.append(UInt8(policy.allowsAnimation ? 1 : 0))
        fields.append(policy.allowedTypes.reduce(UInt8(0)) { $0 | 1 << $1.rawValue })
        fields.append([UInt8](repeating: 0, count: 6))
        fields.append(imageBytes)
        for bound in [
            policy.maxBytes, policy.maxPixels, policy.maxScans, policy.maxMetadataBytes,
        ] { fields.append(UInt64(clamping: bound)) }
        fields.append([UInt8](repeating: 0, count: 8))
        fields.appendText(Array(name.text.utf8))
        return fields.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        var policy = InspectionPolicy.default
        policy.level = try fields.readValue("level")
        policy.trailer = try fields.readFlag() ? .truncate : .refuse
        policy.metadata = try fields.readFlag() ? .strip : .keep
        policy.allowsAnimation = try fields.readFlag()
        let types = try fields.read(UInt8.self)
        policy.allowedTypes = Set(ImageType.allCases.filter { types & 1 << $0.rawValue != 0 })
        try fields.readZeros(6)
        let imageBytes = try fields.read(UInt64.self)
        policy.maxBytes = Int(clamping: try fields.read(UInt64.self))
        policy.maxPixels = Int(clamping: try fields.read(UInt64.self))
        policy.maxScans = Int(clamping: try fields.read(UInt64.self))
        policy.maxMetadataBytes = Int(clamping: try fields.read(UInt64.self))
        try fields.readZeros(8)
        let name = try FileName(String(decoding: try fields.readText(), as: UTF8.self))
        try self.init(policy: policy, imageBytes: imageBytes, name: name)
        guard encoded() == bytes else { throw .notCanonical(field: "request") }
    }
}

/// What a file was found to be.
package struct LintAnswer: Equatable, Sendable {
    package static let byteCount = 320
    private static let tag = "IVLA"

    /// An image that would be stored.
    package struct Accepted: Equatable, Sendable {
        package let width: UInt64
        package let height: UInt64
        package let storedBytes: UInt64
        /// The bits of ``ReferenceBody/transformations``.
        package let transformations: UInt16

        package init(width: Int, height: Int, storedBytes: Int, transformations: UInt16) {
            self.width = UInt64(clamping: width)
            self.height = UInt64(clamping: height)
            self.storedBytes = UInt64(clamping: storedBytes)
            self.transformations = transformations
        }
    }

    package let type: ImageType?
    /// Nil where the verdict's first finding refuses the file.
    package let accepted: Accepted?
    package let verdict: Verdict

    package init(type: ImageType?, accepted: Accepted?, verdict: Verdict) {
        self.type = type
        self.accepted = accepted
        self.verdict = verdict
    }

    package func encoded() -> [UInt8] {
        var fields = WorkerWire.writer(tag: Self.tag, byteCount: Self.byteCount)
        fields.append(UInt8(accepted == nil ? 0 : 1))
        fields.append(type?.rawValue ?? 0)
        fields.append(verdict.level.rawValue)
        fields.append(verdict.inspectorVersion)
        fields.append(verdict.flags.rawValue)
        fields.append(accepted?.transformations ?? 0)
        fields.append(accepted?.width ?? 0)
        fields.append(accepted?.height ?? 0)
        fields.append(accepted?.storedBytes ?? 0)
        fields.append([UInt8](repeating: 0, count: 24))
        fields.appendText(Array(verdict.findingsText.utf8))
        return fields.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var fields = try WorkerWire.reader(bytes, tag: Self.tag, byteCount: Self.byteCount)
        let isAccepted = try fields.readFlag()
        let number = try fields.read(UInt8.self)
        type = ImageType(rawValue: number)
        let level: InspectionLevel = try fields.readValue("level")
        let inspector = try fields.read(UInt32.self)
        let flags = ImageFlags(rawValue: try fields.read())
        let transformations = try fields.read(UInt16.self)
        let size = (try fields.read(UInt64.self), try fields.read(UInt64.self))
        let stored = try fields.read(UInt64.self)
        accepted =
            isAccepted
            ? Accepted(
                width: Int(clamping: size.0), height: Int(clamping: size.1),
                storedBytes: Int(clamping: stored), transformations: transformations) : nil
        try fields.readZeros(24)
        let findings = try Verdict.findings(
            text: String(decoding: try fields.readText(), as: UTF8.self))
        verdict = Verdict(
            level: level, inspectorVersion: inspector, findings: findings, flags: flags)
        guard isAccepted || !findings.isEmpty, encoded() == bytes else {
            throw .notCanonical(field: "answer")
        }
    }
}

extension ByteWriter {
    /// A text of at most 255 bytes in 256.
    fileprivate mutating func appendText(_ text: [UInt8]) {
        appendShort(Array(text.prefix(255)))
        append(repeatElement(0, count: 255 - min(text.count, 255)))
    }
}

extension ByteReader {
    fileprivate mutating func readText() throws(FormatError) -> [UInt8] {
        let text = try readShort()
        try readZeros(255 - text.count)
        return text
    }

    fileprivate mutating func readFlag() throws(FormatError) -> Bool {
        switch try read(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .unknownValue(field: "flag")
        }
    }
}
