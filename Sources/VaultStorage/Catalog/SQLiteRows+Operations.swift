// The rows of background work and of kept answers.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let operationColumns = """
        id, operation, kind, parameters, creator, created, state, cursor, last, total, done, found,
        failures, failure, updated, changed, mac
        """

    // MARK: Operations

    func operation(_ id: OperationID) throws(StorageError) -> OperationRow? {
        try first(
            "SELECT \(Self.operationColumns) FROM operation WHERE operation = ?", [id.bytes]
        ) { row throws in try OperationRow(row) }
    }

    func operations(before: Int64, limit: Int) throws(StorageError) -> [OperationRow] {
        try all(
            """
            SELECT \(Self.operationColumns) FROM operation WHERE id < ? ORDER BY id DESC LIMIT ?
            """, [before, limit]
        ) { row throws in try OperationRow(row) }
    }

    func unfinishedOperations(limit: Int) throws(StorageError) -> [OperationRow] {
        try all(
            """
            SELECT \(Self.operationColumns) FROM operation WHERE state < 4 ORDER BY id LIMIT ?
            """, [limit]
        ) { row throws in try OperationRow(row) }
    }

    func insertOperation(_ operation: OperationRow) throws(StorageError) -> Int64 {
        try run(
            """
            INSERT INTO operation (operation, kind, parameters, creator, created, state, cursor,
                last, total, done, found, failures, failure, updated, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                operation.operation.bytes, Int64(operation.kind.rawValue),
                operation.parameters, Int64(operation.creator),
                operation.createdMicroseconds, Int64(operation.state.rawValue),
                operation.progress.cursor, operation.progress.last, operation.progress.total,
                operation.progress.done, operation.progress.found, operation.progress.failures,
                operation.failure?.rawValue ?? "", operation.updatedMicroseconds,
                Int64(clamping: operation.changedAt), operation.mac.bytes,
            ])
        return db.lastInsertedRowID
    }

    func updateOperation(_ operation: OperationRow) throws(StorageError) {
        try run(
            """
            UPDATE operation SET state = ?, cursor = ?, last = ?, total = ?, done = ?, found = ?,
                failures = ?, failure = ?, updated = ?, changed = ?, mac = ?
            WHERE id = ?
            """,
            [
                Int64(operation.state.rawValue), operation.progress.cursor,
                operation.progress.last, operation.progress.total,
                operation.progress.done, operation.progress.found, operation.progress.failures,
                operation.failure?.rawValue ?? "", operation.updatedMicroseconds,
                Int64(clamping: operation.changedAt), operation.mac.bytes, operation.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func deleteFinishedOperations(butNewest kept: Int) throws(StorageError) {
        // How long ago everything was opened last is known by the row of the scrub that did it.
        let finished = """
            SELECT id FROM operation WHERE state >= 4 AND id IS NOT
                (SELECT max(id) FROM operation WHERE state = 4 AND kind IN (7, 8))
            ORDER BY id DESC LIMIT -1 OFFSET ?
            """
        try run("DELETE FROM finding WHERE operation IN (\(finished))", [kept])
        try run("DELETE FROM operation WHERE id IN (\(finished))", [kept])
    }

    // MARK: Findings

    func findings(
        of operation: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [OperationFindingRow] {
        try all(
            """
            SELECT id, operation, namespace, image, code, finding, event FROM finding
            WHERE operation = ? AND id > ? ORDER BY id LIMIT ?
            """, [operation, after, limit]
        ) { row throws in try OperationFindingRow(row) }
    }

    func insertFinding(_ finding: OperationFindingRow) throws(StorageError) {
        let text = finding.finding.map { [$0] } ?? []
        try run(
            """
            INSERT INTO finding (operation, namespace, image, code, finding, event)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                finding.operation, finding.namespace?.description ?? "",
                finding.image?.bytes ?? [], finding.code.rawValue, Verdict.text(of: text),
                finding.event.map { Int64(clamping: $0) } ?? -1,
            ])
    }

    // MARK: Images

    func images(
        after: Int64, through: Int64, below: UInt32?, limit: Int
    ) throws(StorageError) -> [ImageRow] {
        try all(
            """
            SELECT \(Self.imageColumns) FROM image \(Self.imageWrap)
            WHERE image.id > ? AND image.id <= ? AND image.quarantined = 0 AND image.inspector < ?
            ORDER BY image.id LIMIT ?
            """, [after, through, below.map { Int64($0) } ?? Int64.max, limit]
        ) { row throws in try ImageRow(row, at: 0) }
    }

    func imageCount(below: UInt32?) throws(StorageError) -> (count: Int, last: Int64) {
        let found = try first(
            """
            SELECT count(*), coalesce(max(id), 0) FROM image
            WHERE quarantined = 0 AND inspector < ?
            """, [below.map { Int64($0) } ?? Int64.max]
        ) { row throws in (try value(row, 0) as Int, try value(row, 1) as Int64) }
        return found.map { (count: $0.0, last: $0.1) } ?? (count: 0, last: 0)
    }

    func updateImage(_ image: ImageRow) throws(StorageError) {
        try run(
            """
            UPDATE image SET level = ?, inspector = ?, flags = ?, findings = ?, quarantined = ?,
                changed = ?, mac = ?
            WHERE id = ?
            """,
            [
                Int64(image.verdict.level.rawValue), Int64(image.verdict.inspectorVersion),
                Int64(image.verdict.flags.rawValue), image.verdict.findingsText,
                image.quarantinedMicroseconds ?? 0, Int64(clamping: image.changedAt),
                image.mac.bytes, image.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    // MARK: Kept answers

    func keptAnswer(_ lookup: BlindIndex) throws(StorageError) -> KeptAnswerRow? {
        try first(
            "SELECT principal, created, event, sealed FROM answer WHERE lookup = ?",
            [lookup.bytes]
        ) { row throws in
            KeptAnswerRow(
                lookup: lookup, principal: try BlindIndex(bytes: bytes(row, 0)),
                createdMicroseconds: try value(row, 1), index: try value(row, 2),
                sealed: try bytes(row, 3))
        }
    }

    func keptAnswerCount(
        of principal: BlindIndex, since microseconds: Int64
    ) throws(StorageError) -> Int {
        try first(
            "SELECT count(*) FROM answer WHERE principal = ? AND created >= ?",
            [principal.bytes, microseconds]
        ) { row throws in try value(row, 0) as Int } ?? 0
    }

    func insertKeptAnswer(_ answer: KeptAnswerRow) throws(StorageError) {
        try run(
            """
            INSERT OR REPLACE INTO answer (lookup, principal, created, event, sealed)
            VALUES (?, ?, ?, ?, ?)
            """,
            [
                answer.lookup.bytes, answer.principal.bytes,
                answer.createdMicroseconds, Int64(clamping: answer.index), answer.sealed,
            ])
    }

    func deleteKeptAnswers(before microseconds: Int64, limit: Int) throws(StorageError) {
        try run(
            """
            DELETE FROM answer WHERE lookup IN
                (SELECT lookup FROM answer WHERE created < ? ORDER BY created LIMIT ?)
            """, [microseconds, limit])
    }
}

extension OperationRow {
    fileprivate init(_ row: RawStatement) throws {
        guard let kind = OperationKind(rawValue: try value(row, 2)),
            let state = OperationState(rawValue: try value(row, 6))
        else { throw StorageError.damaged }
        let failure: String = try value(row, 13)
        let code = ErrorCode(rawValue: failure)
        guard failure.isEmpty || code != nil else { throw StorageError.damaged }
        self.init(
            row: try value(row, 0), operation: try OperationID(bytes: bytes(row, 1)), kind: kind,
            parameters: try bytes(row, 3), creator: try value(row, 4),
            createdMicroseconds: try value(row, 5), state: state,
            progress: OperationProgress(
                cursor: try value(row, 7), last: try value(row, 8), total: try value(row, 9),
                done: try value(row, 10), found: try value(row, 11), failures: try value(row, 12)),
            failure: code, updatedMicroseconds: try value(row, 14), changedAt: try value(row, 15),
            mac: try RowMAC(bytes: bytes(row, 16)))
        // What is longer, or below zero, has no place in the authenticator.
        guard parameters.count <= Limits.operationParameterBytes,
            [progress.total, progress.done, progress.found, progress.failures].allSatisfy({
                $0 >= 0
            })
        else { throw StorageError.damaged }
    }
}

extension OperationFindingRow {
    fileprivate init(_ row: RawStatement) throws {
        guard let code = ErrorCode(rawValue: try value(row, 4)) else { throw StorageError.damaged }
        let (namespace, image): (String, [UInt8]) = (try value(row, 2), try bytes(row, 3))
        // An image is of a namespace.
        guard image.isEmpty || !namespace.isEmpty else { throw StorageError.damaged }
        self.init(
            row: try value(row, 0), operation: try value(row, 1),
            namespace: namespace.isEmpty ? nil : try NamespaceName(namespace),
            image: image.isEmpty ? nil : try ImageID(bytes: image), code: code,
            finding: try Verdict.findings(text: value(row, 5)).first,
            event: UInt64(exactly: try value(row, 6) as Int64))
    }
}
