// Canaries, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func canary(_ place: ImagePlace) throws(StorageError) -> CanaryRow? {
        try faults.pass("canary")
        return tables.canaries.first { $0.place == place }
    }

    func canaries(limit: Int) throws(StorageError) -> [CanaryRow] {
        try faults.pass("canaries")
        return Array(tables.canaries.sorted { $0.changedAt < $1.changedAt }.prefix(limit))
    }

    func setCanary(_ canary: CanaryRow) throws(StorageError) {
        try faults.pass("setCanary")
        tables.canaries.removeAll { $0.place == canary.place }
        tables.canaries.append(canary)
    }

    func deleteCanary(_ place: ImagePlace) throws(StorageError) {
        try faults.pass("deleteCanary")
        tables.canaries.removeAll { $0.place == place }
    }
}
