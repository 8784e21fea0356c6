// One image, one answer: libmagic first, then the structure, then the decoder; each sees only what
// passed the one before.

import Glibc
import ImageInspection
import VaultFormat

enum Inspector {
    static func inspect(
        _ image: borrowing Span<UInt8>, _ request: WorkerRequest, _ magic: Magic
    ) -> WorkerAnswer {
        let started = Usage.cpuMicroseconds()
        let prefix = image.extracting(first: Int(Limits.workerMagicBytes))
        let detected = magic.detect(prefix)
        var measures = WorkerMeasures()
        var decode = DecodeOutcome.notAsked
        if request.level == .decode && detected == DetectedType(request.claimedType) {
            decode = self.decode(image, request.budget, &measures)
        }
        measures.cpuMicroseconds = Usage.cpuMicroseconds() &- started
        measures.peakMemoryKiB = Usage.peakMemoryKiB()
        return WorkerAnswer(
            to: request, detectedType: detected, decode: decode, measures: measures)
    }
}

extension Inspector {
    /// Walks the image anew: a decoder meets only what is sound so far, whoever vouched for it.
    private static func decode(
        _ image: borrowing Span<UInt8>, _ budget: WorkerBudget, _ measures: inout WorkerMeasures
    ) -> DecodeOutcome {
        // Bytes of bytes: every bit pattern is one.
        guard let walked = unsafe try? ImageInspector.inspect(image.bytes, policy: budget.policy)
        else { return .structureRefused }
        measures.pixels = UInt64(clamping: walked.width) * UInt64(clamping: walked.height)
        switch walked.facts {
        case .jpeg(let facts):
            return JPEGDecode.run(image.extracting(first: facts.imageBytes), budget)
        case .png(let facts):
            guard let inflater = Inflater() else { return .tooMuchMemory }
            var decode = PNGDecode(
                inflater: inflater, facts: facts, width: walked.width, height: walked.height)
            defer { measures.inflatedBytes = UInt64(clamping: decode.inflatedBytes) }
            return decode.run(image)
        }
    }
}

extension WorkerBudget {
    /// The walk's rules with this budget, all other bounds as wide as they go: vaultd's own policy
    /// has been applied before, and a worker only adds refusals.
    fileprivate var policy: InspectionPolicy {
        InspectionPolicy(
            level: .decode, trailer: .truncate, metadata: .keep,
            allowedTypes: Set(ImageType.allCases), allowsAnimation: true,
            maxBytes: Int(Limits.workerImageBytes), maxPixels: Int(clamping: pixels),
            maxScans: Int(clamping: scans), maxDecodedPixels: Int(clamping: decodedPixels),
            maxMetadataBytes: Int(Limits.workerImageBytes))
    }
}

enum Usage {
    /// The thread's clock: a process under RLIMIT_CPU has its own clock updated at ticks only.
    static func cpuMicroseconds() -> UInt64 {
        var time = timespec()
        // The pointer is to a local.
        guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(clamping: time.tv_sec) * 1_000_000 + UInt64(clamping: time.tv_nsec / 1_000)
    }

    static func peakMemoryKiB() -> UInt64 {
        var usage = rusage()
        // The pointer is to a local.
        guard unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
        return UInt64(clamping: usage.ru_maxrss)
    }
}
