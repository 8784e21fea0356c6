// The target `protocol`: the bytes between vaultd and a worker, at both ends, through real sockets.
// An input's first byte says which end reads the rest:
//
//   0   vaultd, a greeting
//   1   vaultd, an answer; the second byte has the level in bit 0 and the type in bit 1
//   2   a worker: requests with their images, and probes, until the end
//   3   vaultd, a launcher's answer; the second byte says how many descriptors come with it

import CVaultSystem
import Glibc
import VaultFormat

@testable import VaultStorage
@testable import vaultinspect

enum ProtocolCheck {
    // unsafe: libFuzzer runs a target on one thread.
    nonisolated(unsafe) private static let magic = Magic()
    nonisolated(unsafe) private static let room = ImageRoom(capacity: Int(Limits.workerImageBytes))
    private static let image = [UInt8](repeating: 0x41, count: 64)
    private static let heapBytes = 64 << 20

    static func run(_ input: [UInt8]) {
        guard let end = input.first else { return }
        switch end {
        case 0: greeting(Array(input.dropFirst()))
        case 1 where input.count > 1: answer(input[1], Array(input.dropFirst(2)))
        case 2: requests(Array(input.dropFirst()))
        case 3 where input.count > 1: launched(input[1], Array(input.dropFirst(2)))
        default: break
        }
    }

