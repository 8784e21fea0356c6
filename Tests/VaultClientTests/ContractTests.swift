import Testing
import VaultAPI
import VaultFormat
import Yams

/// The document and the code say the same.
@Suite("openapi.yaml")
struct ContractTests {
    let document: Node
    let operations: [Operation]

    struct Operation {
        let name: String
        let codes: [String]
        let statuses: [String]
    }

    init() throws {
        let text = String(decoding: Contract.openAPI, as: UTF8.self)
        document = try #require(try Yams.compose(yaml: text))
        var operations: [Operation] = []
        for (path, item) in try #require(document["paths"]?.mapping) {
            for (method, operation) in try #require(item.mapping) {
                guard let codes = operation["x-error-codes"]?.array() else { continue }
                let responses = try #require(operation["responses"]?.mapping)
                operations.append(
                    Operation(
                        name: "\(method.string ?? "") \(path.string ?? "")",
                        codes: codes.compactMap(\.string),
                        statuses: responses.keys.compactMap(\.string)))
            }
        }
        self.operations = operations
    }

    @Test("lists the registry's error codes, no more and no less")
    func codes() throws {
        let listed = try strings("ErrorCode", "enum")
        #expect(Set(listed) == Set(ErrorCode.allCases.map(\.rawValue)))
    }

    @Test("gives each error code the registry's status")
    func codeStatuses() throws {
        let statuses = try #require(try schema("ErrorCode")["x-status"])
        #expect(statuses.mapping?.count == ErrorCode.allCases.count)
        for code in ErrorCode.allCases {
            #expect(statuses[code.rawValue]?.int == code.description.status, "\(code.rawValue)")
        }
    }

    @Test("gives every operation its codes, and responses for exactly their statuses")
    func operationCodes() throws {
        #expect(operations.count == 95)
        for operation in operations {
            let known = operation.codes.compactMap(ErrorCode.init(rawValue:))
            #expect(known.count == operation.codes.count, "\(operation.name)")
            let statuses = Set(known.map { String($0.description.status) })
            let refusals = Set(operation.statuses.filter { $0 >= "400" })
            #expect(statuses == refusals, "\(operation.name)")
        }
    }

    @Test("names the verb of every operation, at exactly the sockets that take it")
    func verbs() throws {
        var places: [VerbName: Set<String>] = [:]
        var open: Set<String> = []
        for (_, item) in try #require(document["paths"]?.mapping) {
            for (_, operation) in try #require(item.mapping) {
                guard let id = operation["operationId"]?.string else { continue }
                let doors = operation["x-sockets"]?.array().compactMap(\.string) ?? []
                guard let word = operation["x-verb"]?.string else {
                    open.insert(id)
                    continue
                }
                let verb = try #require(VerbName(rawValue: word), "\(id)")
                #expect(Set(doors) == Set(verb.doors.map(\.name)), "\(id)")
                places[verb, default: []].insert(id)
            }
        }
        #expect(Set(places.keys) == Set(VerbName.allCases))
        #expect(open == ["getHealth", "getReady", "getVersion", "getWhoAmI", "getContract"])
    }

    @Test("places every code but those that belong to no operation")
    func everyCodePlaced() {
        let placed = Set(operations.flatMap(\.codes))
        let homeless = ErrorCode.allCases.filter { !placed.contains($0.rawValue) }
        #expect(
            homeless == [
                .unknownRoute, .methodNotAllowed, .downloadIncomplete, .rowRolledBack,
                .rolledBack, .anchorRefused,
            ])
    }

    @Test("knows the log's actions and outcomes, doors, suites, levels and slots")
    func vocabularies() throws {
        let properties = try #require(schema("Event")["properties"])
        func words(_ property: String) -> Set<String> {
            Set(properties[property]?["enum"]?.array().compactMap(\.string) ?? [])
        }
        #expect(words("action") == Set(EventAction.allCases.map(\.name)))
        #expect(words("outcome") == Set(EventOutcome.allCases.map(\.name)))
        #expect(words("verdict") == Set(InspectionLevel.allCases.map(\.name)))
        #expect(Set(try strings("Door", "enum")) == Set(Door.allCases.map(\.name)))
        #expect(words("grade") == Set(ContainmentGrade.allCases.map(\.name)))
        #expect(words("alert") == Set(AlertKind.allCases.map(\.rawValue)))
        #expect(words("limit") == Set(LimitClass.allCases.map(\.rawValue)))
        let subjects = LockedSubject.allCases.map(\.rawValue)
        #expect(words("locked") == Set(subjects + [subjects.joined(separator: ",")]))
        let decisions = [AccessDecision.allow, .delay(1), .block(1)].map(\.name)
        #expect(words("decision") == Set(decisions))
        let decision = try #require(schema("AccessDecision")["properties"]?["decision"])
        #expect(decision["enum"]?.array().compactMap(\.string) == decisions)
        let missing = try #require(schema("UnavailableEvent")["properties"]?["unavailable"])
        #expect(
            missing["enum"]?.array().compactMap(\.string) == EventAbsence.allCases.map(\.rawValue))
        let guarded = VerbName.allCases.filter { TwoPersonRule($0) != nil }.map(\.rawValue)
        let asked = ApprovalKind.allCases.filter { $0 != .request }.map(\.name)
        #expect(words("work") == Set(OperationKind.allCases.map(\.name) + asked + guarded))
        let approval = try #require(schema("Approval")["properties"])
        let images = ApprovalKind.allCases.filter(\.isOfImage).map(\.name)
        #expect(
            Set(approval["action"]?["enum"]?.array().compactMap(\.string) ?? [])
                == Set(images + guarded))
        #expect(
            approval["state"]?["enum"]?.array().compactMap(\.string)
                == ApprovalState.allCases.map(\.name))
        let operation = try #require(schema("Operation")["properties"])
        #expect(
            operation["kind"]?["enum"]?.array().compactMap(\.string)
                == OperationKind.allCases.map(\.name))
        #expect(
            operation["state"]?["enum"]?.array().compactMap(\.string)
                == OperationState.allCases.map(\.name))
        #expect(try strings("AttestedItem", "enum") == Self.items { $0.isAttested })
        let checked = try #require(schema("DoctorCheck")["properties"])
        #expect(checked["id"]?["enum"]?.array().compactMap(\.string) == Self.items { _ in true })
        #expect(
            checked["verdict"]?["enum"]?.array().compactMap(\.string)
                == DoctorVerdict.allCases.map(\.rawValue))
        let wait = try #require(schema("ReceiptWait")["properties"])
        #expect(
            wait["for"]?["enum"]?.array().compactMap(\.string)
                == (try Samples.receipt()).waits.map(\.kind))
        let hold = try #require(schema("Hold")["properties"])
        #expect(
            hold["kind"]?["enum"]?.array().compactMap(\.string) == HoldKind.allCases.map(\.name))
        let receipt = try #require(schema("Receipt")["properties"])
        #expect(
            receipt["erased"]?["enum"]?.array().compactMap(\.string)
                == ErasureKind.allCases.map(\.name))
        let keys = try #require(schema("Keys")["properties"])
        #expect(
            keys["suite"]?["enum"]?.array().compactMap(\.string) == Suite.allCases.map(\.name))
    }

    @Test("promises the members that the code writes")
    func members() throws {
        try expectMembers("Image", WireJSON.encode(Samples.image()))
        try expectMembers("Inspection", WireJSON.encode(Samples.inspection()))
        try expectMembers("Status", WireJSON.encode(Samples.status(keys: nil)))
        try expectMembers(
            "AnchorStatus", WireJSON.encode(Samples.status(keys: nil).anchors[0]))
        try expectMembers("Keys", WireJSON.encode(Samples.keys()))
        try expectMembers("ImagePage", WireJSON.encode(ImagePage(images: [], next: nil)))
        try expectMembers(
            "Slots", WireJSON.encode(SlotsAnswer(.keyring, generation: 1, slots: [])))
        try expectMembers(
            "ShareProgress", WireJSON.encode(ShareProgress(given: 1, needed: 2)))
        try expectMembers(
            "Challenge",
            WireJSON.encode(ChallengeAnswer(challenge: "", words: "", expiresMicroseconds: 0)))
        try expectMembers(
            "LogKey",
            WireJSON.encode(LogKeyAnswer(number: 1, verifierKey: "", fingerprint: "")))
        let slot = StatusAnswer.Slot(
            id: try SlotID(hex: String(repeating: "0", count: 32)), kind: .passphrase, label: "a",
            createdMicroseconds: 0, provedMicroseconds: nil)
        try expectMembers("Slot", WireJSON.encode(slot))
        try expectMembers("SealState", WireJSON.encode(SealAnswer(sealed: true, slot: nil)))
        try expectMembers("EventPage", EventPageWriter.encode([], next: nil, size: 0))
        let dropped = DeleteAnswer(
            id: try ImageID(hex: Samples.hex), remainingClaims: 0, erased: true,
            receipt: try ReceiptID(bytes: Array(0..<16)))
        try expectMembers("Dropped", WireJSON.encode(dropped))
        let receipt = try Samples.receipt()
        try expectMembers("Receipt", WireJSON.encode(receipt))
        try expectMembers("ReceiptWait", WireJSON.encode(receipt.waits[0]))
        try expectMembers("ReceiptAttestation", WireJSON.encode(receipt.attested[0]))
        try expectMembers(
            "ReceiptList", WireJSON.encode(ReceiptListAnswer(receipts: [], next: nil)))
        try expectMembers("Escrow", WireJSON.encode(Samples.escrow()))
        try expectMembers("EscrowList", WireJSON.encode(EscrowListAnswer(escrows: [], next: nil)))
        try expectMembers("Hold", WireJSON.encode(Samples.hold()))
        try expectMembers("HoldList", WireJSON.encode(HoldListAnswer(holds: [], next: nil)))
        try expectMembers(
            "Retention",
            WireJSON.encode(
                RetentionAnswer(
                    image: try ImageID(hex: Samples.hex), namespace: .standard,
                    claims: [.forever], isExtendOnly: false)))
        try expectMembers(
            "Erasure",
            WireJSON.encode(
                ErasureAnswer(operation: try Samples.operation(), receipt: receipt.id)))
        try expectMembers("Backup", WireJSON.encode(Samples.backup()))
        try expectMembers("BackupList", WireJSON.encode(BackupListAnswer(backups: [], next: nil)))
        try expectMembers("DestructionApproval", WireJSON.encode(Samples.destruction()))
        try expectMembers(
            "DestructionList",
            WireJSON.encode(DestructionListAnswer(destructions: [], next: nil)))
        try expectMembers(
            "Destruction",
            WireJSON.encode(DestructionAnswer(epoch: .first, generation: 1, approval: nil)))
        try expectMembers(
            "KeyStatus",
            WireJSON.encode(
                KeysAnswer(
                    generation: 1, epochs: [], primaryAgeDays: 0, operation: nil, rate: nil)))
        try expectMembers("Operation", WireJSON.encode(Samples.operation()))
        try expectMembers("Approval", WireJSON.encode(Samples.approval()))
        let notice = ApprovalNotice(
            id: ApprovalID(checked: Array(repeating: 1, count: 16)),
            digest: Digest256(checked: Array(repeating: 1, count: 32)), words: "hold=1",
            expiresMicroseconds: 1)
        try expectMembers("ApprovalNotice", WireJSON.encode(notice))
        try expectMembers("QuarantinedImage", WireJSON.encode(Samples.quarantined()))
        try expectMembers(
            "OperationList", WireJSON.encode(OperationListAnswer(operations: [], next: nil)))
        try expectMembers(
            "OperationFindings",
            WireJSON.encode(OperationFindingsAnswer(findings: [], records: [], next: nil)))
        try expectMembers("Quarantine", WireJSON.encode(QuarantineAnswer(images: [], next: nil)))
        try expectMembers(
            "ApprovalList", WireJSON.encode(ApprovalListAnswer(approvals: [], next: nil)))
        let token = TokenAnswer(
            id: AccessTokenID(checked: Array(repeating: 1, count: 16)), secret: nil,
            principal: PrincipalName(of: .images), scopes: .all, createdMicroseconds: 0, creator: 0,
            expiresMicroseconds: 1, overlapEndsMicroseconds: nil, note: .none)
        try expectMembers("Token", WireJSON.encode(token))
        let incident = IncidentAnswer(
            id: IncidentID(checked: Array(repeating: 1, count: 16)), cause: .hand, principal: nil,
            actor: nil, openedMicroseconds: 0, creator: 0, reason: .none, closedMicroseconds: nil,
            events: 0..<1, digest: Digest256(checked: Array(repeating: 1, count: 32)), bytes: 1,
            containment: nil)
        try expectMembers("Incident", WireJSON.encode(incident))
        try expectMembers(
            "Containment",
            WireJSON.encode(ContainmentAnswer(grade: .suspend, untilMicroseconds: 1, uid: 0)))
        try expectMembers(
            "IncidentList", WireJSON.encode(IncidentListAnswer(incidents: [incident], next: nil)))
        try expectMembers(
            "IncidentState",
            WireJSON.encode(IncidentStateAnswer(incident: incident, entries: nil)))
        try expectMembers(
            "Case",
            WireJSON.encode(
                CaseAnswer(
                    incident: incident, manifest: "", census: [], entries: [], bundle: "")))
        let quota = [NamespaceName.standard: Quota(images: 1)]
        try expectMembers(
            "AccessPolicy", WireJSON.encode(PolicyAnswer(AccessPolicy(rules: [], quotas: quota))))
        let state = NamespaceAnswer(
            name: .standard, createdMicroseconds: 0, usage: .none, quota: .none)
        try expectMembers("NamespaceState", WireJSON.encode(state))
        try expectMembers(
            "NamespaceList", WireJSON.encode(NamespaceListAnswer(namespaces: [state])))
        try expectMembers("TokenList", WireJSON.encode(TokenListAnswer(tokens: [], next: nil)))
        let secret = BearerText(
            .ticket, secret: Array(repeating: 0x41, count: BearerText.letters))
        try expectMembers(
            "Ticket",
            WireJSON.encode(
                TicketAnswer(
                    id: TicketID(checked: Array(repeating: 1, count: 16)), secret: secret,
                    image: ImageID(hex: Samples.hex), reads: 1, expiresMicroseconds: 1)))
        let check = DoctorAnswer.Check(.swap, .ok, evidence: [], fix: "")
        let found = DoctorAnswer(atMicroseconds: 0, checks: [check])
        try expectMembers("DoctorResult", WireJSON.encode(found))
        try expectMembers("DoctorCheck", WireJSON.encode(check))
        try expectMembers("DoctorCounts", WireJSON.encode(found.counts))
        try expectMembers(
            "Attestation",
            WireJSON.encode(
                AttestationAnswer(
                    item: .firewall, evidence: try Digest256(hex: Samples.hex), bytes: 1, uid: 1,
                    atMicroseconds: 0, expiresMicroseconds: 1)))
        try expectMembers("AccessDecision", WireJSON.encode(DecisionAnswer(.allow)))
        try expectMembers("LimitCheck", WireJSON.encode(LimitAnswer(waitMicroseconds: nil)))
        let caller = Caller(door: .images, uid: 1, gid: 1, pid: 1)
        try expectMembers(
            "WhoAmI",
            WireJSON.encode(
                WhoAmIAnswer(
                    caller: caller, groups: [], namespace: .standard,
                    principal: PrincipalName(of: .audit), token: nil)))
    }

    /// The schema's properties, all of them required, are the members of the JSON.
    private func expectMembers(_ name: String, _ json: [UInt8]) throws {
        // JSON is YAML.
        let value = try #require(try Yams.compose(yaml: String(decoding: json, as: UTF8.self)))
        let written = Set(value.mapping?.keys.compactMap(\.string) ?? [])
        let schema = try schema(name)
        #expect(Set(schema["properties"]?.mapping?.keys.compactMap(\.string) ?? []) == written)
        #expect(Set(schema["required"]?.array().compactMap(\.string) ?? []) == written)
    }

    private static func items(_ isWanted: (DoctorItem) -> Bool) -> [String] {
        DoctorItem.allCases.filter(isWanted).map(\.rawValue)
    }

    private func schema(_ name: String) throws -> Node {
        try #require(document["components"]?["schemas"]?[name])
    }

    private func strings(_ schema: String, _ member: String) throws -> [String] {
        try #require(try self.schema(schema)[member]?.array().compactMap(\.string))
    }
}
