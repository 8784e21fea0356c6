// ImageInspector: the order of the steps, cheap first, ending at the first rule that is broken. It
// decodes nothing: what it accepts is a sound structure around data that only a decoder can judge.
package import VaultFormat

package enum ImageInspector {
    package static let version = Verdict.currentInspectorVersion

    /// Inspects a whole upload at level `structure`, in time linear in its size.
    /// The name is nil when a stored image is inspected again; the declared type is what the
    /// caller's `Content-Type` said.
    /// - Parameter places: what was found while these bytes arrived; nothing where they were not read before.
    /// - Throws: ``InspectionRefusal`` with the first rule that is broken.
    package static func inspect(
        _ bytes: RawSpan, name: UploadName? = nil, declaredType: DeclaredType = .undeclared,
        policy: InspectionPolicy = .default, places: HiddenPlaces = HiddenPlaces()
    ) throws(InspectionRefusal) -> Inspection {
        var type: ImageType?
        do throws(Refused) {
            try checkSize(bytes, policy)
            let found = try signature(bytes)
            type = found
            try checkAgreement(found, name, declaredType, policy)
            switch found {
            case .jpeg: return try inspectJPEG(bytes, policy, places)
            case .png: return try inspectPNG(bytes, policy, places)
            }
        } catch {
            throw InspectionRefusal(finding: error.finding, type: type)
        }
    }

    /// Searches text that was inflated from a chunk as if it had stood in the file.
    /// - Throws: ``InspectionRefusal`` with a `hidden-…` code; offsets count from the text's start.
    package static func searchText(_ text: RawSpan) throws(InspectionRefusal) {
        do throws(Refused) {
            try HiddenFile.search(text)
            try HiddenMetadata.search(text, text.byteOffsets)
        } catch {
            throw InspectionRefusal(finding: error.finding, type: nil)
        }
    }

    private static func checkSize(_ bytes: RawSpan, _ policy: InspectionPolicy) throws(Refused) {
        guard bytes.byteCount > 0 else { throw Refused(.uploadEmpty) }
        guard bytes.byteCount <= min(policy.maxBytes, Limits.inspectedBytes) else {
            throw Refused(.uploadTooLarge)
        }
    }

    /// FF D8 FF, or the eight bytes of PNG 3rd edition §5.2.
    private static func signature(_ bytes: RawSpan) throws(Refused) -> ImageType {
        if bytes.u16(0) == 0xFFD8, bytes.u8(2) == 0xFF { return .jpeg }
        if bytes.u32(0) == 0x8950_4E47, bytes.u32(4) == 0x0D0A_1A0A { return .png }
        throw Refused(.signatureUnknown, at: 0)
    }

    private static func checkAgreement(
        _ type: ImageType, _ name: UploadName?, _ declared: DeclaredType,
        _ policy: InspectionPolicy
    ) throws(Refused) {
        guard policy.allowedTypes.contains(type) else { throw Refused(.typeNotAllowed) }
        if let name, name.type != type { throw Refused(.extensionMismatch) }
        switch declared {
        case .undeclared, .image(type): break
        case .image, .other: throw Refused(.declaredTypeMismatch)
        }
    }

    private static func inspectJPEG(
        _ bytes: RawSpan, _ policy: InspectionPolicy, _ places: HiddenPlaces
    ) throws(Refused) -> Inspection {
        let image = try JPEGWalk.walk(bytes, from: 0, policy: policy)
        let trailer = JPEGTrailer(bytes, after: image, policy: policy)
        if let offset = trailer.unexplained, policy.trailer == .refuse {
            throw Refused(.trailerData, at: offset)
        }
        // The whole upload is searched, also what will be cut off: who hides a program there did
        // not mean to send a photo.
        try HiddenFile.search(bytes, places)
        var flags: ImageFlags = trailer.images.isEmpty ? [] : .thumbnail
        for part in [image] + trailer.images {
            for segment in part.segments { try HiddenMetadata.search(bytes, segment.payload) }
            flags.formUnion(FlagReader.flags(bytes, part))
        }
        if let attachment = trailer.attachment {
            try HiddenMetadata.searchMagics(bytes, attachment)
        }
        var findings: [Finding] = []
        if let offset = trailer.unexplained {
            try HiddenMetadata.search(bytes, offset..<bytes.byteCount)
            findings = [Refused(.trailerData, at: offset).finding]
        }
        let whole = StoragePlan(
            keepingTo: findings.isEmpty ? bytes.byteCount : trailer.imagesEnd)
        let stored = policy.metadata == .keep ? whole : JPEGStripping.plan(bytes, image)
        var transformed: [Transformation] = findings.isEmpty ? [] : [.trailerTruncated]
        if stored != whole { transformed.append(.metadataStripped) }
        return Inspection(
            type: .jpeg, width: image.frame.width, height: image.frame.height,
            stored: stored, transformed: transformed,
            verdict: verdict(findings, policy.metadata == .strip ? [] : flags),
            facts: .jpeg(
                JPEGFacts(
                    components: image.frame.components.count,
                    isProgressive: image.frame.isProgressive, scans: image.scans,
                    imageBytes: image.end)))
    }

    private static func inspectPNG(
        _ bytes: RawSpan, _ policy: InspectionPolicy, _ places: HiddenPlaces
    ) throws(Refused) -> Inspection {
        let image = try PNGWalk.walk(bytes, policy: policy)
        try HiddenFile.search(bytes, places)
        for chunk in image.chunks { try HiddenMetadata.search(bytes, chunk.content) }
        let whole = StoragePlan(keepingTo: bytes.byteCount)
        let stored = policy.metadata == .keep ? whole : PNGStripping.plan(bytes, image)
        return Inspection(
            type: .png, width: image.header.width, height: image.header.height,
            stored: stored, transformed: stored == whole ? [] : [.metadataStripped],
            verdict: verdict(
                [], policy.metadata == .strip ? [] : FlagReader.flags(bytes, image)),
            facts: .png(
                PNGFacts(
                    bitsPerPixel: image.header.bitsPerPixel,
                    isInterlaced: image.header.isInterlaced,
                    inflatedBytes: image.header.inflatedBytes, data: image.data,
                    frames: image.frames, compressed: image.compressed)))
    }

    private static func verdict(_ findings: [Finding], _ flags: ImageFlags) -> Verdict {
        Verdict(
            level: .structure, inspectorVersion: version, findings: findings, flags: flags)
    }
}
