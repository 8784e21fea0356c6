// The messages between vaultd and a worker: one spelling each, everything else refused.

import Testing
import VaultFormat

@Suite struct WorkerWireTests {
    private static func request(
        _ level: InspectionLevel = .decode, number: UInt64 = 7, imageBytes: UInt64 = 100_000
    ) throws -> WorkerRequest {
        try WorkerRequest(
            number: number, level: level, claimedType: .png, imageBytes: imageBytes,
            budget: WorkerBudget(.default))
    }

    private static func answer(to request: WorkerRequest) -> WorkerAnswer {
        WorkerAnswer(
            to: request, detectedType: .png, decode: request.level == .decode ? .sound : .notAsked,
            measures: WorkerMeasures(
                inflatedBytes: 1, pixels: 2, cpuMicroseconds: .max, peakMemoryKiB: 4))
    }

    @Test func aRequestIsReadAsItWasWritten() throws {
        let request = try Self.request()
        let bytes = request.encoded()
        #expect(bytes.count == WorkerRequest.byteCount)
        #expect(try WorkerRequest(parsing: bytes) == request)
    }

    @Test func structureSendsOnlyWhatLibmagicReads() throws {
        #expect(try Self.request(.structure).bodyBytes == 4096)
        #expect(try Self.request(.structure, imageBytes: 17).bodyBytes == 17)
        #expect(try Self.request(.decode).bodyBytes == 100_000)
    }

    @Test func anEmptyOrOversizedImageIsNoRequest() {
        #expect(throws: FormatError.outOfRange(field: "imageBytes")) {
            try Self.request(imageBytes: 0)
        }
        #expect(throws: FormatError.outOfRange(field: "imageBytes")) {
            try Self.request(imageBytes: Limits.workerImageBytes + 1)
        }
    }

    @Test func anAnswerIsReadAsItWasWritten() throws {
        for level in InspectionLevel.allCases {
            let request = try Self.request(level)
            let answer = Self.answer(to: request)
            #expect(answer.encoded().count == WorkerAnswer.byteCount)
            #expect(try WorkerAnswer(parsing: answer.encoded(), to: request) == answer)
        }
    }

    @Test func noByteOfAnAnswerHasTwoSpellings() throws {
        let request = try Self.request()
        let right = Self.answer(to: request).encoded()
        for index in right.indices {
            for flip in [1, 0x80] as [UInt8] {
                var bytes = right
                bytes[index] ^= flip
                guard let read = try? WorkerAnswer(parsing: bytes, to: request) else { continue }
                #expect(read.encoded() == bytes, "byte \(index)")
                #expect(16..<48 ~= index, "byte \(index) is not a measure, yet may vary")
            }
        }
    }

    @Test func anAnswerOfAnotherLengthIsRefused() throws {
        let request = try Self.request()
        let right = Self.answer(to: request).encoded()
        for bytes in [[], Array(right.dropLast()), right + [0]] {
            #expect(throws: FormatError.wrongLength(expected: 56, actual: bytes.count)) {
                try WorkerAnswer(parsing: bytes, to: request)
            }
        }
    }

    @Test func anAnswerToAnotherRequestIsRefused() throws {
        let stale = Self.answer(to: try Self.request(number: 6)).encoded()
        #expect(throws: FormatError.unknownValue(field: "number")) {
            try WorkerAnswer(parsing: stale, to: Self.request(number: 7))
        }
    }

    @Test(arguments: [
        // detected, outcome, decode: of a PNG at level decode
        [2, 1, 0], [2, 1, 2], [2, 2, 0], [1, 1, 1], [1, 2, 1], [0, 3, 5], [2, 3, 1],
    ])
    func anAnswerThatContradictsItselfIsRefused(_ values: [UInt8]) throws {
        let request = try Self.request()
        var bytes = Self.answer(to: request).encoded()
        bytes.replaceSubrange(5..<8, with: values)
        #expect(throws: FormatError.notCanonical(field: "outcome")) {
            try WorkerAnswer(parsing: bytes, to: request)
        }
    }

    @Test func structureIsNotAnsweredWithADecode() throws {
        let request = try Self.request(.structure)
        var bytes = Self.answer(to: request).encoded()
        bytes[7] = DecodeOutcome.sound.rawValue
        #expect(throws: FormatError.notCanonical(field: "outcome")) {
            try WorkerAnswer(parsing: bytes, to: request)
        }
    }

    @Test func aGreetingIsReadAsItWasWritten() throws {
        for stage in WorkerStage.allCases {
            let greeting = WorkerGreeting(stage: stage, landlockABI: 7)
            #expect(try WorkerGreeting(parsing: greeting.encoded()) == greeting)
        }
        var bytes = WorkerGreeting(stage: .ready, landlockABI: 0).encoded()
        bytes[15] = 1
        #expect(throws: FormatError.notCanonical(field: "reserved")) {
            try WorkerGreeting(parsing: bytes)
        }
    }

    @Test func theCodesOfTheWireAreStable() {
        #expect(DecodeOutcome.allCases.map(\.rawValue) == Array(0...16))
        #expect(DetectedType.allCases.map(\.rawValue) == [0, 1, 2])
        #expect(WorkerOutcome.allCases.map(\.rawValue) == [1, 2, 3])
    }
}
