// The verbs of incidents on the admin socket, and of cases on the audit socket.

import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    package func open(_ request: IncidentRequest) async throws(ClientError) -> IncidentAnswer {
        try await answer(IncidentAnswer.self, to: send(request, to: APIPath.incidents))
    }

    package func incidents(
        _ page: PageQuery
    ) async throws(ClientError) -> IncidentListAnswer {
        try await answer(
            IncidentListAnswer.self, to: exchange(.GET, APIPath.incidents + page.query))
    }

    package func incident(_ id: IncidentID) async throws(ClientError) -> IncidentStateAnswer {
        try await answer(IncidentStateAnswer.self, to: exchange(.GET, APIPath.incident(id)))
    }

    package func note(
        _ note: AdminNote, on id: IncidentID
    ) async throws(ClientError) -> IncidentAnswer {
        try await answer(
            IncidentAnswer.self,
            to: send(IncidentNoteRequest(note: note), to: "\(APIPath.incident(id))/notes"))
    }

    package func close(
        _ id: IncidentID, note: AdminNote
    ) async throws(ClientError) -> IncidentAnswer {
        try await answer(
            IncidentAnswer.self,
            to: send(IncidentCloseRequest(note: note), to: "\(APIPath.incident(id))/close"))
    }

    package func contain(
        _ id: IncidentID, _ request: ContainmentRequest
    ) async throws(ClientError) -> IncidentAnswer {
        try await answer(
            IncidentAnswer.self, to: send(request, to: APIPath.containment(of: id)))
    }

    package func liftContainment(
        of id: IncidentID
    ) async throws(ClientError) -> IncidentAnswer {
        try await answer(
            IncidentAnswer.self, to: exchange(.DELETE, APIPath.containment(of: id)))
    }

    /// What a case holds, in clear. At the audit socket.
    package func exportCase(_ id: IncidentID) async throws(ClientError) -> CaseAnswer {
        try await answer(CaseAnswer.self, to: exchange(.GET, APIPath.exportedCase(id)))
    }
}
