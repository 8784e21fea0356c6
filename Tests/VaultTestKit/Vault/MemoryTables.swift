// The tables of the catalog as values, with the constraints that the database has.

package import Vault
package import VaultFormat

/// One state of the catalog. Breaking a constraint is ``StorageError/damaged``, as in SQLite.
package struct MemoryTables: Sendable {
    /// By row, upwards; so are the references and the events.
    package var images: [ImageRow] = []
    package var references: [ReferenceRow] = []
    package var events: [EventRow] = []
    package var pseudonyms: [PseudonymRow] = []
    package var slotProofs: [SlotProof] = []
    package var frontier = MerkleFrontier.empty
    // Numbers of rows are never used again.
    private var lastImage: Int64 = 0
    private var lastReference: Int64 = 0

    package init() {}

    func image(row: Int64) -> ImageRow? { images.first { $0.row == row } }

    mutating func insert(_ image: ImageRow) throws(StorageError) -> Int64 {
        let taken = images.contains { other in
            other.blob == image.blob
                || (other.namespace == image.namespace && other.image == image.image)
        }
        guard !taken else { throw .damaged }
        lastImage += 1
        var image = image
        image.row = lastImage
        images.append(image)
        return lastImage
    }

    mutating func delete(_ image: ImageRow) throws(StorageError) {
        guard let place = images.firstIndex(where: { $0.row == image.row }),
            !references.contains(where: { $0.imageRow == image.row })
        else { throw .damaged }
        images.remove(at: place)
    }

    mutating func insert(_ reference: ReferenceRow) throws(StorageError) {
        let taken = references.contains {
            $0.imageRow == reference.imageRow && $0.claim == reference.claim
        }
        guard image(row: reference.imageRow) != nil, !taken else { throw .damaged }
        lastReference += 1
        var reference = reference
        reference.row = lastReference
        references.append(reference)
    }

    mutating func delete(_ reference: ReferenceRow) throws(StorageError) {
        guard let place = references.firstIndex(where: { $0.row == reference.row }) else {
            throw .damaged
        }
        references.remove(at: place)
    }

    mutating func insert(_ row: PseudonymRow) throws(StorageError) {
        let taken = pseudonyms.contains { other in
            other.pseudonym == row.pseudonym
                || (other.kind == row.kind && other.index == row.index)
        }
        guard !taken else { throw .damaged }
        pseudonyms.append(row)
    }

    mutating func insert(_ event: EventRow) throws(StorageError) {
        let place = events.lastIndex { $0.index <= event.index }
        if let place, events[place].index == event.index { throw .damaged }
        events.insert(event, at: place.map { $0 + 1 } ?? 0)
    }
}

extension ClaimIndex {
    /// Whether a claim has what this one names.
    func fits(_ other: ClaimIndex) -> Bool {
        (owner == nil || owner == other.owner) && (job == nil || job == other.job)
    }
}
