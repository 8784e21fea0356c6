// Background work and kept answers, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func operation(_ id: OperationID) throws(StorageError) -> OperationRow? {
        try faults.pass("operation")
        return tables.operations.first { $0.operation == id }
    }

    func operations(before: Int64, limit: Int) throws(StorageError) -> [OperationRow] {
        try faults.pass("operations")
        return Array(tables.operations.reversed().filter { $0.row < before }.prefix(limit))
    }

    func unfinishedOperations(limit: Int) throws(StorageError) -> [OperationRow] {
        try faults.pass("unfinishedOperations")
        return Array(tables.operations.filter { !$0.state.isFinal }.prefix(limit))
    }

    func findings(
        of operation: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [OperationFindingRow] {
        try faults.pass("findings")
        return Array(
            tables.findings.filter { $0.operation == operation && $0.row > after }.prefix(limit))
    }

    func images(
        after: Int64, through: Int64, below: UInt32?, limit: Int
    ) throws(StorageError) -> [ImageRow] {
        try faults.pass("images")
        let wanted = walked(below).filter { $0.row > after && $0.row <= through }
        return Array(wanted.prefix(limit))
    }

    func imageCount(below: UInt32?) throws(StorageError) -> (count: Int, last: Int64) {
        try faults.pass("imageCount")
        let wanted = walked(below)
        return (wanted.count, wanted.last?.row ?? 0)
    }

    private func walked(_ below: UInt32?) -> [ImageRow] {
        tables.images.filter { image in
            image.quarantinedMicroseconds == nil
                && below.map { image.verdict.inspectorVersion < $0 } ?? true
        }
    }

    func keptAnswer(_ lookup: BlindIndex) throws(StorageError) -> KeptAnswerRow? {
        try faults.pass("keptAnswer")
        return tables.answers.first { $0.lookup == lookup }
    }

    func keptAnswerCount(
        of principal: BlindIndex, since microseconds: Int64
    ) throws(StorageError) -> Int {
        try faults.pass("keptAnswerCount")
        return tables.answers.count {
            $0.principal == principal && $0.createdMicroseconds >= microseconds
        }
    }

    func insertOperation(_ operation: OperationRow) throws(StorageError) -> Int64 {
        try faults.pass("insertOperation")
        return try tables.insert(operation)
    }

    func updateOperation(_ operation: OperationRow) throws(StorageError) {
        try faults.pass("updateOperation")
        try tables.update(operation)
    }

    func deleteFinishedOperations(butNewest kept: Int) throws(StorageError) {
        try faults.pass("deleteFinishedOperations")
        let scrub = tables.operations.last { $0.kind.opensAll && $0.state == .done }?.row
        let old = Set(
            tables.operations.filter { $0.state.isFinal && $0.row != scrub }.dropLast(kept)
                .map(\.row))
        tables.findings.removeAll { old.contains($0.operation) }
        tables.operations.removeAll { old.contains($0.row) }
    }

    func insertFinding(_ finding: OperationFindingRow) throws(StorageError) {
        try faults.pass("insertFinding")
        try tables.insert(finding)
    }

    func updateImage(_ image: ImageRow) throws(StorageError) {
        try faults.pass("updateImage")
        try tables.update(image)
    }

    func insertKeptAnswer(_ answer: KeptAnswerRow) throws(StorageError) {
        try faults.pass("insertKeptAnswer")
        tables.answers.removeAll { $0.lookup == answer.lookup }
        tables.answers.append(answer)
    }

    func deleteKeptAnswers(before microseconds: Int64, limit: Int) throws(StorageError) {
        try faults.pass("deleteKeptAnswers")
        let old = tables.answers.filter { $0.createdMicroseconds < microseconds }
            .sorted { $0.createdMicroseconds < $1.createdMicroseconds }.prefix(limit)
        let lookups = Set(old.map(\.lookup))
        tables.answers.removeAll { lookups.contains($0.lookup) }
    }
}
