// Why an image was not inspected. None of these says anything about the image: an image that was
// inspected and refused is an answer, not an error.

package import VaultFormat

package enum InspectorPoolError: Error, Equatable {
    /// The worker died, hung, lied or could not start. It is gone; the next upload gets another.
    case inspectionFailed(WorkerFault)
    /// As many uploads wait already as may.
    case busy
    /// The caller's task was cancelled before a worker had the image.
    case cancelled
    /// The pool was shut down.
    case shutDown
    /// Empty, or longer than a worker takes.
    case imageSize(bytes: Int)
    /// The launcher did not start; `errno` of the operating system.
    case launcherFailed(errno: Int32)

    /// Stable; listed in ErrorCodes.
    package var code: String {
        switch self {
        case .inspectionFailed: "inspection-failed"
        case .busy: "inspection-busy"
        case .cancelled: "inspection-cancelled"
        case .shutDown: "inspection-shut-down"
        case .imageSize: "inspection-image-size"
        case .launcherFailed: "inspection-launcher-failed"
        }
    }
}

/// What became of a worker that did not answer as it should.
package enum WorkerFault: Error, Equatable {
    /// Its socket ended or broke.
    case died(errno: Int32)
    case deadline
    /// It said something other than one right answer.
    case nonsense(FormatError)
    /// It started and could not raise this.
    case unfit(WorkerStage)
    /// The launcher refused, with its reason, or is gone.
    case notStarted(errno: Int32)
}
