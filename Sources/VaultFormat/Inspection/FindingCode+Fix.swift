// What whoever sent a refused upload can do about it. Few rules have a remedy of their own: a file
// that is broken or hides something becomes sound when its picture is saved anew.

extension FindingCode {
    /// One line for the person who has the file.
    package var fix: String {
        switch self {
        case .nameEmpty, .nameTooLong, .nameControl, .nameBidi, .nameBackslash:
            "Rename the file: 1 to 255 bytes of plain letters."
        case .extensionNotAllowed, .extensionMismatch:
            "Name the file after what it is: .jpg, .jpeg or .png."
        case .declaredTypeMismatch:
            "Declare the type that the bytes have, or none."
        case .uploadEmpty: "Send the file's bytes."
        case .uploadTooLarge: "Save the picture smaller, or let the policy take more bytes."
        case .signatureUnknown, .contentDisagrees: "Convert the file to JPEG or PNG."
        case .typeNotAllowed: "Convert the file to a type that the policy accepts."
        case .dimensionsAbsurd, .jpegScanCost, .decodeMemory:
            "Save the picture with fewer pixels, as a baseline JPEG or a PNG."
        case .jpegScans: "Save the picture as a baseline JPEG."
        case .jpegProcess, .jpegPrecision, .jpegComponents:
            "Save the picture as a baseline JPEG in RGB or grey."
        case .metadataTooLarge, .pngTextDamaged, .pngText:
            "Save the picture anew without its metadata."
        case .trailerData:
            "Save the picture anew; for JPEG the policy can also cut the rest off."
        case .pngAnimation: "Save the animation anew, or a still of it."
        case .pngAnimationNotAllowed: "Save a still of the animation."
        case .jpegTruncated, .pngTruncated:
            "The file ends early: transfer it again from where it came."
        case .hiddenMarkup, .hiddenScript, .hiddenServerCode, .hiddenLookup, .hiddenArchive,
            .hiddenProgram, .hiddenDocument, .jpegScriptLength:
            "Do not trust the file; if its picture is wanted, save that anew without metadata."
        default: "Save the picture anew with an image editor."
        }
    }
}
