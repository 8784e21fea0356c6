// What every door answers, and admin.sock and audit.sock.

import Foundation
import Glibc
import HTTPTypes
import NIOCore
package import Vault
import VaultAPI
import VaultCrypto
package import VaultFormat

/// What the service knows of itself besides the vault.
package struct ServiceFacts: Sendable {
    package let version: String
    package let vault: VaultID
    package let startedMicroseconds: Int64
    package let stateDirectory: String
    package let connections: ConnectionCounter
    /// Who may learn the name behind a pseudonym.
    package let resolvers: DoorAccess
    /// What the machine shows, for a doctor, under a policy.
    package let host: @Sendable (AccessPolicy) async -> HostFacts
    let probes = ProbeCounter()
    let register: MeasureRegister
    let requests: RequestMeasures

    package init(
        version: String, vault: VaultID, startedMicroseconds: Int64, stateDirectory: String,
        connections: ConnectionCounter, resolvers: DoorAccess, register: MeasureRegister,
        host: @escaping @Sendable (AccessPolicy) async -> HostFacts
    ) {
        self.version = version
        self.vault = vault
        self.startedMicroseconds = startedMicroseconds
        self.stateDirectory = stateDirectory
        self.connections = connections
        self.resolvers = resolvers
        self.register = register
        requests = RequestMeasures(register)
        self.host = host
    }
}

