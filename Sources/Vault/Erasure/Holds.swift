// Holds: what may not be erased, whoever asks. And retention: until when a claim is kept.

import VaultCrypto
package import VaultFormat

/// What a hold is asked for.
package enum HoldTarget: Hashable, Sendable {
    case image(NamespaceName, ImageID)
    /// Of one owner or one job.
    case claim(NamespaceName, Claim)
    case backup(BackupID)
}

/// A page of holds and where the next begins.
package struct HoldPage: Sendable {
    package let holds: [HoldRow]
    package let next: Int64?
}

/// Until when the claims on an image are kept.
package struct ImageRetention: Hashable, Sendable {
    package let image: ImageID
    package let namespace: NamespaceName
    /// Of each claim, oldest first.
    package let claims: [Retention]
    package let isExtendOnly: Bool
}

extension Vault {
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `unknown-image`, `unknown-backup`, or `overloaded`.
    package func placeHold(
        on target: HoldTarget, note: AdminNote, _ call: Call, at place: RequestPlace?,
        _ answer: @escaping @Sendable (HoldRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.holdPlaced, call) { () async throws(VaultError) in
            let row = HoldRow(
                hold: try random(), subject: try subject(target),
                createdMicroseconds: clock.nowMicroseconds(), creator: call.caller.uid, note: note)
            let committed = try await committer.commit(
                .placeHold(row), event(.holdPlaced, call),
                keeping: place.map { KeptAnswer(place: $0, answer: answer(row)) })
            guard case .hold(let placed) = committed.result else {
                throw VaultError(.internalError)
            }
            return answer(placed)
        }
    }

    private func subject(_ target: HoldTarget) throws(VaultError) -> HoldSubject {
        let keyring = try keyring()
        switch target {
        case .image(let namespace, let image): return .image(namespace, image)
        case .backup(let backup): return .backup(backup)
        case .claim(let namespace, let claim):
            let index = claimIndex(claim, in: namespace, keyring)
            switch (index.owner, index.job) {
            case (let owner?, nil): return .owner(namespace, owner)
            case (nil, let job?): return .job(namespace, job)
            default: throw VaultError(.invalidParameter)
            }
        }
    }

    /// - Throws: ``VaultError`` `unknown-hold`.
    package func releaseHold(_ id: HoldID, _ call: Call) async throws(VaultError) -> HoldRow {
        try await audited(.holdReleased, call) { () async throws(VaultError) in
            let committed = try await committer.commit(
                .releaseHold(id), event(.holdReleased, call))
            guard case .hold(let row) = committed.result else { throw VaultError(.internalError) }
            return row
        }
    }

    package func holds(
        after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> HoldPage {
        try await audited(.holdsRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.holds(after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.holdsRead, call))
            return HoldPage(
                holds: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    // MARK: Retention

    /// Says until when every claim on an image is kept.
    ///
    /// - Parameter end: told the time that it is.
    /// - Throws: ``VaultError`` `unknown-image`, `invalid-body` for an end that has come, or `retention-locked`
    ///   where a claim's end may only be moved later.
    package func setRetention(
        of image: ImageID, in namespace: NamespaceName, _ call: Call,
        to end: (_ microseconds: Int64) -> Retention
    ) async throws(VaultError) -> ImageRetention {
        try await audited(.retentionSet, call, image: image) { () async throws(VaultError) in
            var event = event(.retentionSet, call, image: image)
            let retention = end(event.atMicroseconds)
            guard !retention.isOver(at: event.atMicroseconds) else {
                throw VaultError(.invalidBody)
            }
            event.namespace = namespace
            event.until = retention
            _ = try await committer.commit(
                .setRetention(
                    image: image, namespace: namespace, retention,
                    extendOnly: settings.retention[namespace].isExtendOnly), event)
            return try imageRetention(image, namespace)
        }
    }

    /// - Throws: ``VaultError`` `unknown-image`.
    package func retention(
        of image: ImageID, in namespace: NamespaceName, _ call: Call
    ) async throws(VaultError) -> ImageRetention {
        try await audited(.retentionRead, call, image: image) { () async throws(VaultError) in
            let found = try imageRetention(image, namespace)
            var event = event(.retentionRead, call, image: image)
            event.namespace = namespace
            _ = try await committer.commit(.none, event)
            return found
        }
    }

    private func imageRetention(
        _ id: ImageID, _ namespace: NamespaceName
    ) throws(VaultError) -> ImageRetention {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in
            try reader.image(id, in: namespace).map { (image) throws(StorageError) in
                (image, try reader.references(of: image.row))
            }
        }
        guard let (image, claims) = found else { throw VaultError(.unknownImage) }
        try image.verify(with: keyring)
        for claim in claims { try claim.verify(of: image, with: keyring) }
        return ImageRetention(
            image: id, namespace: namespace, claims: claims.map(\.retention),
            isExtendOnly: settings.retention[namespace].isExtendOnly)
    }
}
