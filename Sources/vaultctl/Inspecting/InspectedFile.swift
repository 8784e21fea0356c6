// One inspected file as a row of the table, and as a line of JSON: the same, whoever judged it.

import VaultAPI
import VaultFormat

struct InspectedFile: Encodable {
    let file: String
    let accepted: Bool
    let finding: FindingAnswer?
    let meaning: String?
    let fix: String?
    let type: String?
    let width: Int?
    let height: Int?
    let bytes: Int
    let storedBytes: Int?
    let transformed: [String]
    let verdict: VerdictAnswer

    /// As the daemon said.
    init(_ file: String, _ answer: InspectionAnswer) {
        self.file = file
        accepted = answer.accepted
        finding = answer.finding
        meaning = answer.meaning
        fix = answer.fix
        type = answer.type?.mediaType
        width = answer.width
        height = answer.height
        bytes = answer.received.bytes
        storedBytes = answer.storedBytes
        transformed = answer.transformed
        verdict = answer.verdict
    }

    /// As our own inspector said.
    init(_ file: String, bytes: Int, _ answer: LintAnswer) {
        let refusal = answer.accepted == nil ? answer.verdict.findings.first : nil
        self.file = file
        accepted = answer.accepted != nil
        finding = refusal.map { FindingAnswer($0) }
        meaning = refusal?.code.summary
        fix = refusal?.code.fix
        type = answer.type?.mediaType
        width = answer.accepted.map { Int(clamping: $0.width) }
        height = answer.accepted.map { Int(clamping: $0.height) }
        self.bytes = bytes
        storedBytes = answer.accepted.map { Int(clamping: $0.storedBytes) }
        transformed = answer.accepted.map { ReferenceBody.names(of: $0.transformations) } ?? []
        verdict = VerdictAnswer(answer.verdict)
    }

    static var table: Table {
        Table([
            ("VERDICT", .left), ("FILE", .left), ("FINDING", .left), ("OFFSET", .right),
            ("WHAT IT MEANS, AND WHAT TO DO", .left),
        ])
    }

    var row: [String] {
        [
            accepted ? "accepted" : "refused", file, finding?.code ?? "-",
            finding?.offset.map { String($0) } ?? "-", remarks,
        ]
    }

    private var remarks: String {
        guard accepted else { return [meaning, fix].compactMap { $0 }.joined(separator: " ") }
        var remarks: [String] = []
        if !transformed.isEmpty {
            remarks.append("would be stored changed: \(transformed.joined(separator: ", "))")
        }
        if !verdict.flags.isEmpty {
            remarks.append("carries \(verdict.flags.joined(separator: ", "))")
        }
        return remarks.isEmpty ? "-" : remarks.joined(separator: "; ")
    }

    private enum CodingKeys: String, CodingKey {
        case file, accepted, finding, meaning, fix, type, width, height, bytes
        case storedBytes = "stored_bytes"
        case transformed, verdict
    }
}
