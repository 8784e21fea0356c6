import Testing
import VaultFormat

@testable import VaultStorage

@Suite("What goes to a child that asks a token")
struct TokenWireTests {
    private let question = TokenQuestion(
        deed: .giveBack, kind: .pkcs11, isUnattended: true, library: "/usr/lib/module.so",
        environment: ["A=1", "B=x=y"], token: "vault", key: "kek", policy: "",
        associatedData: [1, 2], nonce: [3], sealedSecret: [4, 5], pinBytes: 6)

    @Test("is read as it was written")
    func roundTrip() throws {
        let encoded = question.encoded
        let head = Array(encoded.prefix(TokenQuestion.headBytes))
        let count = try TokenQuestion.length(ofHead: head)
        #expect(encoded.count == head.count + count)
        #expect(try TokenQuestion(parsing: Array(encoded.dropFirst(head.count))) == question)
        for answer in [
            TokenAnswer(fault: nil, count: 48),
            TokenAnswer(fault: TokenFault(.locked, number: 0xA4)),
        ] {
            #expect(try TokenAnswer(parsing: answer.encoded) == answer)
        }
    }

    @Test("is refused where it is cut, or of another kind")
    func refusals() throws {
        let body = Array(question.encoded.dropFirst(TokenQuestion.headBytes))
        for count in 0..<40 {
            #expect(throws: FormatError.self) {
                _ = try TokenQuestion(parsing: Array(body.prefix(count)))
            }
        }
        for (place, value) in [(0, UInt8(9)), (1, 1), (1, 9), (3, 0xFF)] {
            var other = body
            other[place] = value
            #expect(throws: FormatError.self) { _ = try TokenQuestion(parsing: other) }
        }
        let long = TokenQuestion.magic + [0, 1, 0, 0]
        #expect(throws: FormatError.outOfRange(field: "question")) {
            _ = try TokenQuestion.length(ofHead: long)
        }
        #expect(throws: FormatError.unknownValue(field: "fault")) {
            _ = try TokenAnswer(parsing: [99, 0, 0, 0, 0, 0, 0])
        }
    }
}
