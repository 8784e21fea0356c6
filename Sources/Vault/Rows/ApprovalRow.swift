// What one admin asks for and another, or the same one once more, approves.

import VaultCrypto
package import VaultFormat

/// What a request for approval is about.
package enum ApprovalSubject: Hashable, Sendable {
    case image(NamespaceName, ImageID)
    case epoch(EpochDestruction)
    case request(GuardedRequest)

    /// The rule that may put it into the hands of two.
    package var rule: TwoPersonRule {
        switch self {
        case .image: .quarantine
        case .epoch: .destroyEpoch
        case .request(let request): request.rule
        }
    }
}

package struct ApprovalRow: AuthenticatedRow, Hashable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let approval: ApprovalID
    package let kind: ApprovalKind
    package let subject: ApprovalSubject
    package let requester: UInt32
    package let createdMicroseconds: Int64
    /// The last moment at which it can be approved.
    package let expiresMicroseconds: Int64
    package var state: ApprovalState
    /// Who approved; nil while it waits.
    package var approver: UInt32?
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64, approval: ApprovalID, kind: ApprovalKind, subject: ApprovalSubject,
        requester: UInt32, createdMicroseconds: Int64, expiresMicroseconds: Int64,
        state: ApprovalState, approver: UInt32?, changedAt: UInt64, mac: RowMAC
    ) {
        self.row = row
        self.approval = approval
        self.kind = kind
        self.subject = subject
        self.requester = requester
        self.createdMicroseconds = createdMicroseconds
        self.expiresMicroseconds = expiresMicroseconds
        self.state = state
        self.approver = approver
        self.changedAt = changedAt
        self.mac = mac
    }

    /// What was asked for: the part of the row that never changes.
    private var request: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("approval".utf8))
        writer.append(approval.bytes)
        writer.append(kind.rawValue)
        switch subject {
        case .image(let namespace, let image):
            writer.appendShort(namespace.bytes)
            writer.append(image.bytes)
        case .epoch(let destruction): writer.append(destruction.encoded)
        case .request(let request): writer.append(request.encoded)
        }
        writer.append(requester)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(UInt64(bitPattern: expiresMicroseconds))
        return writer.bytes
    }

    /// What an approver names: SHA-256 of the request. ObjectFormat §8.
    package var digest: Digest256 { LogHash.digest(request) }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.append(request)
        writer.append(state.rawValue)
        writer.append(approver ?? 0)
        writer.append(changedAt)
        return writer.bytes
    }
}
