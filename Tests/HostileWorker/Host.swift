// A stand-in for vaultd that can be killed: it starts a launcher and one worker, makes the worker
// spin, so that it never looks at its socket again, says the launcher's pid and sleeps.

import CVaultSystem
import Glibc
import VaultFormat

enum Host {
    static func run() -> Never {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        var launcher: pid_t = 0
        // The arrays have the places that the calls fill; the path outlives its call.
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0,
            unsafe vault_spawn_launcher("/proc/self/exe", ends[1], &launcher) == 0
        else { exit(EX_SOFTWARE) }
        close(ends[1])
        let worker = startWorker(ends[0])
        send(order: "spin", to: worker)
        print(launcher)
        fflush(nil)
        while true { sleep(60) }
    }

    private static func startWorker(_ launcher: Int32) -> Int32 {
        let request: [UInt8] = [0x49, 0x56, 0x4C, 1, 1, 0, 0, 0]
        var head = [UInt8](repeating: 0, count: 8)
        var passed: [Int32] = [-1, -1]
        var count = 2
        // Lengths are those of the arrays.
        let asked = unsafe vault_send_descriptors(launcher, request, 8, nil, 0)
        let answered = unsafe vault_receive_descriptors(
            launcher, &head, 8, &passed, &count, 5_000)
        guard asked == 0, answered == 0, count == 2 else { exit(EX_SOFTWARE) }
        return passed[0]
    }

    private static func send(order: String, to worker: Int32) {
        let body = Array(order.utf8)
        guard
            let request = try? WorkerRequest(
                number: 1, level: .decode, claimedType: .jpeg, imageBytes: UInt64(body.count),
                budget: WorkerBudget(.default))
        else { exit(EX_SOFTWARE) }
        let bytes = request.encoded() + body
        // The length is the array's.
        guard unsafe write(worker, bytes, bytes.count) == bytes.count else { exit(EX_SOFTWARE) }
    }
}
