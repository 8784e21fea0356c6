/// The permanent record of one thing that happened. LogFormat §2.
///
/// It holds no name, job or owner: those die with the reference key; ``reference`` leads to them
/// while they live.
package struct Event: Hashable, Sendable {
    package var action: EventAction
    package var outcome: EventOutcome
    package var code: ErrorCode?
    package var finding: String?
    package var atMicroseconds: Int64
    package var caller: Caller?
    package var request: RequestID?
    /// Whom the backend says it asks for. Not part of the body: ``pseudonyms`` stand there.
    package var asserted = AssertedContext.none
    package var pseudonyms = Pseudonyms()
    /// What it is found by beside its own fields: the owner and the job of a claim. Not part of the body.
    package var lookups: [BlindIndex] = []
    package var namespace: NamespaceName?
    package var image: ImageID?
    package var reference: ReferenceID?
    package var slot: SlotID?
    /// Of the key file that an event makes.
    package var generation: UInt64?
    /// Which file `slot` and `generation` are of.
    package var keyFile = KeyFile.Kind.keyring
    /// What was signed: the succession of the log's keys.
    package var note: String?
    package var bytes: Int?
    /// The first byte of a reading that is not of the whole image.
    package var offset: Int?
    package var durationMicroseconds: Int?
    package var verdict: Verdict?
    /// What the upload had to pass.
    package var policy: PolicyDigest?
    package var epoch: EpochNumber?
    /// The index of the event that this one completes or repeats.
    package var begunAt: UInt64?
    package var operation: OperationID?
    /// What the operation does, or what the approved request asked for.
    package var work: String?
    /// How far the operation is with this event.
    package var progress: OperationProgress?
    package var approval: ApprovalID?
    /// SHA-256 of a statement, as it is handed out.
    package var statement: Digest256?
    package var backup: BackupID?
    package var receipt: ReceiptID?
    /// What a receipt was found to have reached.
    package var level: ErasureLevel?
    package var escrow: EscrowID?
    package var hold: HoldID?
    /// Until when an image is kept; nil where the event is not about that.
    package var until: Retention?
    /// Indexes of the log that were read, or erased.
    package var indexes: Range<UInt64>?
    /// The names of what was asked for.
    package var filters: String?
    /// The pseudonym whose name was told, or erased.
    package var pseudonym: Pseudonym?
    /// Why somebody says that it is done, or that it failed.
    package var reason: String?
    /// Whose doing it was, as the policy calls him.
    package var principal: PrincipalName?
    /// Of which requests there were too many.
    package var limit: LimitClass?
    /// How many there were since the last event of the case.
    package var count: Int?
    /// Where somebody tried to prove who he is.
    package var endpoint: EndpointName?
    /// What was said of the next attempt.
    package var decision: AccessDecision?
    /// What the failure locked out: an actor, a source or both.
    package var locked: [LockedSubject] = []
    /// The access token that the caller showed, or that the event is about.
    package var token: AccessTokenID?
    /// The fetch ticket likewise.
    package var ticket: TicketID?
    /// What a token is good for.
    package var scopes: TokenScopes?
    /// What somebody gave his word on.
    package var item: DoctorItem?
    /// What detection has seen.
    package var rule: DetectionRule?
    package var incident: IncidentID?
    /// How far somebody is contained, or was.
    package var grade: ContainmentGrade?
    /// Through what an incident was told of.
    package var alert: AlertKind?

    package init(
        _ action: EventAction, _ outcome: EventOutcome = .done, code: ErrorCode? = nil,
        atMicroseconds: Int64, caller: Caller? = nil, request: RequestID? = nil
    ) {
        self.action = action
        self.outcome = outcome
        self.code = code
        self.atMicroseconds = atMicroseconds
        self.caller = caller
        self.request = request
    }
}

/// Who called, as the kernel tells.
package struct Caller: Hashable, Sendable {
    package let door: Door
    package let uid: UInt32
    package let gid: UInt32
    /// The process at connect time: a hint only.
    package let pid: Int32
    /// Where the kernel tells.
    package let process: PeerProcess?

    package init(
        door: Door, uid: UInt32, gid: UInt32, pid: Int32, process: PeerProcess? = nil
    ) {
        self.door = door
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.process = process
    }
}

