// The records of a case under the keyring's key for cases: each is bound to all that stands before it. CaseFormat.

import Crypto
package import VaultFormat

/// What a case's file says, opened whole.
package struct OpenedCase: Hashable, Sendable {
    package let heading: CaseHeading
    package let records: [CaseRecord]
    /// SHA-256 of the file.
    package let digest: Digest256

    package func content(of kind: CaseRecord.Kind) -> [UInt8] {
        records.filter { $0.kind == kind }.flatMap(\.content)
    }
}

/// A case at its end: what is appended next is bound to this.
package struct CaseEnd: Sendable {
    private var hash = SHA256()
    package private(set) var bytes: Int
    package private(set) var records: Int
    private var last: CaseRecord.Kind?

    /// SHA-256 of the file so far.
    package var digest: Digest256 { Digest256(checked: Array(hash.finalize())) }

    package init(_ heading: CaseHeading) {
        hash.update(data: heading.encoded)
        bytes = CaseHeading.byteCount
        records = 0
    }

    fileprivate var associatedData: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.append(Array("ivault-case".utf8))
        writer.append(UInt32(clamping: records))
        writer.append(digest.bytes)
        return writer.bytes
    }

    fileprivate mutating func append(_ record: CaseRecord.Kind, _ framed: some Sequence<UInt8>) {
        let framed = Array(framed)
        hash.update(data: framed)
        bytes += framed.count
        records += 1
        last = record
    }

    fileprivate func takes(_ record: CaseRecord) -> Bool { record.mayFollow(last) }
}

extension Keyring {
    /// What to append to a case: the record's length and its box.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func seal(
        _ record: CaseRecord, at end: inout CaseEnd
    ) throws(CryptoError) -> [UInt8] {
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let (text, context) = (record.encoded, end.associatedData)
        let sealed = try unsafe keys.withKey(at: casesIndex) { (key) throws(CryptoError) in
            unsafe text.withRawBytes { bytes in
                unsafe Sodium.seal(bytes, associatedData: context, nonce: nonce, key: key)
            }
        }
        var writer = ByteWriter(reserving: sealed.count + 28)
        writer.append(UInt32(clamping: nonce.count + sealed.count))
        writer.append(nonce)
        writer.append(sealed)
        end.append(record.kind, writer.bytes)
        return writer.bytes
    }

    /// Opens a case's file.
    ///
    /// - Throws: ``FormatError`` for what is no case, ``CryptoError/refused`` for a record that does not stand where
    ///   it was written.
    package func openCase(_ file: [UInt8]) throws -> (opened: OpenedCase, end: CaseEnd) {
        let parts = try CaseFile(parsing: file)
        guard parts.heading.vault == vault else { throw CryptoError.refused }
        var end = CaseEnd(parts.heading)
        var records: [CaseRecord] = []
        for box in parts.boxes {
            let context = end.associatedData
            let text = try unsafe keys.withKey(at: casesIndex) { (key) throws(CryptoError) in
                try unsafe SmallBox.open(Array(box.bytes), associatedData: context, key: key)
            }
            let record = try CaseRecord(parsing: text)
            guard end.takes(record) else { throw FormatError.notCanonical(field: "kind") }
            end.append(record.kind, file[box.bytes.startIndex - 4..<box.end])
            records.append(record)
        }
        return (OpenedCase(heading: parts.heading, records: records, digest: end.digest), end)
    }
}
