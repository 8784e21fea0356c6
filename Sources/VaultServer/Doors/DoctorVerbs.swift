// admin.sock: a look at the vault and its machine, and somebody's word on what no program can see.

import HTTPTypes
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat

extension RequestHandler {
    /// Answers a doctor's verb; nil for any other.
    func answerDoctor(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .runDoctor: return try await runDoctor(exchange)
        case .attestItem: return try await attestItem(exchange)
        default: return nil
        }
    }

    private func runDoctor(_ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let policy = policy.current
        let facts = DoctorFacts(
            host: await service.host(policy), vault: vault.doctorFacts(), policy: policy,
            nowMicroseconds: SystemTime.nowMicroseconds)
        let findings = Doctor.look(at: facts)
        let answer = Answer.json(
            DoctorAnswer(
                atMicroseconds: facts.nowMicroseconds,
                checks: findings.map {
                    .init(
                        $0.item, $0.diagnosis.verdict, evidence: $0.diagnosis.evidence,
                        fix: $0.diagnosis.fix)
                }))
        try await self.verb { () async throws(VaultError) in
            try await vault.recordDoctor(
                findings.map(\.diagnosis.verdict), digest: LogHash.digest(answer.body),
                exchange.call)
        }
        return answer
    }

    private func attestItem(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(AttestationRequest.self, exchange)
        let row = try await verb { () async throws(VaultError) in
            try await vault.attest(
                request.item, evidence: request.evidence, bytes: request.bytes,
                expires: request.expires.microseconds ?? 0, exchange.call)
        }
        return .json(
            AttestationAnswer(
                item: row.item, evidence: row.evidence, bytes: row.evidenceBytes,
                uid: row.attester, atMicroseconds: row.madeMicroseconds,
                expiresMicroseconds: row.expiresMicroseconds))
    }
}
