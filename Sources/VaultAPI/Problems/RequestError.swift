package import VaultFormat

/// What can be wrong with a request before the vault is asked: each case has its code and a
/// sentence. Nothing in it quotes the request, except a parameter's name of plain letters.
package enum RequestError: Error, Hashable, Sendable {
    case malformedQuery
    case unknownParameter(String)
    case repeatedParameter(String)
    /// A parameter outside the range that `expected` tells.
    case invalidParameter(String, expected: String)
    case invalidIdentifier
    case missingName
    case invalidName(NameFault)
    case invalidJob
    case invalidOwner
    case invalidDigest
    /// A header field of this vault that is not what `expected` tells, or is there twice.
    case invalidHeader(String, expected: String)
    /// A body that is not the JSON object that `expected` tells.
    case invalidBody(expected: String)
}

/// Which rule of RFC 6266, RFC 8187 or of names a `Content-Disposition` broke.
package enum NameFault: String, Error, Sendable, CaseIterable {
    case repeatedHeader = "the header is there more than once"
    case repeatedParameter = "a parameter is there more than once"
    case unknownParameter = "only filename and filename* are understood"
    case notAttachment = "the disposition is not attachment"
    case syntax = "the header does not follow RFC 6266"
    case controlCharacter = "the header holds a control character or a folded line"
    case charset = "filename* must begin with UTF-8''"
    case percentEncoding = "filename* holds a broken or missing percent-encoding"
    case notUTF8 = "the name is not UTF-8"
    case unusable = "the name has a wrong length or characters that cannot be kept"
}

extension RequestError {
    package var code: ErrorCode {
        switch self {
        case .malformedQuery: .badRequest
        case .unknownParameter: .unknownParameter
        case .repeatedParameter, .invalidParameter: .invalidParameter
        case .invalidIdentifier: .invalidIdentifier
        case .missingName: .missingName
        case .invalidName: .invalidName
        case .invalidJob: .invalidJob
        case .invalidOwner: .invalidOwner
        case .invalidDigest: .invalidDigest
        case .invalidHeader: .invalidHeader
        case .invalidBody: .invalidBody
        }
    }

    /// What the problem document's `detail` says.
    package var detail: String? {
        switch self {
        case .malformedQuery: "The query is not a list of name=value joined by &."
        case .unknownParameter(let name):
            Self.isPlain(name) ? "\(name) is not a parameter of this path." : nil
        case .repeatedParameter(let name): "\(name) is there more than once."
        case .invalidParameter(let name, let expected): "\(name) must be \(expected)."
        case .invalidHeader(let name, let expected): "\(name) must be \(expected), once."
        case .invalidBody(let expected): "The body must be \(expected)."
        case .invalidName(let fault): "Content-Disposition: \(fault.rawValue)."
        case .invalidIdentifier, .missingName, .invalidJob, .invalidOwner, .invalidDigest: nil
        }
    }

    private static func isPlain(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
    }
}
