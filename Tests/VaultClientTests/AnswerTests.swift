import Testing
import VaultAPI
import VaultFormat
import VaultTestKit

@Suite("Answers as JSON")
struct AnswerTests {
    @Test("an image's answer keeps its empty members and has one spelling")
    func image() throws {
        let answer = try Samples.image()
        let text = String(decoding: try WireJSON.encode(answer), as: UTF8.self)
        #expect(
            text == """
                {"created":"1970-01-01T00:00:01.000002Z","height":3,"id":"\(Samples.hex)","job":"j",\
                "name":"b.jpg","owner":null,"quarantined":false,"received":{"bytes":9,"sha256":"\(Samples.hex)"},\
                "safe_name":"b.jpg","stored":{"bytes":8,"sha256":"\(Samples.hex)"},\
                "transformed":["trailer-truncated"],"type":"image/jpeg","verdict":{"findings":\
                [{"code":"trailer-data","offset":null}],"flags":["gps"],"inspector":7,\
                "level":"decode"},"width":2}
                """)
        #expect(try WireJSON.decode(ImageAnswer.self, from: text.utf8) == answer)
    }

    @Test("the hand-written JSON of images is the encoder's, byte for byte")
    func sameJSON() throws {
        var random = SeededRandom()
        var images = [try Samples.image()]
        for _ in 0..<200 {
            var image = try Samples.image()
            image.name = try FileName(
                random.text(of: "ab.\"'<>& \u{E9}\u{20AC}\u{1F600}", 1...40) + "x")
            image.job = Bool.random(using: &random) ? nil : image.job
            image.owner = Bool.random(using: &random) ? nil : try OwnerID("o")
            image.transformed = Bool.random(using: &random) ? [] : ["a", "b"]
            image.verdict.flags = Bool.random(using: &random) ? [] : ["gps", "c2pa"]
            image.quarantined = Bool.random(using: &random)
            image.verdict.findings = [
                FindingAnswer(code: "a", offset: 5), FindingAnswer(code: "b", offset: nil),
            ]
            images.append(image)
        }
        for image in images {
            #expect(try image.json == WireJSON.encode(image))
        }
        let first = ImagePage(images: images, next: try PageCursor("a-1"))
        for page in [first, ImagePage(images: [], next: nil)] {
            #expect(try page.json == WireJSON.encode(page))
        }
    }

    @Test("an answer without a promised member, or with a wrong one, is refused")
    func broken() throws {
        let text = String(decoding: try WireJSON.encode(try Samples.image()), as: UTF8.self)
        let broken = [
            text.replacing("\"owner\":null,", with: ""),
            text.replacing("image/jpeg", with: "image/gif"),
            text.replacing("\"name\":\"b.jpg\"", with: "\"name\":\"../b.jpg\""),
            text.replacing("0002Z", with: "0002+00"),
            text.replacing(Samples.hex, with: Samples.hex.uppercased()),
        ]
        for broken in broken {
            #expect(broken != text)
            #expect(throws: DecodingError.self) {
                try WireJSON.decode(ImageAnswer.self, from: broken.utf8)
            }
        }
    }

    @Test("members that are not known yet are passed over")
    func newer() throws {
        let text = """
            {"id":"\(Samples.hex)","dropped":true,"remaining_claims":2,"erased":false,"x":[1],\
            "receipt":"\(Samples.hex.prefix(32))"}
            """
        let answer = try WireJSON.decode(DeleteAnswer.self, from: text.utf8)
        #expect(answer.remainingClaims == 2)
    }

    @Test("every error code makes a problem document that comes back whole")
    func problems() throws {
        let request = try RequestID(bytes: Array(0..<8))
        for code in ErrorCode.allCases {
            let problem = ProblemDocument(code, detail: "D", request: request)
            let bytes = try WireJSON.encode(problem)
            let back = try WireJSON.decode(ProblemDocument.self, from: bytes)
            #expect(back == problem)
            #expect(back.errorCode == code)
            #expect(problem.type == "urn:imagevault:error:\(code.rawValue)")
        }
    }

    @Test("a problem document leaves out what it has not")
    func leanProblem() throws {
        let request = try RequestID(bytes: Array(0..<8))
        let lean = try WireJSON.encode(ProblemDocument(.unknownImage, request: request))
        let text = String(decoding: lean, as: UTF8.self)
        #expect(!text.contains("detail") && !text.contains("finding") && !text.contains("after"))
        let refused = ProblemDocument(
            .imageRefused, request: request,
            finding: Finding(code: .jpegTruncated, offset: 7))
        let full = String(decoding: try WireJSON.encode(refused), as: UTF8.self)
        #expect(full.contains(#""finding":{"code":"jpeg-truncated","offset":7}"#))
    }

    @Test("events pass through a page byte by byte, missing ones by name")
    func events() throws {
        var event = Event(.imagePut, atMicroseconds: 1)
        event.bytes = 5
        let body = event.body(index: 4)
        let bytes = EventPageWriter.encode(
            [.body(body), .unavailable(index: 5, .sealed)], next: 5, size: 9)
        let line = String(decoding: body, as: UTF8.self)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"events":[\#(line),{"index":5,"unavailable":"sealed"}],"next":5,"size":9}"#)
        let page = try WireJSON.decode(EventPage.self, from: bytes)
        #expect(page.events.map(\.index) == [4, 5])
        #expect(page.events[0].text("action") == "image.put")
        #expect(page.events[0].number("bytes") == 5)
        #expect(page.events[1].text("unavailable") == "sealed")
    }

    @Test("an empty page of the log says null")
    func noEvents() throws {
        let bytes = EventPageWriter.encode([], next: nil, size: 0)
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"events":[],"next":null,"size":0}"#)
    }

    @Test("a sealed vault's status says null for keys, and comes back whole")
    func status() throws {
        let status = try Samples.status(keys: nil)
        let bytes = try WireJSON.encode(status)
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""keys":null"#))
        #expect(try WireJSON.decode(StatusAnswer.self, from: bytes) == status)
        let open = try Samples.status(keys: Samples.keys())
        #expect(try WireJSON.decode(StatusAnswer.self, from: WireJSON.encode(open)) == open)
    }

    @Test("a refusing inspection says why in words, and comes back whole")
    func inspection() throws {
        let answer = try Samples.inspection()
        #expect(answer.finding == FindingAnswer(code: "signature-unknown", offset: 0))
        #expect(answer.meaning == FindingCode.signatureUnknown.summary)
        #expect(answer.fix == FindingCode.signatureUnknown.fix)
        #expect(
            try WireJSON.decode(InspectionAnswer.self, from: WireJSON.encode(answer)) == answer)
    }

    @Test("what a receipt waits for comes back as it was, and keeps its empty members")
    func receipt() throws {
        let answer = try Samples.receipt()
        let text = String(decoding: try WireJSON.encode(answer), as: UTF8.self)
        let back = try WireJSON.decode(ReceiptAnswer.self, from: text.utf8)
        #expect(back == answer)
        #expect(
            back.waits.compactMap(\.wait).map(\.name)
                == ["operation", "purge", "epoch", "backup", "escrow"])
        let purge = #"{"backup":null,"epoch":null,"escrow":null,"expires":null,"for":"purge","#
        #expect(text.contains(purge + #""level":1}"#))
        let newer = text.replacing("\"for\":\"purge\"", with: "\"for\":\"moon\"")
        #expect(try WireJSON.decode(ReceiptAnswer.self, from: newer.utf8).waits[1].wait == nil)
    }

    @Test("the caller's own answer comes back whole")
    func whoami() throws {
        let answer = WhoAmIAnswer(
            caller: Caller(door: .audit, uid: 4_294_967_295, gid: 0, pid: -1), groups: [1, 2],
            namespace: .standard, principal: PrincipalName(of: .audit), token: nil)
        #expect(try WireJSON.decode(WhoAmIAnswer.self, from: WireJSON.encode(answer)) == answer)
    }
}

