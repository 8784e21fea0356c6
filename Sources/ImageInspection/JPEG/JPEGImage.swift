// JPEGImage: one JPEG from its start marker to its end marker, as the walk found it.

/// A marker segment whose content is searched later; `payload` excludes marker and length.
struct JPEGSegment {
    let marker: UInt8
    let payload: Range<Int>
}

struct JPEGImage {
    let frame: JPEGFrame
    let scans: Int
    /// Comments, application data and tables, in file order.
    let segments: [JPEGSegment]
    /// Offset just past the end marker.
    let end: Int
}

/// Marker codes (ITU T.81, table B.1): the byte that follows 0xFF.
enum JPEGMarker {
    static let frames: ClosedRange<UInt8> = 0xC0...0xC2
    static let huffman: UInt8 = 0xC4
    static let restarts: ClosedRange<UInt8> = 0xD0...0xD7
    static let start: UInt8 = 0xD8
    static let end: UInt8 = 0xD9
    static let scan: UInt8 = 0xDA
    static let quantization: UInt8 = 0xDB
    static let restartInterval: UInt8 = 0xDD
    static let application: ClosedRange<UInt8> = 0xE0...0xEF
    static let comment: UInt8 = 0xFE

    /// Frames of other processes: lossless, arithmetic, hierarchical, and JPEG-LS.
    static func isForeignProcess(_ marker: UInt8) -> Bool {
        switch marker {
        case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF, 0xDE, 0xDF, 0xF7: true
        default: false
        }
    }
}
