// One event as one line: what most readers look for first, the rest in its log's words.

import VaultAPI

enum EventLine {
    /// - Returns: the index of the page's last event.
    @discardableResult
    static func show(_ page: EventPage, json: Bool) -> UInt64? {
        for event in page.events {
            if json {
                Output.json(event)
            } else {
                Output.line(text(event))
            }
        }
        return page.events.last?.index
    }

    static func text(_ event: LoggedEvent) -> String {
        let index = event.index.map { "#\($0)" } ?? "#?"
        if let absence = event.text("unavailable") {
            return TerminalText.field("\(index)  (no body: \(absence))")
        }
        var parts = [
            event.text("at").map(Units.moment) ?? "-", index, event.text("action") ?? "-",
            event.text("outcome") ?? "-",
        ]
        for member in ["code", "finding"] { event.text(member).map { parts.append($0) } }
        if let user = event.number("uid") {
            parts.append("uid \(user)" + (event.text("door").map { " at \($0)" } ?? ""))
        }
        if let image = event.text("image") { parts.append("image \(image.prefix(12))…") }
        if let bytes = event.number("bytes") { parts.append(Units.bytes(Int(clamping: bytes))) }
        if let duration = event.number("duration_us") { parts.append(milliseconds(duration)) }
        if let request = event.text("request_id") { parts.append("request \(request)") }
        return TerminalText.field(parts.joined(separator: "  "))
    }

    /// Microseconds as milliseconds with one digit after the point.
    private static func milliseconds(_ microseconds: UInt64) -> String {
        "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
    }
}
