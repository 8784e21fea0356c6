// An event as its sealed body tells it. Only such a body says what may be believed of a change: the columns
// beside it, and a body in clear, can be written without any key.

import Foundation
import VaultCrypto
import VaultFormat

/// What became of reading an event.
enum EventReading: Sendable {
    case opened(LoggedEvent)
    /// It was written while the vault was sealed, when nothing can be changed.
    case clear
    /// Its body is gone: a later event has to say so.
    case erased
    /// It does not open, is not what the tree holds, or is another than its columns say.
    case damaged

    init(_ row: EventRow, _ keyring: Keyring) {
        if row.content == .erased, row.image == nil {
            self = .erased
            return
        }
        guard let body = row.body(keyring), body.starts(with: row.head) else {
            self = .damaged
            return
        }
        guard case .sealed = row.content else {
            // What is told while the vault is sealed is of no image.
            self = row.image == nil ? .clear : .damaged
            return
        }
        guard let words = try? JSONDecoder().decode(LoggedEvent.Words.self, from: Data(body)),
            words.image == row.image?.hex
        else {
            self = .damaged
            return
        }
        self = .opened(LoggedEvent(row, words))
    }
}

struct LoggedEvent: Sendable {
    fileprivate struct Words: Decodable {
        var namespace: String?
        var image: String?
        var reference: String?
        var epoch: UInt32?
        var operation: String?
        var work: String?
        var approval: String?
        var backup: String?
        var escrow: String?
        var hold: String?
        var token: String?
        var item: String?
        var incident: String?
        var from: UInt64?
        var to: UInt64?
    }

    let index: UInt64
    let action: EventAction
    let isDone: Bool
    private let words: Words

    fileprivate init(_ row: EventRow, _ words: Words) {
        index = row.index
        action = row.action
        isDone = row.outcome == .done
        self.words = words
    }

    var namespace: NamespaceName? { words.namespace.flatMap { try? NamespaceName($0) } }
    var image: ImageID? { Self.id(words.image) }
    var reference: ReferenceID? { Self.id(words.reference) }
    var epoch: EpochNumber? { words.epoch.flatMap { try? EpochNumber($0) } }
    var operation: OperationID? { Self.id(words.operation) }
    var work: OperationKind? { words.work.flatMap { OperationKind(name: $0) } }
    var approval: ApprovalID? { Self.id(words.approval) }
    var backup: BackupID? { Self.id(words.backup) }
    var escrow: EscrowID? { Self.id(words.escrow) }
    var hold: HoldID? { Self.id(words.hold) }
    var token: AccessTokenID? { Self.id(words.token) }
    var item: DoctorItem? { words.item.flatMap { DoctorItem(rawValue: $0) } }
    var place: ImagePlace? { namespace.flatMap { name in image.map { ImagePlace(name, $0) } } }
    var incident: IncidentID? { Self.id(words.incident) }

    private static func id<ID: FixedBytes>(_ text: String?) -> ID? {
        text.flatMap { try? ID(hex: $0) }
    }

    /// Indexes of the log that it is about.
    var indexes: Range<UInt64>? {
        guard let from = words.from, let to = words.to, from <= to else { return nil }
        return from..<to
    }

    /// Whether it is about this image.
    func isOf(_ row: ImageRow) -> Bool { image == row.image && namespace == row.namespace }

    /// Something that is wrong by it. Copies and backups are of no namespace: theirs is the caller's.
    func finding(_ code: ErrorCode) -> CheckFinding {
        CheckFinding(
            namespace: image == nil && hold == nil ? nil : namespace, image: image, code: code,
            event: index)
    }
}

extension EventRow {
    /// The first fields of the body, which stand in columns too.
    fileprivate var head: [UInt8] {
        var line = JSONLine()
        line.add("index", index)
        line.add("at", Timestamp.text(microseconds: atMicroseconds))
        line.add("action", action.name)
        line.add("outcome", outcome.name)
        return line.finished.dropLast()
    }
}
