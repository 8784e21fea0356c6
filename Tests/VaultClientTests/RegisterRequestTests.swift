import Testing
import VaultAPI
import VaultFormat

@Suite("The bodies of registers, holds and retention")
struct RegisterRequestTests {
    static let id = String(repeating: "ab", count: 16)

    private func decoded<Value: RequestObject>(_ text: String, _ type: Value.Type) throws -> Value {
        try RequestJSON.decode(type, from: Array(text.utf8))
    }

    @Test("come back as they were sent")
    func roundTrips() throws {
        let holds: [HoldRequest] = [
            HoldRequest(.image(try ImageID(hex: Samples.hex)), note: try AdminNote("case 7")),
            HoldRequest(.owner(try OwnerID("ada"))), HoldRequest(.job(try JobID("job_7"))),
            HoldRequest(.backup(try BackupID(hex: Self.id))),
        ]
        for hold in holds {
            let text = String(decoding: try WireJSON.encode(hold), as: UTF8.self)
            #expect(try decoded(text, HoldRequest.self) == hold, "\(text)")
        }
        let time = UTCTime(microseconds: 1_709_251_199_999_999)
        for retention in [RetentionRequest.until(time), .until(nil), .days(36_500)] {
            let text = String(decoding: try WireJSON.encode(retention), as: UTF8.self)
            #expect(try decoded(text, RetentionRequest.self) == retention, "\(text)")
        }
        for escrow in [EscrowRequest(), EscrowRequest(epochs: [.first])] {
            let text = String(decoding: try WireJSON.encode(escrow), as: UTF8.self)
            #expect(try decoded(text, EscrowRequest.self) == escrow, "\(text)")
        }
    }

    @Test(
        "a hold is on one thing, and a backup is of no namespace",
        arguments: [
            "{}", #"{"note":"x"}"#, #"{"owner":"a","job":"b"}"#, #"{"owner":"a b"}"#,
            #"{"image":"ab"}"#, #"{"owner":null}"#,
            #"{"backup":"\#(id)","namespace":"default"}"#, #"{"owner":"a","until":1}"#,
            #"{"owner":"a","job":null}"#, #"{"owner":"a","namespace":null}"#,
            #"{"owner":"a","note":null}"#,
        ])
    func holds(text: String) {
        #expect(throws: RequestError.invalidBody(expected: HoldRequest.shape)) {
            try decoded(text, HoldRequest.self)
        }
    }

    @Test(
        "a retention has one end, which is a moment, a number of days, or none",
        arguments: [
            "{}", #"{"until":null,"days":3}"#, #"{"days":0}"#, #"{"days":36501}"#,
            #"{"days":null}"#, #"{"until":"2023-02-29T00:00:00.000000Z"}"#,
            #"{"until":"1970-01-01T00:00:00.000000Z"}"#, #"{"until":"2027-01-01T00:00:00Z"}"#,
        ])
    func retentions(text: String) {
        #expect(throws: RequestError.invalidBody(expected: RetentionRequest.shape)) {
            try decoded(text, RetentionRequest.self)
        }
    }

    @Test(
        "a member that is null is no missing one",
        arguments: [#"{"below":null}"#, #"{"level":null}"#, #"{"trial":null}"#])
    func inspections(text: String) {
        #expect(throws: RequestError.invalidBody(expected: InspectionRequest.shape)) {
            try decoded(text, InspectionRequest.self)
        }
    }

    @Test("nor in any other body")
    func nulls() {
        #expect(throws: RequestError.invalidBody(expected: BackupRequest.shape)) {
            try decoded(#"{"expires_days":null}"#, BackupRequest.self)
        }
        #expect(throws: RequestError.invalidBody(expected: DestructionRequest.shape)) {
            try decoded(#"{"strand":null}"#, DestructionRequest.self)
        }
        #expect(throws: RequestError.invalidBody(expected: ReencryptionRequest.shape)) {
            try decoded(#"{"namespace":null}"#, ReencryptionRequest.self)
        }
        #expect(throws: RequestError.invalidBody(expected: QuarantineRequest.shape)) {
            let image = String(repeating: "0", count: 64)
            return try decoded(#"{"image":"\#(image)","namespace":null}"#, QuarantineRequest.self)
        }
    }

    @Test("days count from now, and no end is for ever")
    func ends() throws {
        let twoDays = Retention.until(microseconds: 172_800_000_005)
        #expect(RetentionRequest.days(2).retention(from: 5) == twoDays)
        #expect(RetentionRequest.until(nil).retention(from: 5) == .forever)
        let time = UTCTime(microseconds: 7)
        #expect(RetentionRequest.until(time).retention(from: 5) == .until(microseconds: 7))
    }

    @Test(
        "the epochs of a copy rise, and there is one",
        arguments: [
            #"{"epochs":[]}"#, #"{"epochs":[2,1]}"#, #"{"epochs":[1,1]}"#, #"{"epochs":[0]}"#,
        ])
    func epochs(text: String) {
        #expect(throws: RequestError.self) { try decoded(text, EscrowRequest.self) }
        #expect(throws: RequestError.self) { try decoded(text, BackupRequest.self) }
    }

    @Test("as many epochs as a request may name fit its body, and one more is refused")
    func manyEpochs() throws {
        func text(_ count: Int) -> String {
            let numbers = (0..<count).map { String(UInt32.max - UInt32(count - 1 - $0)) }
            let note = #""note":"\#(String(repeating: "n", count: 200))""#
            let epochs = "\"epochs\":[\(numbers.joined(separator: ","))]"
            return #"{"expires_days":36500,\#(epochs),\#(note)}"#
        }
        let most = text(Limits.requestEpochs)
        #expect(most.utf8.count <= Limits.smallBodyBytes)
        #expect(try decoded(most, BackupRequest.self).epochs?.count == Limits.requestEpochs)
        let more = text(Limits.requestEpochs + 1)
        #expect(throws: RequestError.self) { try decoded(more, BackupRequest.self) }
    }
}
