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

    /// An event whose body is gone.
    package func line(erased index: UInt64) -> [UInt8] {
        let body = Array("{\"index\":\(index),\"unavailable\":\"erased\"}".utf8)
        guard let fields = try? EventFields(parsing: body) else { return [] }
        return line(fields, body: body[...])
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
        "reason", "unavailable",
    ]

    static func line(_ event: EventFields) -> [UInt8] {
        let cells = columns.map { event.word($0).map(cell) ?? "" }
        return Array((cells.joined(separator: ",") + "\r\n").utf8)
    }

    static func cell(_ text: String) -> String {
        let safe = text.first.map { "=+-@\t\r\n|%".contains($0) } == true ? "'" + text : text
        guard safe.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
            return safe
        }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}

/// The Elastic Common Schema 8.17: its names where it has one, the log's under `imagevault` where not.
enum ECSEvents {
    private static let names: [String: StaticString] = [
        "at": "@timestamp", "action": "event.action", "index": "event.sequence",
        "code": "event.code", "uid": "user.id", "gid": "group.id", "pid": "process.pid",
        "executable": "process.executable", "request_id": "http.request.id", "trace": "trace.id",
        "reason": "event.reason", "bytes": "http.response.body.bytes",
        "unit": "service.name",
    ]
    private static let own: [String: StaticString] = [
        "finding": "imagevault.finding", "door": "imagevault.door", "actor": "imagevault.actor",
        "client": "imagevault.client", "agent": "imagevault.agent",
        "namespace": "imagevault.namespace", "image": "imagevault.image",
        "reference": "imagevault.reference", "slot": "imagevault.slot",
        "generation": "imagevault.generation", "key_file": "imagevault.key_file",
        "note": "imagevault.note", "offset": "imagevault.offset", "verdict": "imagevault.verdict",
        "inspector": "imagevault.inspector", "flags": "imagevault.flags",
        "findings": "imagevault.findings", "policy": "imagevault.policy",
        "epoch": "imagevault.epoch", "begun_at": "imagevault.begun_at",
        "operation": "imagevault.operation", "work": "imagevault.work",
        "items": "imagevault.items", "found": "imagevault.found",
        "failures": "imagevault.failures", "approval": "imagevault.approval",
        "statement": "imagevault.statement", "backup": "imagevault.backup",
        "receipt": "imagevault.receipt", "level": "imagevault.level",
        "escrow": "imagevault.escrow", "hold": "imagevault.hold", "until": "imagevault.until",
        "from": "imagevault.from", "to": "imagevault.to", "filters": "imagevault.filters",
        "pseudonym": "imagevault.pseudonym", "unavailable": "imagevault.unavailable",
    ]

    static func line(_ event: EventFields) -> [UInt8] {
        var line = JSONLine()
        for (name, value) in event.fields {
            switch name {
            case "outcome":
                line.add("event.outcome", event.isSuccess ? "success" : "failure")
                line.add("imagevault.outcome", value.text)
            case "duration_us":
                guard let duration = event.number(name) else { continue }
                line.add("event.duration", duration.multipliedReportingOverflow(by: 1000).0)
            default:
                guard let name = names[name] ?? own[name] else { continue }
                add(
                    name, name == "user.id" || name == "group.id" ? .text(value.text) : value, &line
                )
            }
        }
        line.add("ecs.version", "8.17.0")
        line.add("event.kind", "event")
        line.add("event.module", "imagevault")
        return line.finished + [0x0A]
    }

    private static func add(
        _ name: StaticString, _ value: EventFields.Value, _ line: inout JSONLine
    ) {
        switch value {
        case .number(let number): line.add(name, number)
        case .text(let text): line.add(name, text)
        }
    }
}

extension StaticString {
    fileprivate static func == (one: StaticString, other: String) -> Bool {
        one.description == other
    }
}

