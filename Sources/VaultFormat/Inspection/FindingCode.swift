/// The rules an upload can break. Raw values are stable: they are stored, logged and documented.
package enum FindingCode: String, Sendable, CaseIterable {
    // Name, size, type.
    case nameEmpty = "name-empty"
    case nameTooLong = "name-too-long"
    case nameControl = "name-control"
    case nameBidi = "name-bidi"
    case nameBackslash = "name-backslash"
    case extensionNotAllowed = "extension-not-allowed"
    case uploadEmpty = "upload-empty"
    case uploadTooLarge = "upload-too-large"
    case signatureUnknown = "signature-unknown"
    case typeNotAllowed = "type-not-allowed"
    case extensionMismatch = "extension-mismatch"
    case declaredTypeMismatch = "declared-type-mismatch"

    // Both formats.
    case dimensionsZero = "dimensions-zero"
    case dimensionsAbsurd = "dimensions-absurd"
    case metadataTooLarge = "metadata-too-large"
    case trailerData = "trailer-data"

    // JPEG.
    case jpegTruncated = "jpeg-truncated"
    case jpegExtraneous = "jpeg-extraneous"
    case jpegSegmentLength = "jpeg-segment-length"
    case jpegSegments = "jpeg-segments"
    case jpegScriptLength = "jpeg-script-length"
    case jpegMarker = "jpeg-marker"
    case jpegSecondStart = "jpeg-second-start"
    case jpegProcess = "jpeg-process"
    case jpegFrameMissing = "jpeg-frame-missing"
    case jpegFrameRepeated = "jpeg-frame-repeated"
    case jpegPrecision = "jpeg-precision"
    case jpegComponents = "jpeg-components"
    case jpegSampling = "jpeg-sampling"
    case jpegQuantization = "jpeg-quantization"
    case jpegHuffman = "jpeg-huffman"
    case jpegTableMissing = "jpeg-table-missing"
    case jpegScanHeader = "jpeg-scan-header"
    case jpegProgression = "jpeg-progression"
    case jpegScanMissing = "jpeg-scan-missing"
    case jpegScanShort = "jpeg-scan-short"
    case jpegScans = "jpeg-scans"
    case jpegScanCost = "jpeg-scan-cost"
    case jpegRestart = "jpeg-restart"

    // PNG.
    case pngTruncated = "png-truncated"
    case pngChunkLength = "png-chunk-length"
    case pngChunkType = "png-chunk-type"
    case pngChunks = "png-chunks"
    case pngCRC = "png-crc"
    case pngHeaderMissing = "png-header-missing"
    case pngHeader = "png-header"
    case pngColor = "png-color"
    case pngCriticalUnknown = "png-critical-unknown"
    case pngChunkRepeated = "png-chunk-repeated"
    case pngChunkOrder = "png-chunk-order"
    case pngChunkSize = "png-chunk-size"
    case pngPalette = "png-palette"
    case pngText = "png-text"
    case pngDataMissing = "png-data-missing"
    case pngDataSplit = "png-data-split"
    case pngDataShort = "png-data-short"
    case pngZlibHeader = "png-zlib-header"
    case pngAnimation = "png-animation"
    case pngAnimationNotAllowed = "png-animation-not-allowed"

    // Hidden text, archives, programs.
    case hiddenMarkup = "hidden-markup"
    case hiddenScript = "hidden-script"
    case hiddenServerCode = "hidden-server-code"
    case hiddenLookup = "hidden-lookup"
    case hiddenArchive = "hidden-archive"
    case hiddenProgram = "hidden-program"
    case hiddenDocument = "hidden-document"

    // What only the isolated worker sees.
    case contentDisagrees = "content-disagrees"
    case decodeBroken = "decode-broken"
    case decodeDamaged = "decode-damaged"
    case decodeMemory = "decode-memory"
    case pngDataDamaged = "png-data-damaged"
    case pngDataLong = "png-data-long"
    case pngDataTrailer = "png-data-trailer"
    case pngFilter = "png-filter"
    case pngTextDamaged = "png-text-damaged"
}

extension FindingCode {
    /// One line for the documentation: what the rule is.
    package var summary: String {
        Self.summaries[self] ?? rawValue
    }

    private static let summaries: [FindingCode: String] = general.merging(jpeg) { $1 }
        .merging(png) { $1 }.merging(hidden) { $1 }.merging(decoded) { $1 }

    private static let general: [FindingCode: String] = [
        .nameEmpty: "The file name is empty or ends in a slash.",
        .nameTooLong: "The file name is longer than 255 bytes of UTF-8.",
        .nameControl: "The file name holds NUL, a control character or a line separator.",
        .nameBidi: "The file name holds a character that changes the writing direction.",
        .nameBackslash:
            "The file name holds a backslash: one system's letter, another's separator.",
        .extensionNotAllowed: "The last extension is missing or is not jpg, jpeg or png.",
        .uploadEmpty: "The upload has no bytes.",
        .uploadTooLarge: "The upload is larger than the policy allows.",
        .signatureUnknown: "The first bytes are neither those of a JPEG nor those of a PNG.",
        .typeNotAllowed: "The policy does not accept this image type.",
        .extensionMismatch: "The extension names another type than the bytes.",
        .declaredTypeMismatch: "The declared media type is another than that of the bytes.",
        .dimensionsZero: "Width or height is zero.",
        .dimensionsAbsurd: "The picture has more pixels than the policy allows.",
        .metadataTooLarge: "More bytes beside the picture data than the policy allows.",
        .trailerData: "Unexplained bytes follow the end of the image.",
    ]

