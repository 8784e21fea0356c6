// Where things are: every path of `openapi.yaml`, spelled once.

package import VaultFormat

package enum APIPath {
    /// The number in every path: rises when a change would break a client.
    package static let version = 1

    package static let images = "/v1/images"
    package static let inspect = "/v1/inspect"
    package static let health = "/v1/health"
    package static let ready = "/v1/ready"
    package static let metrics = "/v1/metrics"
    package static let productVersion = "/v1/version"
    package static let whoami = "/v1/whoami"
    package static let contract = "/v1/openapi.yaml"
    package static let status = "/v1/status"
    package static let seal = "/v1/seal"
    package static let unseal = "/v1/unseal"
    package static let slots = "/v1/slots"
    package static let rotateRoot = "/v1/keys/rotate-root"
    package static let rotateLogKey = "/v1/keys/rotate-log-key"
    package static let keys = "/v1/keys"
    package static let rotate = "/v1/keys/rotate"
    package static let reencrypt = "/v1/keys/reencrypt"
    package static let destructions = "/v1/keys/destructions"
    package static let backups = "/v1/backups"
    package static let snapshots = "/v1/backups/snapshots"
    package static let drills = "/v1/drills"
    package static let escrowCopies = "/v1/escrows/copies"
    package static let events = "/v1/events"
    package static let checkpoint = "/v1/checkpoint"
    package static let bundle = "/v1/log/bundle"
    package static let inspections = "/v1/inspections"
    package static let checks = "/v1/checks"
    package static let operations = "/v1/operations"
    package static let quarantine = "/v1/quarantine"
    package static let approvals = "/v1/approvals"
    package static let receipts = "/v1/receipts"
    package static let escrows = "/v1/escrows"
    package static let holds = "/v1/holds"
    package static let retention = "/v1/retention"
    package static let canaries = "/v1/canaries"
    package static let redactions = "/v1/redactions"
    package static let securityEvents = "/v1/security-events"
    package static let limitChecks = "/v1/limits/check"
    package static let blocks = "/v1/blocks"
    package static let namespaces = "/v1/namespaces"
    package static let tokens = "/v1/tokens"
    package static let incidents = "/v1/incidents"
    package static let cases = "/v1/cases"
    package static let policy = "/v1/policy"
    package static let doctor = "/v1/doctor"
    package static let attestations = "/v1/doctor/attestations"
    package static let reloadPolicy = "/v1/policy/reload"

    package static func image(_ id: ImageID) -> String { "\(images)/\(id.hex)" }
    package static func slot(_ id: SlotID) -> String { "\(slots)/\(id.hex)" }
    package static func slotProof(_ id: SlotID) -> String { "\(slots)/\(id.hex)/proof" }
    package static func challenge(_ id: SlotID) -> String { "\(slots)/\(id.hex)/challenge" }
    package static func metadata(_ id: ImageID) -> String { "\(images)/\(id.hex)/metadata" }

    package static func operation(_ id: OperationID) -> String { "\(operations)/\(id.hex)" }
    package static func pause(_ id: OperationID) -> String { "\(operation(id))/pause" }
    package static func resume(_ id: OperationID) -> String { "\(operation(id))/resume" }
    package static func findings(_ id: OperationID) -> String { "\(operation(id))/findings" }

    package static func statement(_ id: OperationID) -> String {
        "\(operation(id))/statement"
    }

    package static func destruction(_ id: ApprovalID) -> String { "\(destructions)/\(id.hex)" }
    package static func backup(_ id: BackupID) -> String { "\(backups)/\(id.hex)" }
    package static func blobs(of id: BackupID) -> String { "\(backup(id))/blobs" }
    package static func completion(of id: BackupID) -> String { "\(backup(id))/completion" }
    package static func destruction(_ epoch: EpochNumber) -> String {
        "\(keys)/epochs/\(epoch)/destroy"
    }

    package static func receipt(_ id: ReceiptID) -> String { "\(receipts)/\(id.hex)" }
    package static func token(_ id: AccessTokenID) -> String { "\(tokens)/\(id.hex)" }
    package static func rotation(of id: AccessTokenID) -> String { "\(token(id))/rotate" }
    package static func tickets(of id: ImageID) -> String { "\(image(id))/tickets" }
    package static func incident(_ id: IncidentID) -> String { "\(incidents)/\(id.hex)" }
    package static func containment(of id: IncidentID) -> String {
        "\(incident(id))/containment"
    }
    package static func exportedCase(_ id: IncidentID) -> String { "\(cases)/\(id.hex)" }
    package static func hold(_ id: HoldID) -> String { "\(holds)/\(id.hex)" }

    package static func attestation(_ id: EscrowID) -> String {
        "\(escrows)/\(id.hex)/attestation"
    }

    package static func name(of pseudonym: Pseudonym) -> String {
        "/v1/log/names/\(pseudonym.hex)"
    }

    package static func retention(of image: ImageID, in namespace: NamespaceName) -> String {
        "\(retention)/\(namespace)/\(image.hex)"
    }

    package static func canary(_ image: ImageID, in namespace: NamespaceName) -> String {
        "\(canaries)/\(namespace)/\(image.hex)"
    }

    package static func requests(_ id: ImageID) -> String { "\(quarantine)/\(id.hex)/requests" }
    package static func approval(_ id: ApprovalID) -> String { "\(approvals)/\(id.hex)" }

    /// The id in a path.
    ///
    /// - Throws: ``RequestError/invalidIdentifier``.
    package static func imageID(_ segment: some StringProtocol) throws(RequestError) -> ImageID {
        do throws(FormatError) {
            return try ImageID(hex: segment)
        } catch {
            throw .invalidIdentifier
        }
    }
}

extension Door {
    /// The socket's name inside the vault's run-time directory.
    package var socketName: String { "\(name).sock" }
}
