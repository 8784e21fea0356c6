// Background work in few words. An answer's body is the operation's id.

package import Vault
import VaultCrypto
package import VaultFormat

extension TestVault {
    package func call(uid: UInt32 = 1001, door: Door = .images) -> Call {
        Call(
            caller: Caller(door: door, uid: uid, gid: 1002, pid: 77), request: Self.request,
            namespace: .standard)
    }

    /// Asks for a re-inspection; `text` stands for the rest of the request.
    @discardableResult
    package func reinspect(
        _ parameters: ReinspectionParameters = .init(level: .structure), under key: String? = nil,
        text: String = "request", as call: Call? = nil
    ) async throws -> StoredAnswer {
        let call = call ?? self.call()
        let request = try key.map {
            RepeatableRequest(
                key: try IdempotencyKey($0), digest: LogHash.digest(Array(text.utf8)))
        }
        return try await vault.once(request, .operationStarted, call) {
            (place) async throws(VaultError) in
            try await vault.startReinspection(parameters, call, at: place) {
                StoredAnswer(status: 202, body: $0.operation.bytes)
            }
        }
    }

    package func startCheck() async throws -> StoredAnswer {
        try await vault.startCheck(call(), at: nil) {
            StoredAnswer(status: 202, body: $0.operation.bytes)
        }
    }

    /// What a check finds, once it is done.
    package func check() async throws -> [OperationFindingRow] {
        let answer = try await startCheck()
        try await workToTheEnd()
        let operation = try await operation(answer)
        guard operation.state == .done, operation.progress.done == operation.progress.total else {
            throw VaultError(operation.failure ?? .internalError)
        }
        return try await findings(answer)
    }

    package func operations() async throws -> [OperationRow] {
        try await vault.operations(before: nil, limit: 100, call()).operations
    }

    package func operation(
        _ answer: StoredAnswer, waiting seconds: Int = 0
    ) async throws -> OperationRow {
        try await vault.operation(OperationID(bytes: answer.body), waiting: seconds, call())
    }

    @discardableResult
    package func move(_ answer: StoredAnswer, _ steering: Steering) async throws -> OperationRow {
        try await vault.move(OperationID(bytes: answer.body), steering, call())
    }

    package func cancel(_ answer: StoredAnswer) async throws { try await move(answer, .cancel) }

    package func findings(_ answer: StoredAnswer) async throws -> [OperationFindingRow] {
        try await vault.findings(
            of: OperationID(bytes: answer.body), after: 0, limit: 1000, call()
        ).findings
    }

    /// Works on operations until nothing is left to do.
    package func workToTheEnd() async throws {
        let runner = OperationRunner(vault, share: 100)
        while try await runner.turn() {}
    }
}
