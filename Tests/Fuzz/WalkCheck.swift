// WalkCheck: what must hold of every upload, sound or not, under either rule for trailers: no trap,
// the same answer twice, places inside the file, a stored prefix that is sound by itself.

import ImageInspection
import VaultFormat

enum WalkCheck {
    /// Heap of one inspection: what a segment, chunk or frame leaves behind is at most some 20 times
    /// its own bytes, while its array grows.
    private static func heapBytes(_ size: Int) -> Int { (256 << 10) + 24 * size }

    private typealias Answer = Result<Inspection, InspectionRefusal>

    /// - Returns: the inspection under `truncate`, if there is one.
    @discardableResult
    static func run(_ bytes: RawSpan, _ name: UploadName) -> Inspection? {
        let strict = judge(bytes, name, .refuse)
        let lenient = judge(bytes, name, .truncate)
        guard case .success(let kept) = lenient else {
            // What is refused although a trailer may be cut off is refused all the more where not.
            if case .success = strict { fatalError("truncate refuses what refuse accepts") }
            return nil
        }
        if case .success(let whole) = strict {
            FuzzCheck.require(whole == kept, "two policies, two answers for one sound file")
            FuzzCheck.require(whole.stored.byteCount == bytes.byteCount, "a sound file is not kept")
        }
        checkStripping(bytes, name)
        return kept
    }

    private static func judge(
        _ bytes: RawSpan, _ name: UploadName, _ trailer: InspectionPolicy.Trailer
    ) -> Answer {
        var policy = InspectionPolicy.default
        policy.trailer = trailer
        let answer = FuzzCheck.bounded(
            size: bytes.byteCount, heapBytes: heapBytes(bytes.byteCount)
        ) { inspect(bytes, name, policy) }
        FuzzCheck.require(inspect(bytes, name, policy) == answer, "another answer the second time")
        switch answer {
        case .failure(let refusal): check(refusal.finding, in: bytes)
        case .success(let inspection): check(inspection, of: bytes, name)
        }
        return answer
    }

    private static func inspect(
        _ bytes: RawSpan, _ name: UploadName, _ policy: InspectionPolicy
    ) -> Answer {
        Result { () throws(InspectionRefusal) in
            try ImageInspector.inspect(bytes, name: name, policy: policy)
        }
    }

    private static func check(_ finding: Finding, in bytes: RawSpan) {
        FuzzCheck.require(
            (finding.offset ?? 0) <= UInt64(bytes.byteCount), "\(finding) is outside")
        FuzzCheck.require(
            FindingCode(rawValue: finding.code.rawValue) == finding.code, "a code without a name")
    }

    private static func check(_ inspection: Inspection, of bytes: RawSpan, _ name: UploadName) {
        let stored = inspection.stored.byteCount
        let verdict = inspection.verdict
        FuzzCheck.require(stored > 0 && stored <= bytes.byteCount, "\(stored) bytes stored")
        FuzzCheck.require(inspection.width > 0 && inspection.height > 0, "a picture of no pixels")
        FuzzCheck.require(
            (stored < bytes.byteCount) == inspection.transformed.contains(.trailerTruncated)
                && verdict.findings.isEmpty == inspection.transformed.isEmpty,
            "cut off, and not said; or the other way round")
        for finding in verdict.findings { check(finding, in: bytes) }
        FuzzCheck.require(
            (try? Verdict.findings(text: verdict.findingsText)) == verdict.findings,
            "findings are not read as they were written")
        FuzzCheck.require(
            InspectionLevel(name: verdict.level.name) == verdict.level
                && verdict.flags.names.count == verdict.flags.rawValue.nonzeroBitCount,
            "a level or flag without a name")
        check(inspection.facts, stored)
        if stored < bytes.byteCount { checkAgain(inspection, bytes, name) }
    }

    /// What is stored is accepted again, and stays as it is.
    private static func checkAgain(
        _ inspection: Inspection, _ bytes: RawSpan, _ name: UploadName
    ) {
        let kept = bytes.extracting(0..<inspection.stored.byteCount)
        guard case .success(let again) = inspect(kept, name, .default) else {
            fatalError("what is stored is refused")
        }
        FuzzCheck.require(
            again.stored.byteCount == inspection.stored.byteCount && again.verdict.findings.isEmpty
                && again.facts == inspection.facts, "what is stored is another image")
    }

    /// What does harm only in its place: a length or a document's head that comes to the front, and a ZIP
    /// directory that comes as near to its end as that says. Then the vault refuses what it would store.
    private static let movable: Set<FindingCode> = [
        .jpegScriptLength, .hiddenDocument, .hiddenArchive,
    ]

    /// Without its metadata an accepted file is accepted again, and has nothing more to leave out.
    private static func checkStripping(_ bytes: RawSpan, _ name: UploadName) {
        var policy = InspectionPolicy.default
        policy.trailer = .truncate
        policy.metadata = .strip
        guard case .success(let inspection) = inspect(bytes, name, policy) else {
            fatalError("metadata decides whether a file is sound")
        }
        var kept: [UInt8] = []
        for part in inspection.stored.parts {
            switch part {
            case .kept(let range):
                FuzzCheck.require(kept.count <= range.lowerBound, "a part moves to the end")
                for offset in range {
                    kept.append(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                }
            case .made(let new): kept += new
            }
        }
        FuzzCheck.require(kept.count == inspection.stored.byteCount, "the parts are not the whole")
        switch unsafe inspect(kept.span.bytes, name, policy) {
        case .success(let again):
            FuzzCheck.require(again.transformed.isEmpty, "something is left to leave out")
        case .failure(let refusal):
            FuzzCheck.require(movable.contains(refusal.finding.code), "what is stored is refused")
        }
    }

    /// Whatever the decoder is pointed to lies in what is stored.
    private static func check(_ facts: ImageFacts, _ stored: Int) {
        switch facts {
        case .jpeg(let jpeg):
            FuzzCheck.require((1...stored).contains(jpeg.imageBytes), "an image beyond its end")
            FuzzCheck.require(jpeg.scans > 0 && [1, 3, 4].contains(jpeg.components), "odd facts")
        case .png(let png):
            let parts = png.data + png.frames.flatMap(\.data)
            for part in parts { checkInside(part.offset, part.length, stored) }
            for part in png.compressed { checkInside(part.offset, part.length, stored) }
            FuzzCheck.require(png.inflatedBytes > 0 && !png.data.isEmpty, "a picture of no bytes")
        }
    }

    private static func checkInside(_ offset: Int, _ length: Int, _ stored: Int) {
        FuzzCheck.require(
            offset >= 0 && length >= 0 && offset <= stored && length <= stored - offset,
            "a part outside the file")
    }
}
