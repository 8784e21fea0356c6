// Wrapped keys as one list, and statements, in memory.

package import Vault
import VaultFormat

extension MemoryRows {
    func wraps(
        of owner: KeyOwner, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [StoredWrap] {
        try faults.pass("wraps")
        return Array(
            tables.wraps(of: owner).filter { $0.row > after && $0.row <= through }.prefix(limit))
    }

    func lastRow(of owner: KeyOwner) throws(StorageError) -> Int64 {
        try faults.pass("lastRow")
        switch owner {
        case .blob: return tables.images.last?.row ?? 0
        case .reference: return tables.references.last?.row ?? 0
        }
    }

    func rewrap(_ keys: [Rewrap]) throws(StorageError) {
        for key in keys {
            try faults.pass("rewrap")
            switch key.old.owner {
            case .blob:
                let place = tables.images.firstIndex {
                    $0.row == key.old.row && $0.key.bytes == key.old.bytes
                }
                if let place { tables.images[place].key = key.new }
            case .reference:
                let place = tables.references.firstIndex {
                    $0.row == key.old.row && $0.key.bytes == key.old.bytes
                }
                if let place { tables.references[place].key = key.new }
            }
        }
    }

    func storedImages(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [ImageRow] {
        try faults.pass("storedImages")
        return Array(
            tables.images.filter { $0.row > after && $0.row <= through }.prefix(limit))
    }

    func storedReferences(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        try faults.pass("storedReferences")
        let rows = tables.references.filter { $0.row > after && $0.row <= through }
            .compactMap { reference in
                tables.image(row: reference.imageRow).map { (reference: reference, image: $0) }
            }
        return Array(rows.prefix(limit))
    }

    func resealImage(_ image: ImageRow) throws(StorageError) {
        try faults.pass("resealImage")
        guard let place = tables.images.firstIndex(where: { $0.row == image.row }),
            !tables.images.contains(where: { $0.blob == image.blob && $0.row != image.row })
        else { throw .damaged }
        tables.images[place].blob = image.blob
        tables.images[place].key = image.key
        tables.images[place].changedAt = image.changedAt
        tables.images[place].mac = image.mac
    }

    func rekeyReference(_ reference: ReferenceRow) throws(StorageError) {
        try faults.pass("rekeyReference")
        guard let place = tables.references.firstIndex(where: { $0.row == reference.row }) else {
            throw .damaged
        }
        tables.references[place].sealedBody = reference.sealedBody
        tables.references[place].key = reference.key
        tables.references[place].changedAt = reference.changedAt
        tables.references[place].mac = reference.mac
    }

    func statement(of operation: OperationID) throws(StorageError) -> String? {
        try faults.pass("statement")
        return tables.statements[operation]
    }

    func insertStatement(_ statement: SignedStatement) throws(StorageError) {
        try faults.pass("insertStatement")
        guard tables.statements[statement.operation] == nil else { throw .damaged }
        tables.statements[statement.operation] = statement.note
    }
}

extension MemoryTables {
    /// Every wrap of one kind, in the order of its owners' rows.
    package func wraps(of owner: KeyOwner) -> [StoredWrap] {
        switch owner {
        case .blob:
            images.map { image in
                StoredWrap(
                    owner: .blob, row: image.row,
                    context: WrapContext(
                        subject: .blob(image.blob), epoch: image.key.epoch,
                        namespace: image.namespace, image: image.image),
                    bytes: image.key.bytes)
            }
        case .reference:
            references.compactMap { reference in
                image(row: reference.imageRow).map { image in
                    StoredWrap(
                        owner: .reference, row: reference.row,
                        context: WrapContext(
                            subject: .reference(reference.reference),
                            epoch: reference.key.epoch, namespace: image.namespace,
                            image: image.image),
                        bytes: reference.key.bytes)
                }
            }
        }
    }
}
