/// Bounds of the image inspection. Each loop over an upload ends at the upload's end or at one of
/// these; together they make inspection linear in the upload's size.
extension Limits {
    /// Bytes of anything inspected, whatever the policy says. Below 2^32, so that the sum of two
    /// offsets or lengths cannot overflow `Int`.
    package static let inspectedBytes = 1024 * 1024 * 1024

    /// Bytes of UTF-8 in an upload's name: what common file systems store.
    package static let uploadNameBytes = 255

    /// Bytes of a declared media type: RFC 6838 allows 127 each side of the slash.
    package static let mediaTypeBytes = 255

    /// Pixels of a picture by default: 50 million hold every consumer camera of the corpus, and
    /// decode into 200 MB at the most.
    package static let imagePixels = 50_000_000

    /// Scans of a JPEG by default. Real photos have at most 20.
    package static let jpegScans = 100

    /// Pixels a decoder visits, over all scans or frames, by default. A legal 64 KB file with 880
    /// scans costs 4.9 s of CPU.
    package static let decodedPixels = 1_000_000_000

    /// Segments of a JPEG. 255 ICC parts and a few hundred of extended XMP are the most in use.
    package static let jpegSegments = 2_000

    /// Bytes beside the picture data by default: maker notes with previews stay below 2 MiB.
    package static let metadataBytes = 4 * 1024 * 1024

    /// Bytes beside the picture data that a policy must allow at the least: every file has some.
    package static let leastMetadataBytes = 1024

    /// JPEG images that may follow the first one in a file. Multi-picture cameras write up to 3.
    package static let trailingImages = 16

    /// PNG chunks other than picture data, which are remembered while walking.
    package static let pngChunks = 2_000

    /// PNG chunks of picture data. Encoders write 8 KiB a chunk; 100,000 let 100 bytes pass in an
    /// upload of 10 MiB.
    package static let pngDataChunks = 100_000

    /// Frames of an animated PNG, which are remembered for the decoder.
    package static let animationFrames = 10_000

    /// Bytes that the pictures of an animated PNG inflate to, in sum: some two seconds of work. Pixels
    /// of 16-bit colour have eight each, so that their count alone would let 8 GB pass.
    package static let animationBytes = 1 << 30

    /// Directories followed in one EXIF block: image, thumbnail, Exif, GPS, interoperability and
    /// some room. Loops end here.
    package static let exifDirectories = 8

    /// Entries read in one EXIF directory. Cameras write fewer than 100.
    package static let exifEntries = 512

    /// Bytes of printable text that a short form needs around it before it counts. Shorter runs
    /// occur by chance in compressed data.
    package static let printableRunBytes = 12

    /// Boxes walked at the top level of an MP4 that follows a motion photo.
    package static let motionPhotoBoxes = 64

    /// Entries of a Samsung trailer's directory.
    package static let samsungEntries = 64
}
