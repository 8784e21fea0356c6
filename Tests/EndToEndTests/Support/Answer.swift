// What came back, taken apart by this file's own reading of RFC 9112 and RFC 8259: the tests do not
// use the product's.

import Foundation

struct Answer: Sendable {
    let status: Int
    /// In the order of arrival, names in lower case.
    let fields: [(name: String, value: String)]
    let body: [UInt8]
    /// Whether the body had all the bytes that Content-Length told.
    let isComplete: Bool

    subscript(_ name: String) -> String? {
        fields.first { $0.name == name.lowercased() }?.value
    }

    /// The body, to be compared.
    var bytes: Bytes { Bytes(body) }

    var json: JSON { (try? JSONDecoder().decode(JSON.self, from: Data(body))) ?? .null }

    /// The code of a problem document.
    var code: String? { json["code"].text }

    /// What a test shows of an answer that it did not expect.
    var summary: String { "\(status) \(String(decoding: body.prefix(400), as: UTF8.self))" }
}

/// Bytes that a failed comparison shows by length and end: no difference of two images is computed.
struct Bytes: Hashable, CustomStringConvertible {
    private let all: [UInt8]
    init(_ all: [UInt8]) { self.all = all }
    var description: String { "\(all.count) bytes, the last of them \(all.suffix(8))" }
}

/// Any JSON value.
enum JSON: Decodable, Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    subscript(_ member: String) -> JSON {
        guard case .object(let members) = self else { return .null }
        return members[member] ?? .null
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let number) = self { Int(exactly: number) } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var list: [JSON] { if case .list(let list) = self { list } else { [] } }
    var members: Set<String> {
        if case .object(let members) = self { Set(members.keys) } else { [] }
    }

    static func parse(_ text: some StringProtocol) -> JSON {
        (try? JSONDecoder().decode(JSON.self, from: Data(text.utf8))) ?? .null
    }
}

extension UnixConnection {
    /// Reads one answer, which has no body if it is one to HEAD; nil where the connection ends.
    func answer(toHead: Bool = false) throws -> Answer? {
        let head = String(decoding: try readHead(), as: UTF8.self)
        guard head.hasSuffix("\r\n\r\n") else { return nil }
        let lines = head.split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw TestFailure("no status line: \(lines[0])")
        }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            let value = parts.count > 1 ? parts[1].trimmingPrefix(" ") : ""
            return (name: parts[0].lowercased(), value: String(value))
        }
        guard !toHead, status >= 200 else {
            return Answer(status: status, fields: fields, body: [], isComplete: true)
        }
        guard
            let length = fields.first(where: { $0.name == "content-length" })
                .flatMap({ Int($0.value) })
        else { throw TestFailure("an answer without Content-Length: \(head)") }
        let body = try read(length)
        return Answer(
            status: status, fields: fields, body: body, isComplete: body.count == length)
    }

    /// Sends a request with a body of known length and reads its answer.
    func ask(
        _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil
    ) throws -> Answer {
        try send(Request.bytes(method, target, fields, body: body))
        guard let answer = try answer(toHead: method == "HEAD") else {
            throw TestFailure("\(method) \(target): the connection ended without an answer")
        }
        return answer
    }
}

/// Requests as bytes.
enum Request {
    static func bytes(
        _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8]? = nil
    ) -> [UInt8] {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: vault"] + fields
        if let body { lines.append("Content-Length: \(body.count)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body ?? [])
    }

    /// `Content-Disposition` with a plain name.
    static func name(_ name: String) -> String {
        "Content-Disposition: attachment; filename=\"\(name)\""
    }
}
