/// Every bound of the vault, with its unit and its reason. Nothing loops, queues, buffers or batches
/// without one of these. Areas add theirs in an extension beside this file (`Limits+….swift`).
package enum Limits {
    /// The longest upload accepted unless configured otherwise, in bytes. The largest photo measured
    /// has 9.4 MB.
    package static let imageBytes = 10 << 20
    /// The most that configuration may ask for, in bytes: a blob's frames stay countable in 32 bits
    /// and one upload stays far below the memory of a small machine.
    package static let imageBytesCeiling = 256 << 20
    /// Plaintext bytes of uploads held at once, across all connections: what the door admits
    /// before it stops reading and lets the sockets push back.
    package static let uploadBytesInFlight = 64 << 20
    /// Uploads of one principal that may wait for such memory.
    package static let uploadsWaitingEach = 1024
    /// Seconds that an upload waits for it before it is told to come again: its sender waits with it.
    package static let uploadWaitSeconds = 10

    /// A caller's file name, in UTF-8 bytes: what file systems take.
    package static let fileNameBytes = 255
    /// A safe name, in bytes: leaves room for a caller's own prefix within 255.
    package static let safeNameBytes = 100

    /// Plaintext bytes of one frame: a read of any range opens at most one frame too many at each
    /// end, and 16 bytes of tag on 256 KiB are 0.006 %.
    package static let frameBytes = 256 << 10

    /// Slots of one key file: more ways in than anyone can look after.
    package static let keySlots = 64
    /// Bytes of one slot's own parameters.
    package static let slotBodyBytes = 4096
    /// Keys of one key file: epochs and namespaces, each 32 bytes of locked memory.
    package static let keyEntries = 4096
    /// Locked memory for key material, in bytes: a quarter each for two keyrings of ``keyEntries`` while one becomes
    /// the other and for ``secretsAtOnce``, and half for the keys of requests and for what lies between: a secret
    /// needs its cells in one piece. RLIMIT_MEMLOCK is commonly 8 MiB.
    package static let keyArenaBytes = 1 << 20

    /// Changes of one transaction: a batch of 256 holds the writer for a few milliseconds.
    package static let commitBatch = 256
    /// Milliseconds after a batch within which the writer looks once more by itself: what an event waits at most that
    /// nobody waits for.
    package static let commitDozeMilliseconds = 20
    /// Changes that may wait for the writer before the door sheds load.
    package static let commitQueue = 4096

    /// Rows of one page of a listing.
    package static let pageRows = 1000
    /// Rows of a page when the caller names no limit.
    package static let pageRowsDefault = 100

    /// Seconds for which the counts of rows that are measured stay good: counting a million takes a tenth of
    /// a second, and Prometheus asks several times a minute.
    package static let rowCountSeconds: Int64 = 60

    /// Connections at once, across all callers: fewer where the process may have too few descriptors. A quarter of
    /// them is left to blobs that are read, the catalog and workers.
    package static let connections = 12_000
    /// Of them, those that are kept for users who have fewer than ``connectionsOfFew``.
    package static let connectionsKept = 512
    /// Connections of one uid that may be among the last.
    package static let connectionsOfFew = 32
    /// Connections at once from one uid: an idle flooder leaves room for the others.
    package static let connectionsPerUser = 4096
    /// Seconds that a connection may stay silent between or inside requests.
    package static let idleSeconds = 60
    /// Seconds for one whole upload, however slowly it trickles.
    package static let uploadSeconds = 300
    /// Seconds that requests in flight get to end when the daemon is told to stop.
    package static let shutdownSeconds = 10
    /// Bytes of the path of a caller's program: longer ones are left out of the log, not cut.
    package static let executableBytes = 1024
    /// Bytes of a unit's name: what systemd allows.
    package static let unitBytes = 255
    /// Bytes of a process's control groups that are looked at: a line for each of a dozen hierarchies.
    package static let controlGroupBytes = 8 << 10
    /// Bytes of a refused upload that are still read, so that its sender gets to see the answer.
    package static let drainBytes = 32 << 20
    /// Images on their way at once, each with a frame in memory and another in the kernel; a good reader takes one in
    /// milliseconds.
    package static let readings = 1024
    /// Of them, those of one principal.
    package static let readingsEach = 768
    /// Bytes that the kernel may hold of an answer that its reader has not taken: a frame, which the
    /// kernel doubles for what it keeps beside them. More than `net.core.wmem_max` it does not give.
    package static let socketSendBytes = 256 << 10
    /// Bytes that are read from a connection at once, at first and when much comes: a sender's socket has some 200 KiB
    /// by default, which is one row of reads.
    package static let receiveBytesLeast = 4 << 10
    package static let receiveBytes = 64 << 10
    /// Reads of one connection before it is another's turn.
    package static let receiveBuffers = 4
    /// Connections that have to be gone, of at least twice as many, before memory that they had is given back to the
    /// system.
    package static let connectionsOfEbb = 256
    /// Seconds between two looks for that.
    package static let ebbSeconds = 5
    /// Event loops, on which connections are read, written and decrypted: one a core of a small machine.
    package static let eventLoops = 2
    /// Threads that requests run on: as many may wait for the disk at once.
    package static let requestThreads = 24
    /// Bytes of a request's body that is no image: a page of parameters.
    package static let smallBodyBytes = 16 << 10
    /// Bytes of one request's header section.
    package static let headerBytes = 16 << 10
    /// Header fields of one request.
    package static let headerFields = 64
}
