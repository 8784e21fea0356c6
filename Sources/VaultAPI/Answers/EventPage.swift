// `GET /v1/events`: one page of the log.
//
// Bodies are what the log's leaves commit to, so they pass through byte by byte: the writer splices
// them, and the reader keeps every member, whether it knows it or not.

/// What stands in a page for one index of the log.
package enum EventSlot: Hashable, Sendable {
    /// The body: one flat JSON object in ASCII, as ``VaultFormat/Event/body(index:)`` wrote it.
    case body([UInt8])
    /// A body that is gone, or not readable now.
    case unavailable(index: UInt64, EventAbsence)
}

/// Why a body is missing.
package enum EventAbsence: String, Sendable, CaseIterable {
    /// The vault is sealed.
    case sealed
    /// Salt and body were erased; the leaf's hash and every proof remain.
    case erased
    /// It does not match its leaf.
    case damaged
}

package enum EventPageWriter {
    /// The answer's body: `next` is to be sent as `after` for what follows, nil when nothing
    /// follows yet; `size` counts the events in the log.
    package static func encode(_ slots: [EventSlot], next: UInt64?, size: UInt64) -> [UInt8] {
        var bytes = Array("{\"events\":[".utf8)
        bytes.reserveCapacity(slots.count * 384 + 64)
        for (position, slot) in slots.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            switch slot {
            case .body(let body): bytes.append(contentsOf: body)
            case .unavailable(let index, let absence):
                bytes.append(
                    contentsOf: "{\"index\":\(index),\"unavailable\":\"\(absence.rawValue)\"}".utf8)
            }
        }
        bytes.append(contentsOf: "],\"next\":\(next.map(String.init) ?? "null")".utf8)
        bytes.append(contentsOf: ",\"size\":\(size)}".utf8)
        return bytes
    }
}

/// One page as its reader sees it.
package struct EventPage: Codable, Hashable, Sendable {
    package var events: [LoggedEvent]
    @Nullable package var next: UInt64?
    package var size: UInt64
}

/// An event as a flat object whose members may be newer than this program.
package struct LoggedEvent: Codable, Hashable, Sendable {
    package var members: [String: FlatValue]

    package init(from decoder: any Decoder) throws {
        members = try decoder.singleValueContainer().decode([String: FlatValue].self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(members)
    }

    package var index: UInt64? { number("index") }

    package func text(_ member: String) -> String? {
        guard case .text(let text) = members[member] else { return nil }
        return text
    }

    package func number(_ member: String) -> UInt64? {
        guard case .number(let number) = members[member] else { return nil }
        return number
    }
}

/// A member's value: events hold nothing deeper.
package enum FlatValue: Codable, Hashable, Sendable {
    case number(UInt64)
    case text(String)

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }
}
