// The bodies of quarantine and approval.

package import VaultFormat

/// The body of `POST /v1/quarantine`.
package struct QuarantineRequest: RequestObject, Encodable, Hashable, Sendable {
    package var image: ImageID
    /// `default` where it is missing.
    package var namespace: NamespaceName

    package static let members: Set<String> = ["image", "namespace"]
    package static let shape =
        "a JSON object with image (its id) and, if it is not default, namespace"

    package init(image: ImageID, namespace: NamespaceName = .standard) {
        self.image = image
        self.namespace = namespace
    }

    private enum CodingKeys: String, CodingKey {
        case image, namespace
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        image = try members.decode(ImageID.self, forKey: .image)
        namespace =
            try members.decode(NamespaceName.self, ifThere: .namespace) ?? .standard
    }
}

/// The body of `POST /v1/quarantine/{image}/requests`.
package struct ReleaseRequest: RequestObject, Encodable, Hashable, Sendable {
    package var action: ApprovalKind
    /// `default` where it is missing.
    package var namespace: NamespaceName

    package static let members: Set<String> = ["action", "namespace"]
    package static let shape =
        "a JSON object with action (release or erase) and, if it is not default, namespace"

    package init(action: ApprovalKind, namespace: NamespaceName = .standard) {
        self.action = action
        self.namespace = namespace
    }

    private enum CodingKeys: String, CodingKey {
        case action, namespace
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard let kind = ApprovalKind(name: try members.decode(String.self, forKey: .action)),
            kind.isOfImage
        else {
            throw FormatError.unknownValue(field: "action")
        }
        action = kind
        namespace =
            try members.decode(NamespaceName.self, ifThere: .namespace) ?? .standard
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(action.name, forKey: .action)
        try members.encode(namespace, forKey: .namespace)
    }
}

/// The body of `POST /v1/approvals/{id}`.
package struct ApproveRequest: RequestObject, Encodable, Hashable, Sendable {
    /// The request's digest, as its approver read it.
    package var digest: Digest256

    package static let members: Set<String> = ["digest"]
    package static let shape = "a JSON object with digest (64 hexadecimal digits)"

    package init(digest: Digest256) { self.digest = digest }
}
