// The log in the words of other systems.

package import VaultFormat

/// How an export spells events. None but the bundle proves anything.
package enum ExportFormat: String, Sendable, CaseIterable {
    case bundle, jsonl, csv, cef, ocsf, syslog

    /// What stands before the first event.
    package var firstLine: String? {
        self == .csv ? CSVEvents.columns.joined(separator: ",") + "\r\n" : nil
    }

    /// An event with the end of its line.
    package func line(_ event: EventFields, body: ArraySlice<UInt8>) -> [UInt8] {
        switch self {
        case .bundle: []
        case .jsonl: ECSEvents.line(event)
        case .csv: CSVEvents.line(event)
        case .cef: CEFEvents.line(event)
        case .ocsf: OCSFEvents.line(event)
        case .syslog: SyslogEvents.line(event, body: body)
        }
    }

    /// An event whose body is gone, or does not open.
    package func line(withoutBody index: UInt64) -> [UInt8] {
        var body = JSONLine()
        body.add("index", index)
        body.add("unavailable", "no-body")
        let event = EventFields([("index", .number(index)), ("unavailable", .text("no-body"))])
        return line(event, body: body.finished[...])
    }
}

extension EventFields.Value {
    /// As it stands in text.
    var text: String {
        switch self {
        case .number(let number): String(number)
        case .text(let text): text
        }
    }
}

extension EventFields {
    /// A field's value as text.
    func word(_ name: String) -> String? { self[name]?.text }

    /// Microseconds since 1970.
    var microseconds: Int64? { text("at").flatMap(Timestamp.microseconds) }

    /// Whether it ended as its caller wanted.
    var isSuccess: Bool { text("outcome") == "done" }
}

/// RFC 4180, with the log's own names. A cell that a spreadsheet would take for a formula stands behind an
/// apostrophe.
enum CSVEvents {
    static let columns = [
        "index", "at", "action", "outcome", "code", "finding", "door", "uid", "gid", "pid",
        "executable", "unit", "request_id", "actor", "client", "agent", "trace", "namespace",
        "image", "reference", "slot", "generation", "key_file", "note", "bytes", "offset",
        "duration_us", "verdict", "inspector", "flags", "findings", "policy", "epoch", "begun_at",
        "operation", "work", "items", "found", "failures", "approval", "statement", "backup",
        "receipt", "level", "escrow", "hold", "until", "from", "to", "filters", "pseudonym",
        "reason", "principal", "limit", "count", "endpoint", "decision", "locked", "token",
        "ticket", "scopes", "item", "rule", "incident", "grade", "alert", "unavailable",
    ]

    static func line(_ event: EventFields) -> [UInt8] {
        let cells = columns.map { event.word($0).map(cell) ?? "" }
        return Array((cells.joined(separator: ",") + "\r\n").utf8)
    }

    /// What a spreadsheet takes for the beginning of a formula.
    private static let formulas: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "|", "%", "\t", "\r", "\n",
    ]
    private static let quotedOnes: Set<Unicode.Scalar> = [",", "\"", "\r", "\n"]

    static func cell(_ text: String) -> String {
        var safe = text
        if let first = text.unicodeScalars.first, formulas.contains(first) { safe = "'\(text)" }
        guard safe.unicodeScalars.contains(where: { quotedOnes.contains($0) }) else { return safe }
        let quotes = safe.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"\(quotes.joined(separator: "\"\""))\""
    }
}

/// The Elastic Common Schema 8.17: its names where it has one, the log's under `imagevault` where not.
enum ECSEvents {
    private static func name(_ field: String) -> String {
        switch field {
        case "at": "@timestamp"
        case "action": "event.action"
        case "index": "event.sequence"
        case "code": "event.code"
        case "reason": "event.reason"
        case "uid": "user.id"
        case "gid": "group.id"
        case "pid": "process.pid"
        case "executable": "process.executable"
        case "unit": "service.name"
        case "request_id": "http.request.id"
        case "trace": "trace.id"
        case "bytes": "http.response.body.bytes"
        default: "imagevault.\(field)"
        }
    }

