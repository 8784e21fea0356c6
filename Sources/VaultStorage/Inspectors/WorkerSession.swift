// What the pool remembers of a worker, and the rules for using it again: one namespace in its
// life, 256 images, bounded CPU, and never after a refusal, a fault or a word out of turn.

import VaultFormat

struct WorkerSession: Sendable {
    let process: WorkerProcess
    /// Nil until the first image; then for good.
    private(set) var namespace: String?
    private var served = 0
    private var cpuMicroseconds: UInt64 = 0
    private var refused = false

    init(process: WorkerProcess) { self.process = process }

    /// True when another image of the same namespace may go to it.
    var isReusable: Bool {
        !refused && served < Limits.workerImagesPerProcess
            && cpuMicroseconds < Limits.workerRecycleCPUSeconds * 1_000_000
    }

    /// Blocks until the answer or the deadline. After an error the worker must be killed.
    mutating func examine(_ image: some ImageBytes, as question: WorkerQuestion) throws(WorkerFault)
        -> WorkerAnswer
    {
        let owner = namespace ?? question.namespace
        guard owner == question.namespace else { throw .died(errno: 0) }
        namespace = owner
        served += 1
        refused = true  // until the answer says otherwise
        let deadline = Deadline(milliseconds: question.deadlineMilliseconds)
        let request: WorkerRequest
        let answer: WorkerAnswer
        do {
            request = try WorkerRequest(
                number: UInt64(served), level: question.level, claimedType: question.type,
                imageBytes: UInt64(image.count), budget: question.budget)
        } catch { throw .nonsense(error) }
        try process.send(request.encoded(), until: deadline)
        try process.send(image, for: request, until: deadline)
        let bytes = try process.receive(byteCount: WorkerAnswer.byteCount, until: deadline)
        do { answer = try WorkerAnswer(parsing: bytes, to: request) } catch {
            throw .nonsense(error)
        }
        refused = answer.outcome != .sound
        // A worker that lies about its CPU time meets the kernel's own limit.
        let (sum, overflow) = cpuMicroseconds.addingReportingOverflow(
            answer.measures.cpuMicroseconds)
        cpuMicroseconds = overflow ? .max : sum
        return answer
    }
}

/// One upload's question, without its bytes.
struct WorkerQuestion: Sendable {
    let type: ImageType
    let level: InspectionLevel
    let namespace: String
    let budget: WorkerBudget
    let deadlineMilliseconds: Int
}
