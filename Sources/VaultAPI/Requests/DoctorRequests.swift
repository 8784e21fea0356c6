// The body of somebody's word on what no program can see.

package import VaultFormat

/// The body of `POST /v1/doctor/attestations`.
package struct AttestationRequest: RequestObject, Encodable, Hashable, Sendable {
    package var item: DoctorItem
    /// SHA-256 of the evidence, which is not sent, and how long it is.
    package var evidence: Digest256
    package var bytes: Int
    package var expires: UTCTime

    package static let members: Set<String> = ["item", "evidence", "bytes", "expires"]
    package static let shape =
        "a JSON object with item (one that takes somebody's word), evidence (its SHA-256, 64 hexadecimal digits), "
        + "bytes, and expires (a time in UTC with six digits of a second, up to 400 days from now)"

    package init(item: DoctorItem, evidence: Digest256, bytes: Int, expires: UTCTime) {
        self.item = item
        self.evidence = evidence
        self.bytes = bytes
        self.expires = expires
    }

    private enum CodingKeys: String, CodingKey {
        case item, evidence, bytes, expires
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard let item = DoctorItem(rawValue: try members.decode(String.self, forKey: .item)),
            item.isAttested
        else { throw FormatError.unknownValue(field: "item") }
        self.item = item
        evidence = try members.decode(Digest256.self, forKey: .evidence)
        bytes = try members.decode(Int.self, forKey: .bytes)
        expires = try members.decode(UTCTime.self, forKey: .expires)
        guard Limits.evidenceBytes.contains(bytes), expires.microseconds != nil else {
            throw FormatError.outOfRange(field: "bytes")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(item.rawValue, forKey: .item)
        try members.encode(evidence, forKey: .evidence)
        try members.encode(bytes, forKey: .bytes)
        try members.encode(expires, forKey: .expires)
    }
}
