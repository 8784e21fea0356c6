// The verbs of the admin and audit sockets, and those that every socket has.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import VaultAPI
import VaultFormat

extension VaultClient {
    package func status() async throws(ClientError) -> StatusAnswer {
        try await answer(StatusAnswer.self, to: exchange(.GET, APIPath.status))
    }

    package func events(_ list: EventListQuery) async throws(ClientError) -> EventPage {
        try await answer(EventPage.self, to: exchange(.GET, APIPath.events + list.query))
    }

    /// The newest signed note, as text.
    package func checkpoint() async throws(ClientError) -> String {
        try await text(APIPath.checkpoint)
    }

    package func health() async throws(ClientError) -> HealthAnswer {
        try await answer(HealthAnswer.self, to: exchange(.GET, APIPath.health))
    }

    package func ready() async throws(ClientError) -> ReadyAnswer {
        try await answer(ReadyAnswer.self, to: exchange(.GET, APIPath.ready))
    }

    package func version() async throws(ClientError) -> VersionAnswer {
        try await answer(VersionAnswer.self, to: exchange(.GET, APIPath.productVersion))
    }

    package func whoami() async throws(ClientError) -> WhoAmIAnswer {
        try await answer(WhoAmIAnswer.self, to: exchange(.GET, APIPath.whoami))
    }

    /// The contract that the daemon serves.
    package func contract() async throws(ClientError) -> String {
        try await text(APIPath.contract)
    }

    private func text(_ path: String) async throws(ClientError) -> String {
        let answer = try await exchange(.GET, path)
        let bytes = try await bytes(of: answer)
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw .answerNotUnderstood(status: answer.status.code)
        }
        return text
    }
}
