// admin.sock: copies of the keyring, holds, and how long an image is kept.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of the registers, of holds or of retention; nil for any other.
    func answerRegisters(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .registerEscrow: return try await registerEscrow(exchange)
        case .exportEscrow: return try await exportEscrow(exchange)
        case .listEscrows: return try await listEscrows(exchange)
        case .attestEscrow(let id): return try await attestEscrow(id, exchange)
        case .placeHold: return try await placeHold(exchange)
        case .listHolds: return try await listHolds(exchange)
        case .releaseHold(let id): return try await releaseHold(id, exchange)
        case .readRetention(let namespace, let image):
            return try await readRetention(namespace, image, exchange)
        case .setRetention(let namespace, let image):
            return try await setRetention(namespace, image, exchange)
        default: return nil
        }
    }

    // MARK: Copies of the keyring

    private func registerEscrow(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(EscrowRequest.self, exchange)
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            try exchange.repeatable()
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.registerEscrow(
                    epochs: request.epochs, note: request.note, exchange.call, at: place
                ) { StoredAnswer(status: 201, json: EscrowAnswer($0)) }
            }
        }
        return Answer(told)
    }

    private func exportEscrow(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(EscrowCopyRequest.self, exchange)
        let copy = try await verb { () async throws(VaultError) in
            try await vault.requireSecondPerson(.exportEscrows, exchange.call) {
                "note=\"\(request.note.text)\""
            }
            return try await vault.exportEscrow(note: request.note, exchange.call)
        }
        return .json(
            EscrowCopyAnswer(
                escrow: EscrowAnswer(copy.escrow), keyring: copy.keyring, logKey: copy.logKey),
            status: .created)
    }

    private func listEscrows(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.escrows(after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            EscrowListAnswer(
                escrows: page.escrows.map { EscrowAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func attestEscrow(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        // What has not the form of an id is none.
        guard let id = try? EscrowID(hex: id) else {
            throw try await refused(VaultError(.unknownEscrow), exchange)
        }
        let row = try await verb { () async throws(VaultError) in
            try await vault.attestEscrow(id, exchange.call)
        }
        return .json(EscrowAnswer(row))
    }

    // MARK: Holds

    private func placeHold(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(HoldRequest.self, exchange)
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            try exchange.repeatable()
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.placeHold(
                    on: HoldTarget(request), note: request.note, exchange.call, at: place
                ) { StoredAnswer(status: 201, json: HoldAnswer($0)) }
            }
        }
        return Answer(told)
    }

    private func listHolds(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.holds(after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            HoldListAnswer(
                holds: page.holds.map { HoldAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func releaseHold(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        guard let id = try? HoldID(hex: id) else {
            throw try await refused(VaultError(.unknownHold), exchange)
        }
        let row = try await verb { () async throws(VaultError) in
            try await vault.requireSecondPerson(.releaseHolds, exchange.call) { "hold=\(id.hex)" }
            return try await vault.releaseHold(id, exchange.call)
        }
        return .json(HoldAnswer(row))
    }

    // MARK: Retention

    private func readRetention(
        _ namespace: String, _ image: String, _ exchange: Exchange
    ) async throws -> Answer {
        try await requireNoQuery(exchange)
        let (namespace, image) = try await imagePlace(namespace, image, exchange)
        let found = try await verb { () async throws(VaultError) in
            try await vault.retention(of: image, in: namespace, exchange.call)
        }
        return .json(RetentionAnswer(found))
    }

    private func setRetention(
        _ namespace: String, _ image: String, _ exchange: Exchange
    ) async throws -> Answer {
        let request = try await body(RetentionRequest.self, exchange)
        let (namespace, image) = try await imagePlace(namespace, image, exchange)
        let found = try await verb { () async throws(VaultError) in
            try await vault.setRetention(of: image, in: namespace, exchange.call) {
                request.retention(from: $0)
            }
        }
        return .json(RetentionAnswer(found))
    }

    /// The image of a path; in what is no namespace there is none.
    func imagePlace(
        _ namespace: String, _ image: String, _ exchange: Exchange
    ) async throws -> (NamespaceName, ImageID) {
        let image = try await parsing(exchange) { () throws(RequestError) in
            try APIPath.imageID(image)
        }
        guard let namespace = try? NamespaceName(namespace) else {
            throw try await refused(VaultError(.unknownImage), exchange)
        }
        return (namespace, image)
    }
}

extension HoldTarget {
    init(_ request: HoldRequest) {
        switch request.subject {
        case .image(let image): self = .image(request.namespace, image)
        case .owner(let owner): self = .claim(request.namespace, Claim(owner: owner, job: nil))
        case .job(let job): self = .claim(request.namespace, Claim(owner: nil, job: job))
        case .backup(let backup): self = .backup(backup)
        }
    }
}

extension EscrowAnswer {
    init(_ row: EscrowRow) {
        self.init(
            id: row.escrow, createdMicroseconds: row.createdMicroseconds, creator: row.creator,
            epochs: row.epochs, note: row.note,
            destroyed: row.destroyed.map {
                Attestation(uid: $0.uid, atMicroseconds: $0.atMicroseconds)
            })
    }
}

extension HoldAnswer {
    init(_ row: HoldRow) {
        var image: ImageID?
        var backup: BackupID?
        switch row.subject {
        case .image(_, let id): image = id
        case .backup(let id): backup = id
        case .owner, .job: break
        }
        self.init(
            id: row.hold, kind: row.subject.kind, namespace: row.subject.namespace, image: image,
            backup: backup, createdMicroseconds: row.createdMicroseconds, creator: row.creator,
            note: row.note)
    }
}

extension RetentionAnswer {
    init(_ found: ImageRetention) {
        self.init(
            image: found.image, namespace: found.namespace, claims: found.claims,
            isExtendOnly: found.isExtendOnly)
    }
}
