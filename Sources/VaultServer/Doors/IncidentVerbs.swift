// admin.sock: incidents, and what they take from whom. audit.sock: what a case holds.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about incidents; nil for any other.
    func answerIncidents(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .openIncident: return try await openIncident(exchange)
        case .listIncidents: return try await listIncidents(exchange)
        case .readIncident(let id): return try await readIncident(id, exchange)
        case .noteIncident(let id):
            let request = try await body(IncidentNoteRequest.self, exchange)
            return try await change(id, exchange) { (id) async throws(VaultError) in
                try await vault.note(request.note, on: id, exchange.call)
            }
        case .closeIncident(let id):
            let request = try await body(IncidentCloseRequest.self, exchange)
            return try await change(id, exchange) { (id) async throws(VaultError) in
                try await vault.closeIncident(id, note: request.note, exchange.call)
            }
        case .containIncident(let id):
            let request = try await body(ContainmentRequest.self, exchange)
            return try await change(id, exchange) { (id) async throws(VaultError) in
                try await vault.contain(
                    id, to: request.grade, minutes: request.minutes, under: exchange.policy,
                    exchange.call)
            }
        case .liftContainment(let id):
            try await requireNoQuery(exchange)
            return try await change(id, exchange) { (id) async throws(VaultError) in
                try await vault.liftContainment(of: id, exchange.call)
            }
        case .exportCase(let id): return try await exportCase(id, exchange)
        default: return nil
        }
    }

    private func openIncident(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(IncidentRequest.self, exchange)
        if let name = request.principal,
            !exchange.policy.rules.contains(where: { $0.principal.name == name })
        {
            throw try await refused(
                VaultError(.invalidBody), detail: "The policy has no such principal.", exchange)
        }
        let row = try await verb { () async throws(VaultError) in
            try await vault.openIncident(
                of: request.principal, note: request.reason, under: exchange.policy, exchange.call)
        }
        return .json(IncidentAnswer(row), status: .created)
    }

    private func listIncidents(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (before, limit) async throws(VaultError) in
            try await vault.incidents(before: before, limit: limit, exchange.call)
        }
        return .json(
            IncidentListAnswer(
                incidents: page.incidents.map { IncidentAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func readIncident(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let id = try await incident(id, exchange)
        let state = try await verb { () async throws(VaultError) in
            try await vault.incident(id, exchange.call)
        }
        return .json(
            IncidentStateAnswer(incident: IncidentAnswer(state.incident), entries: state.entries))
    }

    private func exportCase(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let id = try await incident(id, exchange)
        let found = try await verb { () async throws(VaultError) in
            try await vault.exportCase(id, exchange.call)
        }
        return .json(
            CaseAnswer(
                incident: IncidentAnswer(found.incident), manifest: found.manifest,
                census: found.census, entries: found.entries, bundle: found.bundle))
    }

    private func change(
        _ id: String, _ exchange: Exchange,
        _ body: (IncidentID) async throws(VaultError) -> IncidentRow
    ) async throws -> Answer {
        let id = try await incident(id, exchange)
        let row = try await verb { () async throws(VaultError) in try await body(id) }
        return .json(IncidentAnswer(row))
    }

    /// What has not the form of an id is none.
    private func incident(_ id: String, _ exchange: Exchange) async throws -> IncidentID {
        guard let id = try? IncidentID(hex: id) else {
            throw try await refused(VaultError(.unknownIncident), exchange)
        }
        return id
    }
}

extension IncidentAnswer {
    init(_ row: IncidentRow) {
        self.init(
            id: row.incident, cause: row.cause, principal: row.principal, actor: row.actor,
            openedMicroseconds: row.openedMicroseconds, creator: row.creator, reason: row.note,
            closedMicroseconds: row.closedMicroseconds, events: row.events,
            digest: row.file.digest, bytes: row.file.bytes,
            containment: row.containment.map {
                ContainmentAnswer(
                    grade: $0.grade, untilMicroseconds: $0.endsMicroseconds, uid: $0.setter)
            })
    }
}