/// Answers with fixed content.
enum Samples {
    static let hex = String(repeating: "ab", count: 32)

    static func image() throws -> ImageAnswer {
        let digest = try Digest256(hex: hex)
        return ImageAnswer(
            id: try ImageID(hex: hex), type: .jpeg, width: 2, height: 3,
            received: ContentSummary(bytes: 9, sha256: digest),
            stored: ContentSummary(bytes: 8, sha256: digest), transformed: ["trailer-truncated"],
            name: try FileName("b.jpg"), claim: Claim(owner: nil, job: try JobID("j")),
            createdMicroseconds: 1_000_002,
            verdict: VerdictAnswer(
                Verdict(
                    level: .decode, inspectorVersion: 7, findings: [Finding(code: .trailerData)],
                    flags: .gps)))
    }

    static func operation() throws -> OperationAnswer {
        OperationAnswer(
            id: try OperationID(bytes: Array(0..<16)), kind: .reinspect, state: .running,
            creator: 1000, createdMicroseconds: 1, updatedMicroseconds: 2,
            progress: OperationProgress(last: 9, total: 9, done: 3), failure: nil,
            inspection: InspectionSummary(ReinspectionParameters(level: .decode)))
    }

    static func destruction() throws -> DestructionApproval {
        DestructionApproval(
            id: try ApprovalID(bytes: Array(0..<16)),
            destruction: try EpochDestruction(epoch: .first, stranded: []),
            digest: try Digest256(hex: hex), state: .waiting, requester: 1000, approver: nil,
            createdMicroseconds: 1, expiresMicroseconds: 2)
    }

    static func backup() throws -> BackupAnswer {
        BackupAnswer(
            id: try BackupID(bytes: Array(0..<16)), state: .kept, createdMicroseconds: 1,
            expiresMicroseconds: nil, creator: 1000, epochs: [.first], note: .none)
    }

