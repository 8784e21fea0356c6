// What the rules are told of an event: made where it became durable, or from its body where the log is read again.
// Both ways tell the same, so that a trace can be replayed.

package import VaultFormat

package struct Observation: Hashable, Sendable {
    package var index: UInt64
    package var atMicroseconds: Int64
    package var action: EventAction
    package var outcome = EventOutcome.done
    package var code: ErrorCode?
    package var principal: PrincipalName?
    package var actor: Pseudonym?
    package var uid: UInt32?
    package var namespace: NamespaceName?
    package var image: ImageID?
    package var bytes: Int?
    package var operation: OperationID?
    package var incident: IncidentID?
    package var work: String?
    package var indexes: Range<UInt64>?
    package var rule: DetectionRule?
    package var count: Int?

    package init(_ action: EventAction, index: UInt64, atMicroseconds: Int64) {
        self.action = action
        self.index = index
        self.atMicroseconds = atMicroseconds
    }

    /// - Parameter event: as it was written, with its pseudonyms.
    package init(_ event: Event, index: UInt64) {
        self.init(event.action, index: index, atMicroseconds: event.atMicroseconds)
        outcome = event.outcome
        code = event.code
        principal = event.principal
        actor = event.pseudonyms.actor
        uid = event.caller?.uid
        namespace = event.namespace
        image = event.image
        bytes = event.bytes
        operation = event.operation
        incident = event.incident
        work = event.work
        indexes = event.indexes
        rule = event.rule
        count = event.count
    }

    /// - Returns: nil for a body without what every body has.
    package init?(body: some Collection<UInt8>) {
        guard let fields = try? EventFields(parsing: body), let index = fields.number("index"),
            let at = fields.text("at").flatMap(Timestamp.microseconds),
            let action = fields.text("action").flatMap({ EventAction(name: $0) }),
            let outcome = fields.text("outcome").flatMap({ EventOutcome(name: $0) })
        else { return nil }
        self.init(action, index: index, atMicroseconds: at)
        self.outcome = outcome
        code = fields.text("code").flatMap { ErrorCode(rawValue: $0) }
        principal = fields.text("principal").flatMap { try? PrincipalName($0) }
        actor = fields.text("actor").flatMap { try? Pseudonym(hex: $0) }
        uid = fields.number("uid").flatMap { UInt32(exactly: $0) }
        namespace = fields.text("namespace").flatMap { try? NamespaceName($0) }
        image = fields.text("image").flatMap { try? ImageID(hex: $0) }
        bytes = fields.number("bytes").flatMap { Int(exactly: $0) }
        operation = fields.text("operation").flatMap { try? OperationID(hex: $0) }
        incident = fields.text("incident").flatMap { try? IncidentID(hex: $0) }
        work = fields.text("work")
        if let from = fields.number("from"), let to = fields.number("to"), from <= to {
            indexes = from..<to
        }
        rule = fields.text("rule").flatMap { DetectionRule(rawValue: $0) }
        count = fields.number("count").flatMap { Int(exactly: $0) }
    }

    /// An actor is whom a principal asserts: the same pseudonym of another principal is somebody else.
    var actorSubject: AlarmSubject? {
        guard let principal, let actor else { return nil }
        return .actor(principal, actor)
    }

    var isDone: Bool { outcome == .done }
}