    static func line(_ event: EventFields) -> [UInt8] {
        var object = JSONTree()
        for (field, value) in event.fields {
            switch (field, value) {
            case ("outcome", _):
                object.add("event.outcome", text: event.isSuccess ? "success" : "failure")
                object.add("imagevault.outcome", text: value.text)
            case ("duration_us", .number(let microseconds)):
                let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 1000)
                object.add("event.duration", number: overflows ? .max : nanoseconds)
            // Keywords, though they are numbers here.
            case ("uid", _), ("gid", _): object.add(name(field), text: value.text)
            case (_, .number(let number)): object.add(name(field), number: number)
            case (_, .text(let text)): object.add(name(field), text: text)
            }
        }
        object.add("ecs.version", text: "8.17.0")
        object.add("event.kind", text: "event")
        object.add("event.module", text: "imagevault")
        return object.finished + [0x0A]
    }
}

/// ArcSight's Common Event Format, version 0.
enum CEFEvents {
    static func line(_ event: EventFields) -> [UInt8] {
        let action = event.text("action") ?? "log.unavailable"
        let severity =
            switch event.text("outcome") {
            case "refused": 5
            case "failed": 8
            default: 2
            }
        let name = Escaping.text(action, before: ["\\", "|"])
        let heading = "CEF:0|ImageVault|vaultd|1|\(name)|\(name)|\(severity)|"
        var pairs: [(String, String)] = []
        if let time = event.microseconds { pairs.append(("rt", String(time / 1000))) }
        for (name, key) in keys {
            if let word = event.word(name) { pairs.append((key, word)) }
        }
        for (number, name) in labels.enumerated() {
            guard let word = event.word(name) else { continue }
            pairs.append(("cs\(number + 1)Label", name))
            pairs.append(("cs\(number + 1)", word))
        }
        let words = pairs.map { "\($0)=\(escaped($1))" }.joined(separator: " ")
        return Array("\(heading)\(words)\n".utf8)
    }

    private static let keys = [
        ("index", "externalId"), ("action", "act"), ("outcome", "outcome"), ("code", "reason"),
        ("uid", "suid"), ("pid", "spid"), ("executable", "sproc"), ("bytes", "out"),
        ("image", "fileId"), ("request_id", "requestContext"), ("reason", "msg"),
    ]
    private static let labels = ["door", "actor", "client", "namespace", "finding", "operation"]

    private static func escaped(_ text: String) -> String {
        Escaping.text(text, before: ["\\", "="], lineEnds: true)
    }
}

/// The Open Cybersecurity Schema Framework 1.3, class API Activity (6003).
enum OCSFEvents {
    static func line(_ event: EventFields) -> [UInt8] {
        let activity = activity(event.text("action") ?? "")
        var object = JSONTree()
        object.add("category_uid", number: 6)
        object.add("class_uid", number: 6003)
        object.add("activity_id", number: activity)
        object.add("type_uid", number: 600_300 + activity)
        object.add("severity_id", number: severity(event.text("outcome")))
        object.add("status_id", number: status(event.text("outcome")))
        if let code = event.text("code") { object.add("status_code", text: code) }
        if let time = event.microseconds {
            object.add("time", number: UInt64(clamping: time / 1000))
        }
        if let duration = event.number("duration_us") {
            object.add("duration", number: duration / 1000)
        }
        object.add("metadata", object: metadata(event))
        object.add("api", object: api(event))
        object.add("actor", object: actor(event))
        var endpoint = JSONTree()
        endpoint.add("name", text: event.text("door") ?? "vaultd")
        object.add("src_endpoint", object: endpoint)
        object.add("unmapped", object: unmapped(event))
        return object.finished + [0x0A]
    }

    /// Informational, medium, high, unknown.
    private static func severity(_ outcome: String?) -> UInt64 {
        switch outcome {
        case "done": 1
        case "refused": 3
        case "failed": 4
        default: 0
        }
    }

    /// Success, failure, unknown.
    private static func status(_ outcome: String?) -> UInt64 {
        switch outcome {
        case "done": 1
        case nil: 0
        default: 2
        }
    }

    private static func metadata(_ event: EventFields) -> JSONTree {
        var product = JSONTree()
        product.add("name", text: "ImageVault")
        product.add("vendor_name", text: "ImageVault")
        var metadata = JSONTree()
        metadata.add("version", text: "1.3.0")
        metadata.add("product", object: product)
        if let index = event.number("index") { metadata.add("sequence", number: index) }
        if let at = event.text("at") { metadata.add("original_time", text: at) }
        return metadata
    }

