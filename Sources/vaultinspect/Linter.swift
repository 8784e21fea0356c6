// A linter's life: the same walls as a worker's, then one file after another until vaultctl closes the
// socket. It does both halves of an inspection, because whoever asked it holds no walk of its own, and
// its answer may accept: it answers the person who chose the file.

import CVaultSystem
import Glibc
import ImageInspection
import VaultFormat

enum Linter {
    /// Serves until the socket ends. Returns the exit status.
    static func run() -> Int32 {
        // vaultctl gives the socket as standard input; the others are closed with the walls.
        let socket = WorkerSocket(descriptor: STDIN_FILENO)
        // The name is copied into the kernel.
        guard unsafe vault_harden_process("vaultinspect") == 0, let magic = Magic() else {
            return EX_UNAVAILABLE
        }
        let greeting = Worker.raiseWalls(around: socket)
        guard greeting.stage == .ready, socket.write(greeting.encoded()) else {
            return EX_UNAVAILABLE
        }
        return serve(socket, magic, in: ImageRoom(capacity: Int(Limits.workerImageBytes)))
    }

    private static func serve(
        _ socket: WorkerSocket, _ magic: Magic, in room: ImageRoom
    ) -> Int32 {
        while let head = socket.read(byteCount: LintRequest.byteCount) {
            guard let request = try? LintRequest(parsing: head),
                room.fill(byteCount: Int(request.imageBytes), from: socket)
            else { return EX_PROTOCOL }
            let answer = room.withImage { judge($0, request, magic) }
            room.wipe()
            guard socket.write(answer.encoded()) else { return EX_IOERR }
        }
        return EX_OK
    }

    private static func judge(
        _ image: borrowing Span<UInt8>, _ request: LintRequest, _ magic: Magic
    ) -> LintAnswer {
        let policy = request.policy
        do throws(InspectionRefusal) {
            // Bytes of bytes: every bit pattern is one.
            let found = try unsafe ImageInspector.inspect(
                image.bytes, name: UploadName(request.name.text), policy: policy)
            if let code = second(image, found.type, policy, magic) {
                throw InspectionRefusal(finding: Finding(code: code), type: found.type)
            }
            return LintAnswer(
                type: found.type,
                accepted: .init(
                    width: found.width, height: found.height, storedBytes: found.stored.byteCount,
                    transformations: found.transformed.bits),
                verdict: found.verdict.at(policy.level))
        } catch {
            return LintAnswer(
                type: error.type, accepted: nil,
                verdict: Verdict(
                    level: policy.level, inspectorVersion: ImageInspector.version,
                    findings: [error.finding], flags: []))
        }
    }

    /// The worker's half.
    private static func second(
        _ image: borrowing Span<UInt8>, _ type: ImageType, _ policy: InspectionPolicy,
        _ magic: Magic
    ) -> FindingCode? {
        guard
            let request = try? WorkerRequest(
                number: 1, level: policy.level, claimedType: type,
                imageBytes: UInt64(image.count), budget: WorkerBudget(policy))
        else { return .uploadTooLarge }
        return Inspector.inspect(image, request, magic).finding
    }
}
