// The bounds of the isolated inspection worker and of the pool that vaultd keeps of them.

extension Limits {
    /// Bytes. The longest image a worker takes; above every upload limit a vault may be given.
    package static let workerImageBytes: UInt64 = 32 << 20

    /// Bytes. What libmagic sees of an image: its JPEG and PNG rules look no further, and more
    /// bytes only cost time.
    package static let workerMagicBytes: UInt64 = 4096

    /// Pixels of one picture. The most a request may allow, whatever the policy says: RLIMIT_AS
    /// would end the worker beyond it.
    package static let workerPixels: UInt64 = 1 << 28

    /// Pixels a decoder may visit in one image; some ten seconds of work.
    package static let workerDecodedPixels: UInt64 = 1 << 32

    /// Scans of one JPEG. libjpeg-turbo spends time on each, however short it is.
    package static let workerScans: UInt64 = 1 << 12

    /// Images. A worker is replaced after so many, so that nothing it gathered lasts.
    package static let workerImagesPerProcess = 256

    /// Bytes of coefficients of a JPEG in several scans: 50 Mpx at 4:2:0 have 150 MB, 25 Mpx at
    /// 4:4:4 as much.
    package static let workerCoefficientBytes: UInt64 = 160 << 20

    /// Bytes that zlib inflates at a time: stays in a core's cache, and larger gained nothing.
    package static let workerInflateWindowBytes = 64 << 10

    /// Bytes of pixels that are inflated in one go, in memory of a worker's own: a picture of 8 Mpx in
    /// three colours. With the image, its parts put together and the libraries a bomb stays below 64 MiB.
    package static let workerWholeInflatedBytes = 24 << 20

    /// Bytes of the compressed pixels that are put together for that.
    package static let workerWholeDeflatedBytes = 12 << 20

    /// Bytes of such memory that a worker keeps for its next image; more is given back.
    package static let workerKeptRoomBytes = 4 << 20

    /// Bytes of all compressed texts and profiles of one PNG, inflated: as much as may stand beside
    /// the picture uncompressed, and searched in 10 ms.
    package static let workerTextBytes = 4 << 20

    /// Bytes of address space. A 50 Mpx progressive JPEG keeps 150 MB of coefficients, the image has
    /// at most 32 MiB, the rooms for pixels in one go 36 MiB, the libraries map 40 MB; a bomb is
    /// refused long before.
    package static let workerAddressSpaceBytes: UInt64 = 320 << 20

    /// Seconds of CPU in a worker's life; the kernel kills it then. 256 large photos need 50.
    package static let workerCPUSeconds: UInt64 = 120

    /// Seconds of CPU after which the pool replaces a worker in good time before the kernel does.
    package static let workerRecycleCPUSeconds: UInt64 = 60

    /// Milliseconds from handing over an image to its answer at level `structure`: a thousand
    /// times what it takes, because the machine may be busy, and still shorter than a caller waits.
    package static let workerStructureMilliseconds = 2_000

    /// Milliseconds to an answer at level `decode`: twenty times the slowest legal 10 MB photo.
    package static let workerDecodeMilliseconds = 10_000

    /// Milliseconds from the request for a worker to its greeting. It takes 4; a machine with ten
    /// times more work than cores was seen to need seconds.
    package static let workerStartMilliseconds = 10_000

    /// Uploads that may wait for a worker; the next one is told that the vault is busy.
    package static let workerWaitingUploads = 256

    /// Workers that inspect at once, at most: more than the cores of any machine we serve.
    package static let workerConcurrency = 32

    /// Workers kept idle for the namespace they served last, by default; each has about 9 MB, most
    /// of it shared. Starting one for a namespace that has none costs 4 ms of CPU.
    package static let workerIdleProcesses = 8

    /// The most that may be kept idle where many namespaces are in use.
    package static let workerIdleProcessesAtMost = 64

    /// Workers kept warm for whoever comes next.
    package static let workerSpares = 16

    /// Workers that may live at once, the dying ones included; the launcher refuses more.
    package static let workerLivingProcesses = 160
}
