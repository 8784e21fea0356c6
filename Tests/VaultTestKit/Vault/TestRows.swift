// Rows of random bytes, for tests of what only keeps rows.

package import Vault
package import VaultFormat

package struct TestRows: Sendable {
    private var random: SeededRandom

    package init(_ test: String = #function) { random = SeededRandom(test) }

    package mutating func id<ID: FixedBytes>(_: ID.Type = ID.self) -> ID {
        ID(checked: random.bytes(ID.byteCount))
    }

    package mutating func key(_ epoch: EpochNumber = .first) -> WrappedKey {
        WrappedKey(epoch: epoch, bytes: random.bytes(WrapContext.wrappedBytes))
    }

    package mutating func image(
        _ image: ImageID? = nil, in namespace: NamespaceName = .standard, blob: BlobID? = nil,
        storedBytes: Int? = nil, epoch: EpochNumber = .first
    ) -> ImageRow {
        ImageRow(
            row: 0, namespace: namespace, image: image ?? id(), blob: blob ?? id(),
            type: Bool.random(using: &random) ? .jpeg : .png,
            width: .random(in: 1...60_000, using: &random),
            height: .random(in: 1...60_000, using: &random),
            storedBytes: storedBytes ?? .random(in: 1...Limits.imageBytes, using: &random),
            verdict: Verdict(
                level: .structure, inspectorVersion: 7,
                findings: [Finding(code: .trailerData, offset: 99), Finding(code: .jpegMarker)],
                flags: [.gps, .makerNote]),
            createdMicroseconds: .random(in: 0...Int64.max, using: &random), key: key(epoch),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func reference(
        of image: Int64, owner: BlindIndex? = nil, job: BlindIndex? = nil,
        epoch: EpochNumber = .first
    ) -> ReferenceRow {
        ReferenceRow(
            row: 0, imageRow: image, reference: id(), claim: ClaimIndex(owner: owner, job: job),
            sealedBody: random.bytes(552), key: key(epoch),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func pseudonym(
        _ kind: Pseudonym.Kind, _ index: BlindIndex, _ pseudonym: Pseudonym? = nil
    ) -> PseudonymRow {
        PseudonymRow(
            pseudonym: pseudonym ?? id(), kind: kind, index: index, sealedName: random.bytes(60))
    }

    package mutating func event(
        _ index: UInt64, image: ImageID? = nil, isSealed: Bool = true
    ) -> EventRow {
        let content = random.bytes(300)
        return EventRow(
            index: index, atMicroseconds: .random(in: 0...Int64.max, using: &random),
            action: .imagePut, outcome: .refused, image: image, digest: id(),
            content: isSealed ? .sealed(content) : .clear(content))
    }
}
