// The target `decode`: any bytes as an image for a worker at level `decode`: libmagic, the walk,
// libjpeg-turbo or zlib, and the search of what was inflated. Its budget is smaller than a vault's,
// so that a run stays short.

import ImageInspection
import VaultFormat

@testable import vaultinspect

enum DecodeCheck {
    // unsafe: libFuzzer runs a target on one thread.
    nonisolated(unsafe) private static let magic = Magic()
    /// Two pictures' worth: 32 MiB of coefficients at the most, texts under their cap, zlib's own.
    private static let heapBytes = 64 << 20
    private static let budget = try? WorkerBudget(
        pixels: 1 << 21, decodedPixels: 1 << 23, scans: 64)

    static func run(_ image: borrowing Span<UInt8>) {
        guard let magic = unsafe magic, let budget, image.count > 0 else { return }
        let type: ImageType = image[0] == 0x89 ? .png : .jpeg
        guard
            let request = try? WorkerRequest(
                number: 1, level: .decode, claimedType: type, imageBytes: UInt64(image.count),
                budget: budget)
        else { return }
        let first = unsafe image.withUnsafeBufferPointer { bytes in
            // The span is rebuilt inside the closure, whose pointer it is.
            FuzzCheck.bounded(size: bytes.count, heapBytes: heapBytes) {
                unsafe Inspector.inspect(bytes.span, request, magic)
            }
        }
        check(first, request)
        let second = Inspector.inspect(image, request, magic)
        FuzzCheck.require(
            first.detectedType == second.detectedType && first.outcome == second.outcome
                && first.decode == second.decode, "another answer the second time")
        if first.outcome == .sound { checkSound(image, first) }
    }

    private static func check(_ answer: WorkerAnswer, _ request: WorkerRequest) {
        FuzzCheck.require(
            (try? WorkerAnswer(parsing: answer.encoded(), to: request)) == answer,
            "an answer that vaultd would not believe")
        FuzzCheck.require(
            answer.measures.pixels <= request.budget.pixels, "more pixels than the budget")
    }

    /// What the worker calls sound, vaultd's walk accepts as well.
    private static func checkSound(_ image: borrowing Span<UInt8>, _ answer: WorkerAnswer) {
        var policy = InspectionPolicy.default
        policy.trailer = .truncate
        // Bytes of bytes: every bit pattern is one.
        let walked = unsafe try? ImageInspector.inspect(image.bytes, policy: policy)
        // A worker's bound for metadata is wider than the default policy's, an input's is not.
        FuzzCheck.require(walked != nil, "sound, and refused by the walk")
        guard case .png(let facts)? = walked?.facts else { return }
        let pixels = facts.frames.reduce(facts.inflatedBytes) { $0 + $1.inflatedBytes }
        FuzzCheck.require(
            answer.measures.inflatedBytes >= UInt64(pixels)
                && answer.measures.inflatedBytes <= UInt64(pixels + Limits.workerTextBytes),
            "sound, and not inflated to its size")
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
func fuzzDecode(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // libFuzzer lends the bytes for this call.
    let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
    unsafe DecodeCheck.run(bytes.span)
    return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
func mutateImage(
    _ start: UnsafeMutablePointer<UInt8>?, _ count: Int, _ capacity: Int, _ seed: UInt32
) -> Int {
    unsafe PNGRepair.mutate(start, count, capacity, seed)
}