    /// A pair whose far end has said these bytes and nothing more will come.
    private static func saying(_ bytes: [UInt8]) -> (near: Descriptor, far: Descriptor)? {
        var ends: [Int32] = [-1, -1]
        // The array has the two places that socketpair fills; the length is the array's.
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0,
            unsafe bytes.isEmpty || write(ends[1], bytes, bytes.count) == bytes.count
        else { fatalError("no socket: \(errno)") }
        shutdown(ends[1], Int32(SHUT_WR))
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    /// No process stands behind this one: killing it does nothing.
    private static func worker(_ socket: Descriptor) -> WorkerProcess {
        // Swift lends the path for the call.
        let nobody = unsafe open("/dev/null", O_RDONLY)
        return WorkerProcess(socket: socket, process: Descriptor(owning: nobody))
    }

    private static func greeting(_ bytes: [UInt8]) {
        guard let (near, far) = saying(bytes) else { return }
        let heard = try? worker(near).awaitGreeting()
        if let heard {
            FuzzCheck.require(heard.encoded() == bytes, "a greeting with two spellings")
            FuzzCheck.require(heard.stage == .ready, "served by a worker without walls")
        }
        withExtendedLifetime(far) {}
    }

    private static func answer(_ kind: UInt8, _ bytes: [UInt8]) {
        guard let (near, far) = saying(bytes) else { return }
        var session = WorkerSession(process: worker(near))
        let question = WorkerQuestion(
            type: kind & 2 == 0 ? .jpeg : .png, level: kind & 1 == 0 ? .structure : .decode,
            namespace: "a", budget: WorkerBudget(.default), deadlineMilliseconds: 60_000)
        do throws(WorkerFault) {
            let heard = try session.examine(image, as: question)
            FuzzCheck.require(heard.encoded() == bytes, "an answer with two spellings")
            FuzzCheck.require(
                session.isReusable == (heard.outcome == .sound && heard.measures.isCheap),
                "a worker used again after a refusal, or not after none")
            FuzzCheck.require(
                (heard.outcome == .sound) == (heard.finding == nil), "a refusal without a finding")
        } catch {
            FuzzCheck.require(error != .deadline, "waited for a worker that is gone")
            FuzzCheck.require(!session.isReusable, "a worker used again after a fault")
        }
        withExtendedLifetime(far) {}
    }

    /// What a worker reads: whole messages, and what is left when the next is none, or is cut.
    private struct Script {
        enum Message {
            case request(WorkerRequest)
            case probe(WorkerProbe)
        }
        private(set) var messages: [Message] = []
        private(set) var read = 0
        let rest: Int

        /// Ends before a probe that asks for an act: this process has no walls and would do it.
        init(_ bytes: [UInt8]) {
            var length = bytes.count
            while length - read >= WorkerRequest.byteCount {
                let head = Array(bytes[read..<read + WorkerRequest.byteCount])
                if let probe = try? WorkerProbe(parsing: head) {
                    FuzzCheck.require(probe.encoded() == head, "a probe with two spellings")
                    guard probe.act == .none else {
                        length = read
                        break
                    }
                    messages.append(.probe(probe))
                    read += head.count
                    continue
                }
                guard let request = try? WorkerRequest(parsing: head),
                    length - read - head.count >= request.bodyBytes
                else { break }
                FuzzCheck.require(request.encoded() == head, "a request with two spellings")
                messages.append(.request(request))
                read += head.count + request.bodyBytes
            }
            rest = length - read
        }
    }

    private static func requests(_ bytes: [UInt8]) {
        let script = Script(bytes)
        guard let (near, far) = saying(Array(bytes.prefix(script.read + script.rest))),
            let magic = unsafe magic
        else { return }
        let status = FuzzCheck.bounded(size: bytes.count, heapBytes: heapBytes) {
            Worker.serve(WorkerSocket(descriptor: near.raw), magic, in: unsafe room)
        }
        shutdown(near.raw, Int32(SHUT_WR))
        let answers = WorkerSocket(descriptor: far.raw)
        for message in script.messages {
            let said = answers.read(byteCount: WorkerAnswer.byteCount) ?? []
            let isAnswer =
                switch message {
                case .request(let request): (try? WorkerAnswer(parsing: said, to: request)) != nil
                case .probe(let probe): (try? WorkerProbeAnswer(parsing: said, to: probe)) != nil
                }
            FuzzCheck.require(isAnswer, "a message that was not answered as it must")
        }
        FuzzCheck.require(answers.read(byteCount: 1) == nil, "an answer to nothing")
        let isCut = script.rest < WorkerRequest.byteCount
        FuzzCheck.require(status == (isCut ? EX_OK : EX_PROTOCOL), "ended with \(status)")
    }

    /// What arrives is what was expected, or it is refused and nothing stays open.
    private static func launched(_ count: UInt8, _ bytes: [UInt8]) {
        var ends: [Int32] = [-1, -1]
        let given = [Int32](repeating: 0, count: Int(count % 5))
        var head = [UInt8](repeating: 0, count: Int(VAULT_LAUNCH_BYTES))
        var passed = [Int32](repeating: -1, count: Int(VAULT_LAUNCH_DESCRIPTORS))
        var came = passed.count
        // Lengths are those of the arrays, and nothing is kept beyond the calls.
        guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return }
        let before = dup(0)
        close(before)
        if !bytes.isEmpty {
            _ = unsafe vault_send_descriptors(ends[1], bytes, bytes.count, given, given.count)
        }
        close(ends[1])
        let received = unsafe vault_receive_descriptors(
            ends[0], &head, head.count, &passed, &came, 60_000)
        FuzzCheck.require(
            (received == 0) == (bytes.count >= head.count && given.count <= passed.count),
            "took \(bytes.count) bytes with \(given.count) descriptors")
        if received == 0 {
            FuzzCheck.require(
                came == given.count && head == Array(bytes.prefix(head.count)), "took another")
            for descriptor in passed.prefix(came) { close(descriptor) }
        }
        let after = dup(0)
        close(after)
        close(ends[0])
        // ends[1] was closed in between, so the lowest free number is its own or the one before.
        FuzzCheck.require(after == min(before, ends[1]), "a descriptor was left open")
    }
}

extension WorkerMeasures {
    fileprivate var isCheap: Bool { cpuMicroseconds < Limits.workerRecycleCPUSeconds * 1_000_000 }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzProtocol(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // libFuzzer lends the bytes for this call.
    unsafe ProtocolCheck.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
