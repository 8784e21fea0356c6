// The log's events in the words of other systems, hostile texts too.

import Foundation
import Testing
import VaultAPI
import VaultFormat
import VaultTestKit

@Suite("Formats of exports")
struct ExportFormatTests {
    /// An event that has every field, as the vectors have it.
    private func full() throws -> EventVector {
        let vectors = try Vectors.load("log", as: LogVectors.self).opens
        return try #require(vectors.first { $0.rule == "an event with every field" })
    }

    private func line(_ format: ExportFormat, _ body: [UInt8]) throws -> String {
        let fields = try EventFields(parsing: body)
        return String(decoding: format.line(fields, body: body[...]), as: UTF8.self)
    }

    private func body(_ name: String, _ text: String) -> [UInt8] {
        var line = JSONLine()
        line.add("index", 7)
        line.add("at", "2026-11-26T14:00:00.000001Z")
        line.add("action", "image.put")
        line.add("outcome", "refused")
        let all = line.finished.dropLast() + Array(",\(JSONLine.quoted(name)):".utf8)
        return all + Array("\(JSONLine.quoted(text))}".utf8)
    }

    @Test("the event with every field has each one that an event can have")
    func fullEvent() throws {
        let event = try #require(try full().event(atMicroseconds: 0))
        for (name, value) in Mirror(reflecting: event).children {
            let mirror = Mirror(reflecting: value)
            let mayBeEmpty = mirror.displayStyle == .optional || mirror.displayStyle == .collection
            // What an event is found by is no part of its body.
            #expect(!mayBeEmpty || !mirror.children.isEmpty || name == "lookups", "\(name ?? "")")
        }
    }

    @Test("no field of an event is left out of csv, jsonl and ocsf")
    func everyField() throws {
        let vector = try full()
        let event = try #require(try vector.event(atMicroseconds: 0))
        let body = event.body(index: vector.number)
        let fields = try EventFields(parsing: body).fields
        let columns = try #require(ExportFormat.csv.firstLine).dropLast(1).split(separator: ",")
        #expect(columns.map(String.init) == fields.map(\.name) + ["unavailable"])
        for (name, value) in fields {
            let word: String
            switch value {
            case .number(let number): word = String(number)
            case .text(let text): word = text
            }
            for format in [ExportFormat.csv, .jsonl, .ocsf]
            where !word.contains(where: { "\n\\\"".contains($0) }) {
                // Durations and times have other units there.
                if format != .csv, name == "duration_us" { continue }
                #expect(try line(format, body).contains(word), "\(name) in \(format)")
            }
        }
    }

    @Test("each line of json is one object")
    func objects() throws {
        for format in [ExportFormat.jsonl, .ocsf] {
            for text in ["\"", "\\", "\n", "\u{202E}", "\u{1F600}"] {
                let line = try line(format, body("reason", text))
                #expect(line.hasSuffix("}\n") && line.filter { $0 == "\n" }.count == 1)
                let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
                #expect(object is [String: Any])
            }
        }
    }

    @Test(
        "no cell begins a formula",
        arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "|cmd", "%0A=1", "\t=1", "\r=1", "\n=1"])
    func formulas(text: String) throws {
        let line = try line(.csv, body("reason", text))
        #expect(line.contains("'\(text)"))
        #expect(!line.contains(",\(text)") && !line.contains("\"\(text)"))
    }

    @Test("a cell with a separator, a quote or a line end is quoted")
    func quoted() throws {
        let line = try line(.csv, body("reason", "a,\"b\"\r\nc"))
        #expect(line.contains(",\"a,\"\"b\"\"\r\nc\","))
    }

    @Test("a text ends neither a field nor a line of cef")
    func cef() throws {
        let line = try line(.cef, body("reason", "a=b\\c\nact=image.get\rCEF:0|\u{7}"))
        #expect(line.contains("msg=a\\=b\\\\c\\nact\\=image.get\\rCEF:0| \n"))
        #expect(line.filter { $0.isNewline }.count == 1)
        #expect(line.hasPrefix("CEF:0|ImageVault|vaultd|1|image.put|image.put|5|rt=1795701600000 "))
    }

    @Test("a text ends neither a parameter nor a line of syslog")
    func syslog() throws {
        let line = try line(.syslog, body("code", "a\"]\\\n"))
        #expect(
            line.hasPrefix(
                "<108>1 2026-11-26T14:00:00.000001Z - vaultd - image.put [imagevault@32473 index=\"7\""
            ))
        #expect(line.contains("code=\"a\\\"\\]\\\\"))
        #expect(line.filter { $0.isNewline }.count == 1)
    }

    @Test("an event without its body is a line that says so", arguments: ExportFormat.allCases)
    func erased(format: ExportFormat) {
        let line = String(decoding: format.line(withoutBody: 4711), as: UTF8.self)
        if format == .bundle { return #expect(line.isEmpty) }
        #expect(line.contains("4711"))
        // It neither succeeded nor failed.
        for words in ["status_id\":2", "|8|", "<107>"] { #expect(!line.contains(words)) }
        #expect(line.filter { $0.isNewline }.count == 1)
    }
}
