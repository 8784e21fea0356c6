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

/// The messages between vaultctl and its inspector: the same rules.
@Suite struct LintWireTests {
    private static func request() throws -> LintRequest {
        var policy = InspectionPolicy.default
        policy.level = .structure
        policy.metadata = .strip
        policy.allowedTypes = [.png]
        return try LintRequest(policy: policy, imageBytes: 77, name: FileName("é.png"))
    }

    private static let answers = [
        LintAnswer(
            type: .png,
            accepted: .init(width: 3, height: 4, storedBytes: 70, transformations: 2),
            verdict: Verdict(
                level: .decode, inspectorVersion: 9,
                findings: [Finding(code: .trailerData, offset: 70)], flags: [.gps])),
        LintAnswer(
            type: nil, accepted: nil,
            verdict: Verdict(
                level: .structure, inspectorVersion: 1,
                findings: [Finding(code: .signatureUnknown, offset: 0)], flags: [])),
    ]

    @Test func messagesAreReadAsTheyWereWritten() throws {
        let request = try Self.request()
        #expect(request.encoded().count == LintRequest.byteCount)
        #expect(try LintRequest(parsing: request.encoded()) == request)
        for answer in Self.answers {
            #expect(answer.encoded().count == LintAnswer.byteCount)
            #expect(try LintAnswer(parsing: answer.encoded()) == answer)
        }
    }

    @Test func noByteHasTwoSpellings() throws {
        let right = try Self.request().encoded()
        for index in right.indices {
            for flip in [1, 0x80] as [UInt8] {
                var bytes = right
                bytes[index] ^= flip
                if let read = try? LintRequest(parsing: bytes) { #expect(read.encoded() == bytes) }
                var answer = Self.answers[0].encoded()
                answer[index] ^= flip
                if let read = try? LintAnswer(parsing: answer) { #expect(read.encoded() == answer) }
            }
        }
    }

    @Test func aRefusalWithoutAFindingIsNoAnswer() {
        let mute = LintAnswer(
            type: .png, accepted: nil,
            verdict: Verdict(level: .decode, inspectorVersion: 1, findings: [], flags: []))
        #expect(throws: FormatError.notCanonical(field: "answer")) {
            try LintAnswer(parsing: mute.encoded())
        }
    }
}
