// The pool's state, all of it, behind one lock and without a blocking call: who waits, which
// workers are busy, which are on the shelf. Uploads are served in the order they came.

import VaultFormat

/// One upload that waits, and how to carry it to a worker.
struct InspectorUpload: Sendable {
    let ticket: UInt64
    let namespace: String
    let continuation: CheckedContinuation<InspectorResult, Never>
    let examine: @Sendable (inout WorkerSession) throws(WorkerFault) -> WorkerAnswer
}

typealias InspectorResult = Result<WorkerAnswer, InspectorPoolError>

struct InspectorQueue: Sendable {
    private let waitingLimit: Int
    private var waiting: [InspectorUpload] = []
    private var busy: [UInt64: WorkerProcess] = [:]
    private var lastTicket: UInt64 = 0
    private(set) var isClosed = false
    private(set) var faultCount = 0
    var shelf: WorkerShelf

    init(waitingLimit: Int, idleLimit: Int) {
        self.waitingLimit = waitingLimit
        shelf = WorkerShelf(idleLimit: idleLimit)
    }

    var load: (waiting: Int, busy: Int) { (waiting.count, busy.count) }

    mutating func nextTicket() -> UInt64 {
        lastTicket &+= 1
        return lastTicket
    }

    /// Nil when it was taken in, else why not.
    mutating func append(_ upload: InspectorUpload) -> InspectorPoolError? {
        if isClosed { return .shutDown }
        if waiting.count >= waitingLimit { return .busy }
        waiting.append(upload)
        return nil
    }

    mutating func next() -> InspectorUpload? { waiting.isEmpty ? nil : waiting.removeFirst() }

    /// The upload of that ticket, if it still waits: whoever gets it must resume it.
    mutating func remove(ticket: UInt64) -> InspectorUpload? {
        waiting.firstIndex { $0.ticket == ticket }.map { waiting.remove(at: $0) }
    }

    /// False when the pool was closed meanwhile: nobody would kill that worker then.
    mutating func begin(_ ticket: UInt64, on process: WorkerProcess) -> Bool {
        if isClosed { return false }
        busy[ticket] = process
        return true
    }

    mutating func end(_ ticket: UInt64, keeping session: WorkerSession?) {
        busy[ticket] = nil
        if let session { shelf.putBack(session) }
    }

    mutating func countFault() { faultCount &+= 1 }

    mutating func close() -> (waiting: [InspectorUpload], busy: [WorkerProcess]) {
        isClosed = true
        defer { waiting = [] }
        return (waiting, Array(busy.values))
    }
}

/// The workers nobody uses now: spares that saw no image, and idle ones with their namespace,
/// the longest unused first. A session leaves the shelf before it is used: one user at a time.
struct WorkerShelf: Sendable {
    private let idleLimit: Int
    private var idle: [WorkerSession] = []
    private var spares: [WorkerSession] = []

    init(idleLimit: Int) { self.idleLimit = idleLimit }

    var spareCount: Int { spares.count }

    mutating func take(for namespace: String) -> WorkerSession? {
        if let index = idle.lastIndex(where: { $0.namespace == namespace }) {
            return idle.remove(at: index)
        }
        return spares.popLast()
    }

    /// Beyond the limit the longest unused worker goes; letting go of it kills it.
    mutating func putBack(_ session: WorkerSession) {
        idle.append(session)
        if idle.count > idleLimit { idle.removeFirst() }
    }

    /// Beyond the limit it is not kept, which kills it.
    mutating func addSpare(_ session: WorkerSession) {
        if spares.count < Limits.workerSpares { spares.append(session) }
    }

    mutating func removeAll() -> [WorkerSession] {
        defer { (idle, spares) = ([], []) }
        return idle + spares
    }
}
