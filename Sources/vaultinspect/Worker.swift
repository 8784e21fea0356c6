// A worker's life: harden, load libmagic, raise the walls, greet, then one request after another
// until vaultd closes the socket. Anything it does not expect ends it: vaultd starts another.

import CSeccomp
import CVaultSystem
import Glibc
import VaultFormat

enum Worker {
    /// Serves until the socket ends. Returns the exit status, which nobody needs.
    static func run(launcher: pid_t?) -> Int32 {
        let socket = WorkerSocket(descriptor: Int32(VAULT_INHERITED_SOCKET))
        let greeting: WorkerGreeting
        let magic = prepare(launcher: launcher)
        switch magic {
        case .success: greeting = raiseWalls(around: socket)
        case .failure(let failure):
            greeting = WorkerGreeting(stage: failure.stage, landlockABI: 0)
        }
        guard socket.write(greeting.encoded()), greeting.stage == .ready,
            case .success(let magic) = magic
        else { return EX_UNAVAILABLE }
        return serve(socket, magic, in: ImageRoom(capacity: Int(Limits.workerImageBytes)))
    }

    struct Unfit: Error {
        let stage: WorkerStage
    }

    /// What has to happen while files can still be opened.
    private static func prepare(launcher: pid_t?) -> Result<Magic, Unfit> {
        // The name is copied into the kernel.
        guard let launcher, unsafe vault_harden_process("vaultinspect") == 0,
            vault_bind_life_to_launcher(launcher) == 0
        else { return .failure(Unfit(stage: .hardeningFailed)) }
        guard let magic = Magic() else { return .failure(Unfit(stage: .magicMissing)) }
        return .success(magic)
    }

    /// After this the process can do nothing but compute, read and write this socket.
    static func raiseWalls(around socket: WorkerSocket) -> WorkerGreeting {
        var walls = vault_walls(
            address_space_bytes: Limits.workerAddressSpaceBytes,
            cpu_seconds: Limits.workerCPUSeconds, socket: socket.descriptor)
        var abi: Int32 = 0
        // Both pointers are to locals that outlive the call.
        let failed = unsafe vault_raise_walls(&walls, &abi)
        let stage: WorkerStage =
            switch failed {
            case VAULT_WALL_NONE: .ready
            case VAULT_WALL_LIMITS: .limitsFailed
            case VAULT_WALL_FILES: .filesFailed
            default: .callsFailed
            }
        return WorkerGreeting(stage: stage, landlockABI: UInt8(clamping: abi))
    }

    /// Answers one request after another; the end of the stream is the end.
    static func serve(_ socket: WorkerSocket, _ magic: Magic, in room: ImageRoom) -> Int32 {
        while let head = socket.read(byteCount: WorkerRequest.byteCount) {
            if let probe = try? WorkerProbe(parsing: head) {
                guard socket.write(WallProbe.answer(to: probe).encoded()) else { return EX_IOERR }
                continue
            }
            guard let request = try? WorkerRequest(parsing: head),
                room.fill(byteCount: request.bodyBytes, from: socket)
            else { return EX_PROTOCOL }
            let answer = room.withImage { Inspector.inspect($0, request, magic) }
            room.wipe()
            guard socket.write(answer.encoded()) else { return EX_IOERR }
        }
        return EX_OK
    }
}