/// ArcSight's Common Event Format, version 0.
enum CEFEvents {
    static func line(_ event: EventFields) -> [UInt8] {
        let action = event.text("action") ?? "log.unavailable"
        let severity =
            switch event.text("outcome") {
            case "done": 2
            case "refused": 5
            default: 8
            }
        let heading = ["ImageVault", "vaultd", "1", action, action, String(severity)]
            .map { $0.replacing("\\", with: "\\\\").replacing("|", with: "\\|") }
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
        return Array("CEF:0|\(heading.joined(separator: "|"))|\(words)\n".utf8)
    }

    private static let keys = [
        ("index", "externalId"), ("action", "act"), ("outcome", "outcome"), ("code", "reason"),
        ("uid", "suid"), ("pid", "spid"), ("executable", "sproc"), ("bytes", "out"),
        ("image", "fileId"), ("request_id", "requestContext"), ("reason", "msg"),
    ]
    private static let labels = ["door", "actor", "client", "namespace", "finding", "operation"]

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("=", with: "\\=")
            .replacing("\r", with: "\\r").replacing("\n", with: "\\n")
    }
}

/// The Open Cybersecurity Schema Framework 1.3, class API Activity (6003).
enum OCSFEvents {
    static func line(_ event: EventFields) -> [UInt8] {
        let activity = activity(event.text("action") ?? "")
        var object = JSONTree()
        object.add("category_uid", 6)
        object.add("class_uid", 6003)
        object.add("activity_id", activity)
        object.add("type_uid", 600_300 + activity)
        object.add("severity_id", event.isSuccess ? 1 : event.text("outcome") == "refused" ? 3 : 4)
        object.add("status_id", event.isSuccess ? 1 : 2)
        if let code = event.text("code") { object.add("status_code", code) }
        if let time = event.microseconds { object.add("time", UInt64(clamping: time / 1000)) }
        if let duration = event.number("duration_us") { object.add("duration", duration / 1000) }
        object.add("metadata") { metadata in
            metadata.add("version", "1.3.0")
            metadata.add("product") { product in
                product.add("name", "ImageVault")
                product.add("vendor_name", "ImageVault")
            }
            if let index = event.number("index") { metadata.add("sequence", index) }
            if let at = event.text("at") { metadata.add("original_time", at) }
        }
        object.add("api") { api in
            api.add("operation", event.text("action") ?? "unavailable")
            if let id = event.text("request_id") { api.add("request") { $0.add("uid", id) } }
        }
        object.add("actor") { actor in
            if let uid = event.word("uid") { actor.add("user") { $0.add("uid", uid) } }
            if let pid = event.number("pid") {
                actor.add("process") { process in
                    process.add("pid", pid)
                    if let path = event.text("executable") {
                        process.add("file") { $0.add("path", path) }
                    }
                }
            }
        }
        object.add("src_endpoint") { $0.add("name", event.text("door") ?? "vaultd") }
        let known: Set = [
            "index", "at", "action", "outcome", "code", "duration_us", "request_id", "uid", "pid",
            "executable", "door",
        ]
        object.add("unmapped") { unmapped in
            for (name, value) in event.fields where !known.contains(name) {
                switch value {
                case .number(let number): unmapped.add(name, number)
                case .text(let text): unmapped.add(name, text)
                }
            }
        }
        return object.finished + [0x0A]
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

    mutating func add(_ name: String, _ number: UInt64) { member(name, String(number)) }

    mutating func add(_ name: String, _ value: String) { member(name, Self.quoted(value)) }

    mutating func add(_ name: String, _ members: (inout JSONTree) -> Void) {
        var object = JSONTree()
        members(&object)
        member(name, "{\(object.text)}")
    }

    var finished: [UInt8] { Array("{\(text)}".utf8) }

    private mutating func member(_ name: String, _ value: String) {
        text += (text.isEmpty ? "" : ",") + Self.quoted(name) + ":" + value
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
            case "done": 6
            case "refused": 4
            default: 3
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
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("]", with: "\\]")
    }
}