extension Event {
    /// The event as one line of JSON with its fields in a fixed order: what the log hashes.
    ///
    /// - Parameter index: its place in the log, which is part of the body.
    package func body(index: UInt64) -> [UInt8] {
        var line = JSONLine()
        line.add("index", index)
        line.add("at", Timestamp.text(microseconds: atMicroseconds))
        line.add("action", action.name)
        line.add("outcome", outcome.name)
        if let code { line.add("code", code.rawValue) }
        if let finding { line.add("finding", finding) }
        if let caller {
            line.add("door", caller.door.name)
            line.add("uid", UInt64(caller.uid))
            line.add("gid", UInt64(caller.gid))
            line.add("pid", UInt64(UInt32(bitPattern: caller.pid)))
            if let path = caller.process?.executable { line.add("executable", path) }
            if let unit = caller.process?.unit { line.add("unit", unit) }
        }
        if let request { line.add("request_id", hex: request.bytes) }
        if let actor = pseudonyms.actor { line.add("actor", hex: actor.bytes) }
        if let client = pseudonyms.client { line.add("client", hex: client.bytes) }
        if let agent = pseudonyms.agent { line.add("agent", hex: agent.bytes) }
        if let trace = asserted.trace { line.add("trace", hex: trace.bytes) }
        if let namespace { line.add("namespace", namespace.description) }
        if let image { line.add("image", hex: image.bytes) }
        if let reference { line.add("reference", hex: reference.bytes) }
        if let slot { line.add("slot", hex: slot.bytes) }
        if let generation { line.add("generation", generation) }
        if keyFile != .keyring { line.add("key_file", keyFile.name) }
        if let note { line.add("note", note) }
        if let bytes { line.add("bytes", UInt64(clamping: bytes)) }
        if let offset { line.add("offset", UInt64(clamping: offset)) }
        if let durationMicroseconds {
            line.add("duration_us", UInt64(clamping: durationMicroseconds))
        }
        if let verdict { add(verdict, to: &line) }
        if let policy { line.add("policy", hex: policy.bytes) }
        if let epoch { line.add("epoch", UInt64(epoch.value)) }
        if let begunAt { line.add("begun_at", begunAt) }
        if let operation { line.add("operation", hex: operation.bytes) }
        if let work { line.add("work", work) }
        if let progress {
            line.add("items", UInt64(clamping: progress.done))
            line.add("found", UInt64(clamping: progress.found))
            line.add("failures", UInt64(clamping: progress.failures))
        }
        if let approval { line.add("approval", hex: approval.bytes) }
        if let statement { line.add("statement", hex: statement.bytes) }
        if let backup { line.add("backup", hex: backup.bytes) }
        if let receipt { line.add("receipt", hex: receipt.bytes) }
        if let level { line.add("level", UInt64(level.rawValue)) }
        if let escrow { line.add("escrow", hex: escrow.bytes) }
        if let hold { line.add("hold", hex: hold.bytes) }
        if let until { line.add("until", until.text) }
        if let indexes {
            line.add("from", indexes.lowerBound)
            line.add("to", indexes.upperBound)
        }
        if let filters { line.add("filters", filters) }
        if let pseudonym { line.add("pseudonym", hex: pseudonym.bytes) }
        if let reason { line.add("reason", reason) }
        if let principal { line.add("principal", principal.description) }
        if let limit { line.add("limit", limit.rawValue) }
        if let count { line.add("count", UInt64(clamping: count)) }
        if let endpoint { line.add("endpoint", endpoint.description) }
        if let decision { line.add("decision", decision.name) }
        if !locked.isEmpty { line.add("locked", locked.map(\.rawValue).joined(separator: ",")) }
        if let token { line.add("token", hex: token.bytes) }
        if let ticket { line.add("ticket", hex: ticket.bytes) }
        if let scopes, !scopes.verbs.isEmpty { line.add("scopes", scopes.description) }
        if let item { line.add("item", item.rawValue) }
        if let rule { line.add("rule", rule.rawValue) }
        if let incident { line.add("incident", hex: incident.bytes) }
        if let grade { line.add("grade", grade.name) }
        if let alert { line.add("alert", alert.rawValue) }
        return line.finished
    }

    private func add(_ verdict: Verdict, to line: inout JSONLine) {
        line.add("verdict", verdict.level.name)
        line.add("inspector", UInt64(verdict.inspectorVersion))
        if !verdict.flags.isEmpty {
            line.add("flags", verdict.flags.names.joined(separator: " "))
        }
        if !verdict.findings.isEmpty { line.add("findings", verdict.findingsText) }
    }

    /// What is left of the event while the vault is sealed: who by number, the code, what detection has seen, and
    /// the slot, which stands in clear in the keyring too.
    package var whileSealed: Event {
        var bare = Event(action, outcome, code: code, atMicroseconds: atMicroseconds)
        bare.slot = slot
        bare.keyFile = keyFile
        bare.rule = rule
        if let caller {
            bare.caller = Caller(door: caller.door, uid: caller.uid, gid: caller.gid, pid: 0)
        }
        return bare
    }
}

/// One flat JSON object (RFC 8259), written in order. Strings are plain ASCII by their types;
/// anything else is escaped.
package struct JSONLine: Sendable {
    private var bytes: [UInt8] = Array("{".utf8)

    package init() {
        bytes.reserveCapacity(512)
    }

    package mutating func add(_ name: StaticString, _ value: UInt64) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func add(_ name: StaticString, _ value: String) {
        key(name)
        Self.append(value, to: &bytes)
    }

    /// The bytes in hexadecimal.
    package mutating func add(_ name: StaticString, hex value: [UInt8]) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        Hex.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A text as JSON spells it here.
    package static func quoted(_ value: String) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly every text is letters that stand for themselves.
        let isPlain = value.utf8.allSatisfy {
            (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C
        }
        guard !isPlain else {
            bytes.append(contentsOf: value.utf8)
            bytes.append(UInt8(ascii: "\""))
            return
        }
        for unit in value.utf16 {
            switch unit {
            case 0x22, 0x5C:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(unit))
            case 0x20...0x7E: bytes.append(UInt8(unit))
            default:
                bytes.append(contentsOf: "\\u".utf8)
                bytes.append(contentsOf: Hex.encode([UInt8(unit >> 8), UInt8(unit & 255)]).utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func key(_ name: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        // unsafe: a literal's own bytes, which last.
        name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: "\":".utf8)
    }

    package var finished: [UInt8] { bytes + Array("}".utf8) }
}
