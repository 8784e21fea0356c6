// What a worker's decode outcome is called in a verdict.

import VaultFormat

extension DecodeOutcome {
    /// The finding that refuses the image. A worker that refuses without a reason is not believed to
    /// have found none.
    var finding: FindingCode {
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
