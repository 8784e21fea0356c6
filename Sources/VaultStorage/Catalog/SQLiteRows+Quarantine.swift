// The rows of quarantine and of requests for approval.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let approvalColumns = """
        id, approval, kind, namespace, subject, requester, created, expires, state, approver,
        changed, mac
        """

    func quarantinedImages(after: Int64, limit: Int) throws(StorageError) -> [ImageRow] {
        try all(
            """
            SELECT \(Self.imageColumns) FROM image \(Self.imageWrap)
            WHERE image.quarantined <> 0 AND image.id > ? ORDER BY image.id LIMIT ?
            """, [after, limit]
        ) { row throws in try ImageRow(row, at: 0) }
    }

    func approval(_ id: ApprovalID) throws(StorageError) -> ApprovalRow? {
        try first(
            "SELECT \(Self.approvalColumns) FROM approval WHERE approval = ?", [id.bytes]
        ) { row throws in try ApprovalRow(row) }
    }

    func waitingApprovals(
        ofEpochs: Bool, at microseconds: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [ApprovalRow] {
        try all(
            """
            SELECT \(Self.approvalColumns) FROM approval
            WHERE state <> 2 AND expires >= ? AND id > ? AND (kind = 3) = ? ORDER BY id LIMIT ?
            """, [microseconds, after, ofEpochs ? 1 : 0, limit]
        ) { row throws in try ApprovalRow(row) }
    }

    func insertApproval(_ approval: ApprovalRow) throws(StorageError) {
        try run(
            """
            INSERT INTO approval (approval, kind, namespace, subject, requester, created, expires,
                state, approver, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                approval.approval.bytes, Int64(approval.kind.rawValue),
                approval.subject.namespaceColumn, approval.subject.bytes,
                Int64(approval.requester), approval.createdMicroseconds,
                approval.expiresMicroseconds, Int64(approval.state.rawValue),
                approval.approver.map { Int64($0) } ?? -1, Int64(clamping: approval.changedAt),
                approval.mac.bytes,
            ])
    }

    func updateApproval(_ approval: ApprovalRow) throws(StorageError) {
        try run(
            "UPDATE approval SET state = ?, approver = ?, changed = ?, mac = ? WHERE id = ?",
            [
                Int64(approval.state.rawValue), approval.approver.map { Int64($0) } ?? -1,
                Int64(clamping: approval.changedAt), approval.mac.bytes, approval.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func deleteApprovals(lapsedBefore microseconds: Int64, limit: Int) throws(StorageError) {
        try run(
            """
            DELETE FROM approval WHERE id IN
                (SELECT id FROM approval WHERE expires < ? ORDER BY expires LIMIT ?)
            """, [microseconds, limit])
    }
}

extension ApprovalSubject {
    /// Empty for what is in no namespace.
    fileprivate var namespaceColumn: String {
        switch self {
        case .image(let namespace, _): namespace.description
        case .epoch, .request: ""
        }
    }

    fileprivate var bytes: [UInt8] {
        switch self {
        case .image(_, let image): image.bytes
        case .epoch(let destruction): destruction.encoded
        case .request(let request): request.encoded
        }
    }

    fileprivate init(of kind: ApprovalKind, namespace: String, bytes: [UInt8]) throws {
        guard kind.isOfImage || namespace.isEmpty else { throw StorageError.damaged }
        switch kind {
        case .releaseImage, .eraseImage:
            self = .image(try NamespaceName(namespace), try ImageID(bytes: bytes))
        case .destroyEpoch: self = .epoch(try EpochDestruction(parsing: bytes))
        case .request: self = .request(try GuardedRequest(parsing: bytes))
        }
    }
}

extension ApprovalRow {
    fileprivate init(_ row: RawStatement) throws {
        guard let kind = ApprovalKind(rawValue: try value(row, 2)),
            let state = ApprovalState(rawValue: try value(row, 8))
        else { throw StorageError.damaged }
        let approver: Int64 = try value(row, 9)
        self.init(
            row: try value(row, 0), approval: try ApprovalID(bytes: bytes(row, 1)), kind: kind,
            subject: try ApprovalSubject(
                of: kind, namespace: try value(row, 3), bytes: try bytes(row, 4)),
            requester: try value(row, 5),
            createdMicroseconds: try value(row, 6), expiresMicroseconds: try value(row, 7),
            state: state, approver: approver < 0 ? nil : try value(row, 9),
            changedAt: try value(row, 10), mac: try RowMAC(bytes: bytes(row, 11)))
    }
}