    private static let jpeg: [FindingCode: String] = [
        .jpegTruncated: "The file ends inside a segment or before the end marker.",
        .jpegExtraneous: "Bytes between segments that belong to none.",
        .jpegSegmentLength: "A segment's length does not fit its content.",
        .jpegSegments: "More segments than any camera writes.",
        .jpegScriptLength: "The first segment's length spells the start of a script comment.",
        .jpegMarker: "A marker that is reserved or not allowed at this place.",
        .jpegSecondStart: "A second start-of-image marker before the end of the first image.",
        .jpegProcess: "Not baseline, extended or progressive Huffman coding.",
        .jpegFrameMissing: "No frame header before the first scan or the end.",
        .jpegFrameRepeated: "A second frame header.",
        .jpegPrecision: "Samples of another depth than 8 bits.",
        .jpegComponents: "Not one, three or four distinct components.",
        .jpegSampling: "A sampling factor outside 1 to 4, or an oversized unit.",
        .jpegQuantization: "A quantization table that is not exact.",
        .jpegHuffman: "A Huffman table that is not exact or not a prefix code.",
        .jpegTableMissing: "A scan uses a table that was not defined.",
        .jpegScanHeader: "A scan header that is not legal for its frame.",
        .jpegProgression: "Scans that do not refine the picture in a legal order.",
        .jpegScanMissing: "A component has no scan.",
        .jpegScanShort: "Fewer coded bits in a scan than its blocks need at the least.",
        .jpegScans: "More scans than the policy allows.",
        .jpegScanCost: "Scans times pixels exceed what a decoder should be asked to do.",
        .jpegRestart: "Restart markers undeclared, out of order, or too few or many.",
    ]

    private static let png: [FindingCode: String] = [
        .pngTruncated: "The file ends inside a chunk or before IEND.",
        .pngChunkLength: "A chunk length above 2^31 - 1.",
        .pngChunkType: "A chunk type that is not four letters, or has the reserved bit set.",
        .pngChunks: "More chunks than any encoder writes.",
        .pngCRC: "A chunk whose CRC is wrong.",
        .pngHeaderMissing: "The first chunk is not IHDR.",
        .pngHeader: "IHDR has another length, compression, filter or interlace method.",
        .pngColor: "A bit depth that is illegal for the colour type.",
        .pngCriticalUnknown: "A critical chunk that the specification does not know.",
        .pngChunkRepeated: "A second chunk of a kind that may appear once.",
        .pngChunkOrder: "A chunk after one that it must precede.",
        .pngChunkSize: "A chunk whose size does not fit its type.",
        .pngPalette: "A palette that is missing, forbidden, or of a wrong size.",
        .pngText:
            "A text or profile chunk without its keyword, or compressed by an unknown method.",
        .pngDataMissing: "No picture data.",
        .pngDataSplit: "IDAT chunks with others between them.",
        .pngDataShort: "Less picture data than deflate could expand to the picture.",
        .pngZlibHeader: "Compressed data that does not begin like a zlib stream.",
        .pngAnimation: "Animation chunks that contradict each other or the canvas.",
        .pngAnimationNotAllowed: "The policy accepts still images only.",
    ]

    private static let hidden: [FindingCode: String] = [
        .hiddenMarkup: "Text that a browser would run as HTML, SVG or XML with entities.",
        .hiddenScript: "Text that a browser would run as a script.",
        .hiddenServerCode: "Text that a web server would run: PHP, ASP, JSP, SSI.",
        .hiddenLookup: "A lookup expression that a logging library would follow.",
        .hiddenArchive: "An archive: ZIP, RAR, 7z and their like.",
        .hiddenProgram: "A program or shell script.",
        .hiddenDocument: "A PDF or a compound office document.",
    ]

    private static let decoded: [FindingCode: String] = [
        .contentDisagrees: "libmagic sees another type in the bytes than the walk.",
        .decodeBroken: "The decoder gave up on the picture.",
        .decodeDamaged: "The decoder warned of damaged or missing picture data.",
        .decodeMemory: "The picture needs more memory than a worker has.",
        .pngDataDamaged: "The picture data does not inflate.",
        .pngDataLong: "The picture data inflates to more than the picture.",
        .pngDataTrailer: "Bytes follow the compressed picture data inside IDAT.",
        .pngFilter: "A row has a filter that does not exist.",
        .pngTextDamaged: "A compressed text or profile that does not inflate.",
    ]
}
