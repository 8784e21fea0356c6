// What the vectors of addresses, look-ups, rows and bearers look like in their files.

/// `lookups.json`.
package struct LookupVectors: Decodable, Sendable {
    package struct Image: Decodable, Sendable {
        package let namespace: String
        package let stored: HexBytes
        package let digest: HexBytes
        package let image: String
    }
    package struct Index: Decodable, Sendable {
        package let subject: String
        package let text: String
        package let namespace: String
        package let index: String
    }
    package struct Row: Decodable, Sendable {
        package let row: HexBytes
        package let mac: String
    }

    /// A row's fields as the layout of its kind names them.
    package struct LaidOut: Decodable, Sendable {
        package struct Fields: Decodable, Sendable {
            package let namespace: String?
            package let image: String?
            package let blob: String?
            package let type: UInt8?
            package let width: Int?
            package let height: Int?
            package let bytes: Int?
            package let level: UInt8?
            package let inspector: UInt32?
            package let flags: UInt16?
            package let findings: String?
            package let quarantined: Int64?
            package let operation: String?
            package let approval: String?
            package let requester: UInt32?
            package let approver: UInt32?
            package let expires: Int64?
            package let digest: String?
            package let kind: UInt8?
            package let parameters: HexBytes?
            package let creator: UInt32?
            package let state: UInt8?
            package let cursor: Int64?
            package let last: Int64?
            package let total: Int?
            package let done: Int?
            package let found: Int?
            package let failures: Int?
            package let failure: String?
            package let updated: Int64?
            package let epoch: UInt32?
            package let strand: [String]?
            package let verb: String?
            package let words: String?
            package let backup: String?
            package let epochs: [UInt32]?
            package let note: String?
            package let reference: String?
            package let owner: String?
            package let job: String?
            package let body: HexBytes?
            package let retention: Int64?
            package let receipt: String?
            package let claims: Int?
            package let images: Int?
            package let left: Int?
            package let event: Int64?
            package let through: UInt64?
            package let escrow: String?
            package let attester: UInt32?
            package let attested: Int64?
            package let hold: String?
            package let subject: HexBytes?
            package let token: String?
            package let ticket: String?
            package let previous: HexBytes?
            package let until: Int64?
            package let principal: String?
            package let scopes: String?
            package let reads: UInt32?
            package let item: String?
            package let evidence: String?
            package let canary: Int?
            package let incident: String?
            package let cause: String?
            package let actor: String?
            package let opened: Int64?
            package let closed: Int64?
            package let from: UInt64?
            package let to: UInt64?
            package let records: Int?
            package let grade: UInt8?
            package let ends: Int64?
            package let setter: UInt32?
            package let created: Int64
            package let changed: UInt64
        }
        package let rule: String
        package let fields: Fields
        package let row: HexBytes
        package let mac: String
    }
    package struct Answer: Decodable, Sendable {
        package let rule: String
        package let lookup: String
        package let index: UInt64
        package let created: Int64
        package let text: HexBytes?
        package let sealed: HexBytes
    }
    package struct Answers: Decodable, Sendable {
        package let opens: [Answer]
        package let refusals: [Answer]
    }

    package let images: [Image]
    package let blindIndexes: [Index]
    package let rowMacs: [Row]
    package let rows: [LaidOut]
    package let answers: Answers
}

/// `cases.json`.
package struct CaseVector: NamedVector, Sendable {
    package struct Record: Decodable, Sendable {
        package let kind: String
        package let content: HexBytes
    }

    package let rule: String
    package let refusedBy: String?
    package let code: String?
    package let incident: String?
    package let records: [Record]?
    package let digests: [String]?
    package let digest: String?
    package let file: HexBytes
}

/// `bearers.json`.
package struct BearerVectors: Decodable, Sendable {
    package struct Good: Decodable, Sendable {
        package let rule: String
        package let kind: String
        package let text: String
        package let digest: String
    }
    package struct Bad: Decodable, Sendable {
        package let rule: String
        package let text: String
    }

    package let opens: [Good]
    package let refusals: [Bad]
}
