// What a worker's answer is called in a verdict.

extension WorkerAnswer {
    /// The finding that refuses the image, or nil where there is nothing to object.
    package var finding: FindingCode? {
        switch outcome {
        case .sound: nil
        case .typeDisagrees: .contentDisagrees
        case .decodeRefused: decode.finding
        }
    }
}

extension DecodeOutcome {
    /// The finding that refuses the image. A worker that refuses without a reason is not believed to
    /// have found none.
    fileprivate var finding: FindingCode {
        switch self {
        case .notAsked, .sound, .jpegBroken, .structureRefused: .decodeBroken
        case .jpegDamaged: .decodeDamaged
        case .tooManyPixels: .dimensionsAbsurd
        case .tooManyScans: .jpegScans
        case .tooMuchMemory: .decodeMemory
        case .pixelsDamaged: .pngDataDamaged
        case .pixelsTooFew: .pngDataShort
        case .pixelsTooMany: .pngDataLong
        case .bytesAfterPixels: .pngDataTrailer
        case .unknownFilter: .pngFilter
        case .frameOutsideCanvas: .pngAnimation
        case .textDamaged: .pngTextDamaged
        case .textTooLong: .metadataTooLarge
        case .textHidden: .hiddenMarkup
        }
    }
}