    /// With one wait of each kind.
    static func receipt() throws -> ReceiptAnswer {
        let escrow = try EscrowID(bytes: Array(0..<16))
        let time = UTCTime(microseconds: 1).wireText
        return try ReceiptAnswer(
            ErasureReceipt(
                vault: VaultID(bytes: Array(0..<16)), receipt: ReceiptID(bytes: Array(0..<16)),
                kind: .image, namespace: .standard, image: ImageID(hex: hex), operation: nil,
                asked: time, claims: 1, images: 1, bytes: 9, left: nil, event: 3, epoch: .first,
                at: time,
                waits: [
                    .operation, .purge, .epoch(.first),
                    .backup(BackupID(bytes: Array(0..<16)), expires: time), .escrow(escrow),
                ], attestations: [.init(escrow: escrow, uid: 7, at: time)], logSize: 4,
                logRoot: Digest256(hex: hex)), note: nil)
    }

    static func escrow() throws -> EscrowAnswer {
        EscrowAnswer(
            id: try EscrowID(bytes: Array(0..<16)), createdMicroseconds: 1, creator: 1000,
            epochs: [.first], note: .none, destroyed: .init(uid: 7, atMicroseconds: 2))
    }

    static func hold() throws -> HoldAnswer {
        HoldAnswer(
            id: try HoldID(bytes: Array(0..<16)), kind: .image, namespace: .standard,
            image: try ImageID(hex: hex), backup: nil, createdMicroseconds: 1, creator: 1000,
            note: .none)
    }

    static func approval() throws -> ApprovalAnswer {
        ApprovalAnswer(
            id: try ApprovalID(bytes: Array(0..<16)), action: ApprovalKind.eraseImage.name,
            image: try ImageID(hex: hex), namespace: .standard, words: nil,
            digest: try Digest256(hex: hex),
            state: .waiting, requester: 1000, approver: nil, createdMicroseconds: 1,
            expiresMicroseconds: 2)
    }

    static func quarantined() throws -> QuarantinedImage {
        QuarantinedImage(
            image: try ImageID(hex: hex), namespace: .standard, type: .png, bytes: 5,
            createdMicroseconds: 1, quarantinedMicroseconds: 2, verdict: try image().verdict)
    }

    static func keys() throws -> StatusAnswer.Keys {
        StatusAnswer.Keys(
            generation: 3, suite: .aes256GCM,
            epochs: [
                StatusAnswer.Epoch(
                    number: .first, state: .primary, createdMicroseconds: 1, wraps: 4)
            ],
            slots: [
                StatusAnswer.Slot(
                    id: try SlotID(bytes: Array(0..<16)), kind: .keyFile, label: "first",
                    createdMicroseconds: 1, provedMicroseconds: 2)
            ])
    }

    static func slot(proved: Int64?) throws -> StatusAnswer.Slot {
        StatusAnswer.Slot(
            id: try SlotID(bytes: Array(0..<16)), kind: .keyFile, label: "first",
            createdMicroseconds: 1, provedMicroseconds: proved)
    }

    static func inspection() throws -> InspectionAnswer {
        InspectionAnswer(
            received: ContentSummary(bytes: 5, sha256: try Digest256(hex: hex)), type: nil,
            width: nil, height: nil, storedBytes: nil, transformed: [],
            verdict: Verdict(
                level: .decode, inspectorVersion: 1,
                findings: [Finding(code: .signatureUnknown, offset: 0)], flags: []),
            accepted: false)
    }

    static func status(keys: StatusAnswer.Keys?) throws -> StatusAnswer {
        var strict = InspectionPolicy.default
        strict.allowsAnimation = false
        strict.allowedTypes = [.png]
        return StatusAnswer(
            version: "0.1.0", vault: try VaultID(bytes: Array(0..<16)), sealed: keys == nil,
            startedMicroseconds: 1, uptimeSeconds: 93_784,
            validation: .init(.default, digest: PolicyDigest(checked: Array(0..<8))),
            namespaces: [
                "default": .init(strict, digest: PolicyDigest(checked: Array(8..<16)))
            ],
            images: StatusAnswer.Images(count: 1, references: 2, storedBytes: 3), keys: keys,
            log: StatusAnswer.Log(size: 4, root: try Digest256(hex: hex), keyFingerprint: "ab"),
            disk: StatusAnswer.Disk(freeBytes: 5, totalBytes: 10),
            inspectors: StatusAnswer.Inspectors(workers: 2, restarts: 0), connections: 1,
            anchors: [
                .init(kind: .file, state: .failed, keptMicroseconds: 1, logSize: 4, failures: 2)
            ], detection: .init(off: [], missed: 0, alarms: []),
            care: .init(verified: 1, unverifiedSeconds: 90_000, backup: nil, drill: nil),
            requests: .init(
                seconds: 60, stored: 90, read: 3000, deleted: 0, other: 1, refused: 0, failed: 3))
    }
}