    private static func api(_ event: EventFields) -> JSONTree {
        var api = JSONTree()
        api.add("operation", text: event.text("action") ?? "unavailable")
        if let id = event.text("request_id") {
            var request = JSONTree()
            request.add("uid", text: id)
            api.add("request", object: request)
        }
        return api
    }

    private static func actor(_ event: EventFields) -> JSONTree {
        var actor = JSONTree()
        if let uid = event.word("uid") {
            var user = JSONTree()
            user.add("uid", text: uid)
            actor.add("user", object: user)
        }
        guard let pid = event.number("pid") else { return actor }
        var process = JSONTree()
        process.add("pid", number: pid)
        if let path = event.text("executable") {
            var file = JSONTree()
            file.add("path", text: path)
            process.add("file", object: file)
        }
        actor.add("process", object: process)
        return actor
    }

    private static let known: Set<String> = [
        "index", "at", "action", "outcome", "code", "duration_us", "request_id", "uid", "pid",
        "executable", "door",
    ]

    private static func unmapped(_ event: EventFields) -> JSONTree {
        var unmapped = JSONTree()
        for (name, value) in event.fields where !known.contains(name) {
            switch value {
            case .number(let number): unmapped.add(name, number: number)
            case .text(let text): unmapped.add(name, text: text)
            }
        }
        return unmapped
    }

    /// Create, read, update, delete, or other.
    private static func activity(_ action: String) -> UInt64 {
        switch action.split(separator: ".").last {
        case "put", "registered", "placed", "added", "created", "started": 1
        case "begun", "ended", "read", "list", "probe", "unchanged", "exported", "resolved": 2
        case "rotated", "set", "promoted", "attested", "approved", "quarantined", "released": 3
        case "delete", "erased", "removed", "destroyed", "expired": 4
        default: 99
        }
    }
}

/// A JSON object with objects in it, written in order.
private struct JSONTree {
    private var text = ""

    mutating func add(_ name: String, number: UInt64) { member(name, String(number)) }

    mutating func add(_ name: String, text: String) { member(name, Self.quoted(text)) }

    mutating func add(_ name: String, object: JSONTree) { member(name, "{\(object.text)}") }

    var finished: [UInt8] { Array("{\(text)}".utf8) }

    private mutating func member(_ name: String, _ value: String) {
        if !text.isEmpty { text += "," }
        text += "\(Self.quoted(name)):\(value)"
    }

    private static func quoted(_ value: String) -> String { JSONLine.quoted(value) }
}

/// RFC 5424: the event's body is the message; the element `imagevault` has what collectors sort by, under the number
/// that RFC 5612 keeps for examples, for this project has none.
enum SyslogEvents {
    private static let audit = 13
    static let element = "imagevault@32473"

    static func line(_ event: EventFields, body: ArraySlice<UInt8>) -> [UInt8] {
        let severity =
            switch event.text("outcome") {
            case "refused": 4
            case "failed": 3
            default: 6
            }
        let data = ["index", "outcome", "code", "image", "uid"].compactMap { name in
            event.word(name).map { " \(name)=\"\(escaped($0))\"" }
        }
        let heading = [
            "<\(audit * 8 + severity)>1", event.text("at") ?? "-", "-", "vaultd", "-",
            event.text("action") ?? "-", "[\(element)\(data.joined())]",
        ]
        return Array((heading.joined(separator: " ") + " ").utf8) + body + [0x0A]
    }

    private static func escaped(_ text: String) -> String {
        Escaping.text(text, before: ["\\", "\"", "]"])
    }
}

enum Escaping {
    /// The text with a sign before each of some characters. Characters that control something are spaces, but for
    /// line ends where they have a spelling.
    static func text(
        _ text: String, before characters: Set<Unicode.Scalar>, by sign: Unicode.Scalar = "\\",
        lineEnds: Bool = false
    ) -> String {
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where lineEnds: view.append(contentsOf: "\\n".unicodeScalars)
            case "\r" where lineEnds: view.append(contentsOf: "\\r".unicodeScalars)
            case _ where scalar.properties.generalCategory == .control: view.append(" ")
            default:
                if characters.contains(scalar) { view.append(sign) }
                view.append(scalar)
            }
        }
        return String(view)
    }
}
