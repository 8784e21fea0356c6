// A worker that was taken over, for the tests: it starts, greets and is walled in exactly as
// vaultinspect is, and then does what the bytes of an "image" tell it to. Never shipped.
//
//   HostileWorker --launcher | --worker <pid>     the ways vaultd starts an inspector
//   HostileWorker host                            a vaultd whose only worker spins, for kill -9
//   HostileWorker try <wall> <act>                one wall, one act; exits with the act's errno

import CSeccomp
import CVaultSystem
import Glibc
import VaultFormat

@main
struct HostileWorker {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "--launcher":
            // The name outlives the call.
            exit(unsafe "hostile".withCString { name in unsafe vault_run_launcher(name, 32) })
        case "--worker": serve(launcher: pid_t(arguments[1]) ?? 0)
        case "host": Host.run()
        case "try": tryAct(wall: arguments[1], act: arguments[2])
        default: exit(EX_USAGE)
        }
    }

    private static func walls(cpuSeconds: UInt64) -> vault_walls {
        vault_walls(
            address_space_bytes: Limits.workerAddressSpaceBytes, cpu_seconds: cpuSeconds,
            socket: Int32(VAULT_INHERITED_SOCKET))
    }

    private static func tryAct(wall: String, act: String) -> Never {
        var walls = walls(cpuSeconds: 1)
        var abi: Int32 = 0
        // The pointers are to locals that outlive the calls.
        let failed: Int32 =
            switch wall {
            case "limits": unsafe vault_wall_limits(&walls)
            case "files": unsafe vault_wall_files(&abi)
            case "calls": unsafe vault_wall_calls(&walls)
            default: 0
            }
        guard failed == 0 else { exit(EX_SOFTWARE) }
        exit(Acts.perform(act))
    }

    private static func serve(launcher: pid_t) -> Never {
        // The name is copied into the kernel.
        guard unsafe vault_harden_process("hostile") == 0,
            vault_bind_life_to_launcher(launcher) == 0
        else { exit(EX_SOFTWARE) }
        var walls = walls(cpuSeconds: Limits.workerCPUSeconds)
        var abi: Int32 = 0
        // The pointers are to locals that outlive the call.
        let failed = unsafe vault_raise_walls(&walls, &abi)
        guard failed == VAULT_WALL_NONE else { exit(EX_SOFTWARE) }
        put(WorkerGreeting(stage: .ready, landlockABI: UInt8(clamping: abi)).encoded())
        while true {
            let head = take(WorkerRequest.byteCount)
            if let probe = try? WorkerProbe(parsing: head) {
                // As if nothing had held it.
                let versions = WorkerProbeAnswer.libraries.map { ($0, VersionNumber(9, 9, 9)) }
                put(
                    WorkerProbeAnswer(
                        to: probe, .done, versions: Dictionary(uniqueKeysWithValues: versions)
                    ).encoded())
                continue
            }
            guard let request = try? WorkerRequest(parsing: head) else { break }
            let order = String(decoding: take(request.bodyBytes), as: UTF8.self)
            let right = WorkerAnswer(
                to: request, detectedType: DetectedType(request.claimedType),
                decode: request.level == .decode ? .sound : .notAsked, measures: WorkerMeasures())
            answer(order, right.encoded())
        }
        exit(EX_OK)
    }

    /// What the worker says; orders that are no way of answering are acts, and one that got its way
    /// is told by nonsense.
    private static func answer(_ order: String, _ right: [UInt8]) {
        var bytes = right
        switch order {
        case "honest": break
        case "wrong-number": bytes[15] ^= 1
        case "unknown-outcome": bytes[6] = 99
        case "unknown-type": bytes[5] = 99
        case "contradiction": bytes[5] ^= 3
        case "not-zero": bytes[55] = 1
        case "short": bytes.removeLast()
        case "long": bytes.append(0)
        case "huge": bytes = [UInt8](repeating: 0x49, count: 100_000)
        case "twice": bytes += right
        case "silent": return
        case "late-extra":
            put(right)
            for turn in 0..<1_000_000 as Range<UInt64> where turn == .max { return }
        default: if Acts.perform(order) == 0 { bytes[6] = 99 }
        }
        put(bytes)
    }

    private static func put(_ bytes: [UInt8]) {
        // Lengths are the array's.
        _ = unsafe write(Int32(VAULT_INHERITED_SOCKET), bytes, bytes.count)
    }

    private static func take(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            var part = [UInt8](repeating: 0, count: count - filled)
            // Lengths are the array's.
            let got = unsafe read(Int32(VAULT_INHERITED_SOCKET), &part, part.count)
            guard got > 0 else { exit(EX_OK) }
            bytes.replaceSubrange(filled..<filled + got, with: part.prefix(got))
            filled += got
        }
        return bytes
    }
}
