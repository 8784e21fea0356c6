// The header fields and media types of the contract, and what a claim looks like in them.

package import VaultFormat

package enum HeaderName {
    package static let contentDisposition = "Content-Disposition"
    package static let contentLength = "Content-Length"
    package static let contentType = "Content-Type"
    package static let cacheControl = "Cache-Control"
    package static let allow = "Allow"
    package static let retryAfter = "Retry-After"
    package static let contentDigest = "Content-Digest"
    package static let origin = "Origin"
    package static let fetchSite = "Sec-Fetch-Site"
    package static let range = "Range"
    package static let contentRange = "Content-Range"
    package static let acceptRanges = "Accept-Ranges"
    package static let ifRange = "If-Range"
    package static let ifNoneMatch = "If-None-Match"
    package static let entityTag = "ETag"
    package static let reprDigest = "Repr-Digest"
    package static let timeout = "Vault-Timeout-Ms"
    package static let actor = "Vault-Actor"
    package static let client = "Vault-Client"
    package static let traceParent = "traceparent"
    package static let idempotencyKey = "Idempotency-Key"
    package static let job = "Vault-Job"
    package static let owner = "Vault-Owner"
    package static let authorization = "Authorization"
    package static let ticket = "Vault-Ticket"
    package static let approval = "Vault-Approval"
    package static let authenticate = "WWW-Authenticate"

    /// Those that a request's meaning depends on.
    package static let request = [
        contentDisposition, contentType, contentDigest, origin, fetchSite, range, ifRange,
        ifNoneMatch, timeout, actor, client, traceParent, idempotencyKey, job, owner,
        authorization, ticket, approval,
    ]
}

package enum MediaType {
    package static let json = "application/json"
    package static let problem = "application/problem+json"
    package static let octets = "application/octet-stream"
    package static let note = "text/plain; charset=utf-8"
    package static let yaml = "application/yaml"
    /// Prometheus's text format.
    package static let metrics = "text/plain; version=0.0.4; charset=utf-8"
}

extension Claim {
    /// The claim that a request's headers make.
    ///
    /// - Parameters:
    ///   - jobFields: every value of `Vault-Job`.
    ///   - ownerFields: every value of `Vault-Owner`.
    /// - Throws: ``RequestError/invalidJob`` or ``RequestError/invalidOwner``, also for a field that
    ///   is there twice.
    package init(jobFields: [String], ownerFields: [String]) throws(RequestError) {
        self.init(
            owner: try onlyValue(of: ownerFields, orThrow: .invalidOwner, OwnerID.init),
            job: try onlyValue(of: jobFields, orThrow: .invalidJob, JobID.init))
    }
}

/// The one value among `fields`, parsed; nil where there is none.
///
/// - Throws: `refusal` where there are several or parsing fails.
func onlyValue<Value>(
    of fields: [String], orThrow refusal: RequestError,
    _ parse: (String) throws(FormatError) -> Value
) throws(RequestError) -> Value? {
    guard let field = fields.first else { return nil }
    guard fields.count == 1 else { throw refusal }
    do throws(FormatError) {
        return try parse(field)
    } catch {
        throw refusal
    }
}
