// How the vault says no: a problem document (RFC 9457), made from the registry of error codes.

package import VaultFormat

package struct ProblemDocument: Codable, Hashable, Sendable, Error {
    package var type: String
    package var title: String
    /// The HTTP status.
    package var status: Int
    /// One of ``ErrorCode``, or one that only a newer vault knows.
    package var code: String
    /// What is particular to this occurrence; never quotes the request.
    package var detail: String?
    package var retryable: Bool
    package var retryAfterMilliseconds: Int?
    package var requestID: RequestID
    /// What the reader can do about it.
    package var fix: String
    /// For a refused image: the rule it broke.
    package var finding: FindingAnswer?
    /// For what takes two: what somebody else has to approve.
    package var approval: ApprovalNotice?

    /// - Parameter milliseconds: when to come again, where that is known better than from the code.
    package init(
        _ error: ErrorCode, detail: String? = nil, request: RequestID, finding: Finding? = nil,
        after milliseconds: Int? = nil, approval: ApprovalNotice? = nil
    ) {
        self.approval = approval
        let description = error.description
        type = Self.typePrefix + error.rawValue
        title = description.title
        status = description.status
        code = error.rawValue
        self.detail = detail
        retryable = description.retryable
        retryAfterMilliseconds = milliseconds ?? description.retryAfterMilliseconds
        requestID = request
        fix = description.fix
        self.finding = finding.map(FindingAnswer.init)
    }

    package init(_ error: RequestError, request: RequestID) {
        self.init(error.code, detail: error.detail, request: request)
    }

    /// What every `type` begins with; the code follows.
    package static let typePrefix = "urn:imagevault:error:"

    /// The code, where this version knows it.
    package var errorCode: ErrorCode? { ErrorCode(rawValue: code) }

    private enum CodingKeys: String, CodingKey {
        case type, title, status, code, detail, retryable
        case retryAfterMilliseconds = "retry_after_ms"
        case requestID = "request_id"
        case fix, finding, approval
    }
}
