// What the tests of this target share: inspect bytes, and say what came of it.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

/// The finding that refused the upload, or nil if it was accepted. In whatever pieces it arrives, that is the same.
func refusal(
    of bytes: [UInt8], name: UploadName? = nil, declaredType: DeclaredType = .undeclared,
    policy: InspectionPolicy = .default
) -> InspectionRefusal? {
    func refusal(_ places: HiddenPlaces) -> InspectionRefusal? {
        do throws(InspectionRefusal) {
            // unsafe: the span of bytes as bytes; every bit pattern is one.
            _ = try unsafe ImageInspector.inspect(
                bytes.span.bytes, name: name, declaredType: declaredType, policy: policy,
                places: places)
            return nil
        } catch {
            return error
        }
    }
    let whole = refusal(HiddenPlaces())
    for piece in [1, 31, 33, 1000, 65_536] where piece > 31 || bytes.count < 10_000 {
        #expect(refusal(HiddenPlaces(of: bytes, inPiecesOf: piece)) == whole, "pieces of \(piece)")
    }
    return whole
}

extension HiddenPlaces {
    /// As they are found while a file arrives.
    init(of bytes: [UInt8], inPiecesOf piece: Int) {
        self.init()
        for end in stride(from: piece, to: bytes.count + piece, by: piece) {
            // unsafe: the span of bytes as bytes; every bit pattern is one.
            unsafe read(bytes.span.extracting(..<min(end, bytes.count)).bytes)
        }
    }
}

/// The default policy with one change.
func policy(_ change: (inout InspectionPolicy) -> Void) -> InspectionPolicy {
    var policy = InspectionPolicy.default
    change(&policy)
    return policy
}

let truncating = policy { $0.trailer = .truncate }
let stripping = policy {
    $0.trailer = .truncate
    $0.metadata = .strip
}

extension StoragePlan {
    /// What is stored of an upload.
    func applied(to bytes: [UInt8]) -> [UInt8] {
        parts.flatMap { part in
            switch part {
            case .kept(let range): Array(bytes[range])
            case .made(let new): new
            }
        }
    }

    /// Whether every part lies no further back than the place it goes to, inside the upload.
    func movesNothingBack(in bytes: [UInt8]) -> Bool {
        var end = 0
        for part in parts {
            switch part {
            case .kept(let range):
                guard range.lowerBound >= end, range.upperBound <= bytes.count else { return false }
                end += range.count
            case .made(let new): end += new.count
            }
        }
        return end == byteCount
    }
}

/// An upload that breaks exactly one rule.
struct Broken: Sendable, CustomTestStringConvertible {
    let code: FindingCode
    let rule: String
    let bytes: [UInt8]
    let policy: InspectionPolicy

    init(
        _ code: FindingCode, _ rule: String, _ bytes: [UInt8],
        policy: InspectionPolicy = .default
    ) {
        self.code = code
        self.rule = rule
        self.bytes = bytes
        self.policy = policy
    }

    var testDescription: String { rule }
}

/// The inspection of an upload that must be accepted.
func accepted(
    _ bytes: [UInt8], name: UploadName? = nil, policy: InspectionPolicy = .default
) throws(InspectionRefusal) -> Inspection {
    // unsafe: the span of bytes as bytes; every bit pattern is one.
    try unsafe ImageInspector.inspect(bytes.span.bytes, name: name, policy: policy)
}
