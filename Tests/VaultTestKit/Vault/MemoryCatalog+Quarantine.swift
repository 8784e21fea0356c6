// Quarantine and requests for approval, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func quarantinedImages(after: Int64, limit: Int) throws(StorageError) -> [ImageRow] {
        try faults.pass("quarantinedImages")
        let wanted = tables.images.filter { $0.quarantinedMicroseconds != nil && $0.row > after }
        return Array(wanted.prefix(limit))
    }

    func approval(_ id: ApprovalID) throws(StorageError) -> ApprovalRow? {
        try faults.pass("approval")
        return tables.approvals.first { $0.approval == id }
    }

    func waitingApprovals(
        ofEpochs: Bool, at microseconds: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [ApprovalRow] {
        try faults.pass("waitingApprovals")
        let wanted = tables.approvals.filter {
            ($0.kind == .destroyEpoch) == ofEpochs && $0.state != .performed
                && $0.expiresMicroseconds >= microseconds && $0.row > after
        }
        return Array(wanted.prefix(limit))
    }

    func insertApproval(_ approval: ApprovalRow) throws(StorageError) {
        try faults.pass("insertApproval")
        try tables.insert(approval)
    }

    func updateApproval(_ approval: ApprovalRow) throws(StorageError) {
        try faults.pass("updateApproval")
        try tables.update(approval)
    }

    func deleteApprovals(lapsedBefore microseconds: Int64, limit: Int) throws(StorageError) {
        try faults.pass("deleteApprovals")
        let old = tables.approvals.filter { $0.expiresMicroseconds < microseconds }
            .sorted { $0.expiresMicroseconds < $1.expiresMicroseconds }.prefix(limit)
        let rows = Set(old.map(\.row))
        tables.approvals.removeAll { rows.contains($0.row) }
    }
}
