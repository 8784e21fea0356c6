// Background work, what it found, and the answers that are kept for a request that comes again.

package import VaultFormat

/// One operation: what was asked for, by whom, and how far it is.
package struct OperationRow: Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let operation: OperationID
    package let kind: OperationKind
    package let parameters: [UInt8]
    /// Who asked for it.
    package let creator: UInt32
    package let createdMicroseconds: Int64
    package var state: OperationState
    package var progress: OperationProgress
    /// Why it failed.
    package var failure: ErrorCode?
    package var updatedMicroseconds: Int64
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64, operation: OperationID, kind: OperationKind, parameters: [UInt8],
        creator: UInt32, createdMicroseconds: Int64, state: OperationState,
        progress: OperationProgress, failure: ErrorCode?, updatedMicroseconds: Int64,
        changedAt: UInt64, mac: RowMAC
    ) {
        self.row = row
        self.operation = operation
        self.kind = kind
        self.parameters = parameters
        self.creator = creator
        self.createdMicroseconds = createdMicroseconds
        self.state = state
        self.progress = progress
        self.failure = failure
        self.updatedMicroseconds = updatedMicroseconds
        self.changedAt = changedAt
        self.mac = mac
    }
}

/// What an operation found, mostly about one image. It informs and decides nothing: it has no authenticator,
/// and ``OperationProgress/found`` of the operation says how many there are.
package struct OperationFindingRow: Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    /// The catalog's number of the operation.
    package let operation: Int64
    /// Nil for what is of no namespace, or of no image.
    package let namespace: NamespaceName?
    package let image: ImageID?
    /// `image-refused`, or why the image could not be looked at, or what is wrong with its rows.
    package let code: ErrorCode
    package let finding: Finding?
    /// The index of the event that a row does not fit.
    package let event: UInt64?

    package init(
        row: Int64, operation: Int64, namespace: NamespaceName?, image: ImageID?, code: ErrorCode,
        finding: Finding?, event: UInt64? = nil
    ) {
        self.row = row
        self.operation = operation
        self.namespace = namespace
        self.image = image
        self.code = code
        self.finding = finding
        self.event = event
    }
}

/// An answer that is given again to who sends the same request under the same key.
package struct KeptAnswerRow: Hashable, Sendable {
    /// Blind index of the principal and its key.
    package let lookup: BlindIndex
    /// Blind index of the principal.
    package let principal: BlindIndex
    package let createdMicroseconds: Int64
    /// The index of the event that it belongs to.
    package let index: UInt64
    /// The request's digest and the answer. ObjectFormat §9.
    package let sealed: [UInt8]

    package init(
        lookup: BlindIndex, principal: BlindIndex, createdMicroseconds: Int64, index: UInt64,
        sealed: [UInt8]
    ) {
        self.lookup = lookup
        self.principal = principal
        self.createdMicroseconds = createdMicroseconds
        self.index = index
        self.sealed = sealed
    }
}

extension OperationRow: AuthenticatedRow {
    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("operation".utf8))
        writer.append(operation.bytes)
        writer.append(kind.rawValue)
        writer.appendShort(parameters)
        writer.append(creator)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(state.rawValue)
        writer.append(UInt64(bitPattern: progress.cursor))
        writer.append(UInt64(bitPattern: progress.last))
        for count in [progress.total, progress.done, progress.found, progress.failures] {
            writer.append(UInt64(clamping: count))
        }
        writer.appendShort(Array((failure?.rawValue ?? "").utf8))
        writer.append(UInt64(bitPattern: updatedMicroseconds))
        writer.append(changedAt)
        return writer.bytes
    }
}