extension RequestHandler {
    /// Answers every verb that has a small answer.
    func answer(_ verb: Verb, _ exchange: Exchange) async throws -> Answer {
        if let answer = try await answerOperations(verb, exchange) { return answer }
        if let answer = try await answerQuarantine(verb, exchange) { return answer }
        if let answer = try await answerKeys(verb, exchange) { return answer }
        if let answer = try await answerBackups(verb, exchange) { return answer }
        if let answer = try await answerErasure(verb, exchange) { return answer }
        if let answer = try await answerRegisters(verb, exchange) { return answer }
        if let answer = try await answerPolicy(verb, exchange) { return answer }
        if let answer = try await answerDoctor(verb, exchange) { return answer }
        if let answer = try await answerSecurity(verb, exchange) { return answer }
        if let answer = try await answerTokens(verb, exchange) { return answer }
        if let answer = try await answerNamespaces(verb, exchange) { return answer }
        if let answer = try await answerCanaries(verb, exchange) { return answer }
        if let answer = try await answerIncidents(verb, exchange) { return answer }
        if let answer = try await answerLog(verb, exchange) { return answer }
        switch verb {
        case .listImages: return try await listImages(exchange)
        case .probeImage(let id): return try await probeImage(id, exchange)
        case .deleteImage(let id): return try await deleteImage(id, exchange)
        case .readMetadata(let id): return try await readMetadata(id, exchange)
        case .addSlot: return try await addSlot(exchange)
        case .unseal: return try await unseal(exchange)
        case .listSlots, .rotateRoot: return try await slots(verb, exchange)
        default: break
        }
        try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
        }
        switch verb {
        case .health:
            service.probes.count(.health)
            return .json(HealthAnswer())
        case .ready:
            service.probes.count(.ready)
            return try ready()
        case .metrics:
            service.probes.count(.metrics)
            return MetricsReport(vault: vault, service: service).answer
        case .version:
            return try await recorded(exchange, .json(VersionAnswer(version: service.version)))
        case .contract: return try await recorded(exchange, contract)
        case .whoami: return try await recorded(exchange, whoami(exchange))
        case .status: return try await status(exchange)
        case .seal: return try await seal(exchange)
        case .removeSlot(let id): return try await removeSlot(id, exchange)
        case .proveSlot(let id): return try await proveSlot(id, exchange)
        case .challengeSlot(let id): return try await challengeSlot(id, exchange)
        case .rotateLogKey: return try await rotateLogKey(exchange)
        case .checkpoint: return try await checkpoint(exchange)
        default: throw Refusal(error: VaultError(.unknownRoute), detail: nil)
        }
    }

    private func recorded(_ exchange: Exchange, _ answer: Answer) async throws -> Answer {
        try await verb { () async throws(VaultError) in
            try await vault.record(exchange.action, exchange.call)
        }
        return answer
    }

    private func ready() throws -> Answer {
        if let code = vault.unreadiness { throw Refusal(error: VaultError(code), detail: nil) }
        return .json(ReadyAnswer())
    }

    private var contract: Answer {
        Answer(type: MediaType.yaml, body: Contract.openAPI)
    }

    private func whoami(_ exchange: Exchange) -> Answer {
        .json(
            WhoAmIAnswer(
                caller: exchange.call.caller, groups: exchange.peer.groups,
                namespace: exchange.call.namespace, principal: exchange.principalName,
                token: exchange.bearer?.token))
    }

    // MARK: audit.sock

    private func checkpoint(_ exchange: Exchange) async throws -> Answer {
        let note = try await verb { () async throws(VaultError) in
            try await vault.checkpoint(exchange.call)
        }
        guard let note else { throw Refusal(error: VaultError(.sealed), detail: nil) }
        return Answer(type: MediaType.note, body: Array(note.utf8))
    }

    // MARK: admin.sock

    private func status(_ exchange: Exchange) async throws -> Answer {
        let status = try await verb { () async throws(VaultError) in
            try await vault.status(exchange.call)
        }
        let uptime = (SystemTime.nowMicroseconds - service.startedMicroseconds) / 1_000_000
        return .json(
            StatusAnswer(
                version: service.version, vault: service.vault, sealed: status.isSealed,
                startedMicroseconds: service.startedMicroseconds,
                uptimeSeconds: max(0, Int(uptime)),
                validation: Self.validation(vault.settings.policies.standard),
                namespaces: vault.settings.policies.own.reduce(into: [:]) {
                    $0[$1.key.description] = Self.validation($1.value)
                },
                images: .init(
                    count: status.totals.images, references: status.totals.references,
                    storedBytes: status.totals.storedBytes),
                keys: vault.keyringIfUnsealed.map { keys($0, status) },
                log: .init(
                    size: status.logSize, root: status.logRoot, state: status.logState,
                    keyFingerprint: vault.logSigner?.fingerprint ?? "",
                    slots: status.logKeySlots.map(StatusAnswer.Slot.init)),
                disk: service.disk,
                inspectors: .init(workers: status.workers, restarts: status.workerRestarts),
                connections: service.connections.total,
                anchors: status.anchors.map(StatusAnswer.Anchor.init), detection: detection,
                care: StatusAnswer.Care(
                    verified: status.lastScrub,
                    unverifiedSeconds: status.unverifiedSeconds.map { Int(clamping: $0) },
                    backup: status.newestBackup, drill: status.lastDrill),
                requests: StatusAnswer.Requests(service.requests.lastMinute)))
    }

    private static func validation(_ policy: InspectionPolicy) -> StatusAnswer.Validation {
        .init(policy, digest: policy.digest)
    }

    private func keys(_ keyring: Keyring, _ status: VaultStatus) -> StatusAnswer.Keys {
        let file = keyring.keys.file
        let epochs = file.entries.compactMap {
            StatusAnswer.Epoch($0, census: status.census)
        }
        return .init(
            generation: file.generation, suite: vault.settings.suite, epochs: epochs,
            slots: status.slots.map(StatusAnswer.Slot.init))
    }
}

extension ServiceFacts {
    /// The file system of the state directory.
    var disk: StatusAnswer.Disk {
        var facts = statvfs()
        guard unsafe statvfs(stateDirectory, &facts) == 0 else {
            return .init(freeBytes: 0, totalBytes: 0)
        }
        let block = Int(facts.f_frsize)
        return .init(
            freeBytes: Int(facts.f_bavail) * block, totalBytes: Int(facts.f_blocks) * block)
    }
}

/// The wall clock, for what is only shown.
enum SystemTime {
    static var nowMicroseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension StatusAnswer.Requests {
    fileprivate init(_ minute: (seconds: Int, counts: RecentRequests.Counts)) {
        let counts = minute.counts
        self.init(
            seconds: minute.seconds, stored: counts.stored, read: counts.read,
            deleted: counts.deleted, other: counts.other, refused: counts.refused,
            failed: counts.failed)
    }
}

extension StatusAnswer.Anchor {
    fileprivate init(_ status: AnchorStatus) {
        self.init(
            kind: status.kind, state: status.state, keptMicroseconds: status.keptMicroseconds,
            logSize: status.logSize, failures: status.failures)
    }
}
