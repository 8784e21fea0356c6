// The events of log.json, and how a vector's fields become an event.

import Foundation
package import VaultFormat

package struct EventVector: NamedVector {
    package struct Fields: Decodable, Sendable {
        let action: String
        let outcome: String
        let code: String?
        let finding: String?
        let door: String?
        let uid: UInt32?
        let gid: UInt32?
        let pid: Int32?
        let executable: String?
        let unit: String?
        let requestId: String?
        let actor: String?
        let client: String?
        let agent: String?
        let trace: String?
        let namespace: String?
        let image: String?
        let reference: String?
        let slot: String?
        let generation: UInt64?
        let keyFile: String?
        let note: String?
        let bytes: Int?
        let offset: Int?
        let durationUs: Int?
        let verdict: String?
        let inspector: UInt32?
        let flags: String?
        let findings: String?
        let policy: String?
        let epoch: UInt32?
        let begunAt: UInt64?
        let operation: String?
        let work: String?
        let items: Int?
        let found: Int?
        let failures: Int?
        let approval: String?
        let statement: String?
        let backup: String?
        let receipt: String?
        let level: UInt8?
        let escrow: String?
        let hold: String?
        let until: String?
        let from: UInt64?
        let to: UInt64?
        let filters: String?
        let pseudonym: String?
        let reason: String?
        let principal: String?
        let limit: String?
        let count: Int?
        let endpoint: String?
        let decision: String?
        let locked: String?
        let token: String?
        let ticket: String?
        let scopes: String?
        let item: String?
        let rule: String?
        let incident: String?
        let grade: String?
        let alert: String?
    }

    package let rule: String
    package let refusedBy: String?
    package let code: String?
    /// A 64-bit number as text: JSON readers may keep only 53 bits.
    package let index: String
    package let fields: Fields?
    package let body: String?
    package let salt: HexBytes?
    package let content: String?
    package let leaf: String?
    package let sealed: HexBytes

    package var number: UInt64 { UInt64(index) ?? 0 }

    private static let decisions: [String: AccessDecision] = [
        "allow": .allow, "delay": .delay(0), "block": .block(0),
    ]

    /// - Returns: nil when the vector names a word that the log does not have.
    package func event(atMicroseconds: Int64) throws -> Event? {
        guard let fields,
            let action = EventAction.allCases.first(where: { $0.name == fields.action }),
            let outcome = EventOutcome.allCases.first(where: { $0.name == fields.outcome })
        else { return nil }
        var event = Event(
            action, outcome, code: fields.code.flatMap(ErrorCode.init(rawValue:)),
            atMicroseconds: atMicroseconds, caller: fields.caller,
            request: try fields.requestId.map { try RequestID(hex: $0) })
        event.finding = fields.finding
        event.pseudonyms = Pseudonyms(
            actor: try fields.actor.map { try Pseudonym(hex: $0) },
            client: try fields.client.map { try Pseudonym(hex: $0) },
            agent: try fields.agent.map { try Pseudonym(hex: $0) })
        event.asserted.trace = try fields.trace.map { try TraceID(hex: $0) }
        event.namespace = try fields.namespace.map { try NamespaceName($0) }
        event.image = try fields.image.map { try ImageID(hex: $0) }
        event.reference = try fields.reference.map { try ReferenceID(hex: $0) }
        event.slot = try fields.slot.map { try SlotID(hex: $0) }
        event.generation = fields.generation
        event.keyFile = KeyFile.Kind.allCases.first { $0.name == fields.keyFile } ?? .keyring
        event.note = fields.note
        event.bytes = fields.bytes
        event.offset = fields.offset
        event.durationMicroseconds = fields.durationUs
        event.verdict = try fields.wholeVerdict
        event.policy = try fields.policy.map { try PolicyDigest(hex: $0) }
        event.epoch = try fields.epoch.map { try EpochNumber($0) }
        event.begunAt = fields.begunAt
        event.operation = try fields.operation.map { try OperationID(hex: $0) }
        event.work = fields.work
        if let done = fields.items, let found = fields.found, let failures = fields.failures {
            event.progress = OperationProgress(
                last: 0, total: 0, done: done, found: found, failures: failures)
        }
        event.approval = try fields.approval.map { try ApprovalID(hex: $0) }
        event.statement = try fields.statement.map { try Digest256(hex: $0) }
        event.backup = try fields.backup.map { try BackupID(hex: $0) }
        event.receipt = try fields.receipt.map { try ReceiptID(hex: $0) }
        event.level = fields.level.flatMap { ErasureLevel(rawValue: $0) }
        event.escrow = try fields.escrow.map { try EscrowID(hex: $0) }
        event.hold = try fields.hold.map { try HoldID(hex: $0) }
        event.until = fields.until.flatMap { Retention(vector: $0) }
        if let from = fields.from, let to = fields.to { event.indexes = from..<to }
        event.filters = fields.filters
        event.pseudonym = try fields.pseudonym.map { try Pseudonym(hex: $0) }
        event.reason = fields.reason
        event.principal = try fields.principal.map { try PrincipalName($0) }
        event.limit = fields.limit.flatMap(LimitClass.init(rawValue:))
        event.count = fields.count
        event.endpoint = try fields.endpoint.map { try EndpointName($0) }
        event.decision = fields.decision.flatMap { Self.decisions[$0] }
        event.locked =
            fields.locked?.split(separator: ",").compactMap { LockedSubject(rawValue: String($0)) }
            ?? []
        event.token = try fields.token.map { try AccessTokenID(hex: $0) }
        event.ticket = try fields.ticket.map { try TicketID(hex: $0) }
        event.scopes = try fields.scopes.map { try TokenScopes($0) }
        event.item = fields.item.flatMap(DoctorItem.init(rawValue:))
        event.rule = fields.rule.flatMap(DetectionRule.init(rawValue:))
        event.incident = try fields.incident.map { try IncidentID(hex: $0) }
        event.grade = fields.grade.flatMap { ContainmentGrade(name: $0) }
        event.alert = fields.alert.flatMap(AlertKind.init(rawValue:))
        return event
    }
}

extension EventVector.Fields {
    fileprivate var wholeVerdict: Verdict? {
        get throws {
            guard let level = verdict.flatMap(InspectionLevel.init(name:)), let inspector else {
                return nil
            }
            let names = flags?.split(separator: " ").map(String.init) ?? []
            return Verdict(
                level: level, inspectorVersion: inspector,
                findings: try Verdict.findings(text: findings ?? ""),
                flags: ImageFlags(ImageFlags.named.filter { names.contains($0.name) }.map(\.flag)))
        }
    }

    fileprivate var caller: Caller? {
        guard let door = Door.allCases.first(where: { $0.name == self.door }), let uid, let gid,
            let pid
        else { return nil }
        let process = PeerProcess(executable: executable, unit: unit)
        return Caller(
            door: door, uid: uid, gid: gid, pid: pid,
            process: executable == nil && unit == nil ? nil : process)
    }
}

extension Retention {
    /// An event's word, read by another library's clock; nil for what is none.
    fileprivate init?(vector text: String) {
        if text == "forever" {
            self = .forever
            return
        }
        guard let seconds = ISO8601DateFormatter().date(from: text.prefix(19) + "Z"),
            let fraction = Int64(text.dropFirst(20).prefix(6))
        else { return nil }
        self = .until(microseconds: Int64(seconds.timeIntervalSince1970) * 1_000_000 + fraction)
    }
}
