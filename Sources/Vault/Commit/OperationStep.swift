// What an operation asks to be changed, a step at a time, and what became of each thing that it looked at.

package import VaultFormat

/// What one step of an operation came to. Its effects and the cursor behind it are one change: after
/// a crash nothing is done twice and nothing is left out.
package struct OperationStep: Sendable {
    package enum Effect: Sendable {
        /// Stored images were looked at.
        case images([ReinspectedImage])
        /// The next phase of a walk over all keys begins, with so many to do where they are counted anew.
        case phase(total: Int?)
        /// Keys are wrapped under another epoch.
        case rewraps([Rewrap], unopened: [StoredWrap])
        /// Wraps were opened, and thrown away.
        case opened(Int, unopened: [StoredWrap])
        /// Images under new keys in new blobs, and those that could not be.
        case reencrypted([ResealedImage], failed: [ImageFailure])
        /// References under new keys, and those that could not be.
        case rekeyed([RekeyedReference], failed: [ImageFailure])
        /// What a walk came to, signed.
        case statement(SignedStatement)
        /// A claim is to go.
        case erased(ErasedClaim)
        /// So many images were opened by a scrub; or one that did not open.
        case scrubbed(Int, ScrubbedImage?)
        /// So many events or rows were looked at by a check.
        case checked(Int, [CheckFinding])
    }

    /// The last row that the step dealt with.
    package let cursor: Int64
    package let effect: Effect

    package init(cursor: Int64, _ effect: Effect) {
        self.cursor = cursor
        self.effect = effect
    }
}

/// An image sealed anew: not stored yet, but durable.
package struct ResealedImage: Hashable, Sendable {
    package let old: ImageRow
    package let blob: BlobID
    package let key: WrappedKey
}

/// A reference whose words are under a new key.
package struct RekeyedReference: Hashable, Sendable {
    package let old: ReferenceRow
    package let new: ReferenceRow
    package let image: ImageRow
}

/// Why something of an image could not be done.
package struct ImageFailure: Hashable, Sendable {
    package let image: ImageRow
    package let code: ErrorCode
}

/// A statement as it is handed out, and the event's word for it.
package struct SignedStatement: Hashable, Sendable {
    package let operation: OperationID
    package let epoch: EpochNumber
    package let note: String

    package init(operation: OperationID, epoch: EpochNumber, note: String) {
        self.operation = operation
        self.epoch = epoch
        self.note = note
    }
}

/// What an inspection of a stored image came to.
package struct ReinspectedImage: Sendable {
    package enum Outcome: Sendable {
        /// It would be taken today, with this verdict; nil where only a look was wanted.
        case passed(Verdict?)
        case refused(Finding, quarantine: Bool)
        /// It could not be looked at.
        case failed(ErrorCode)
    }

    package let image: ImageRow
    package let outcome: Outcome

    package init(image: ImageRow, outcome: Outcome) {
        self.image = image
        self.outcome = outcome
    }
}
