/// What one key of a key file is for: the directory that stands in clear beside the sealed keys.
/// KeyringFormat §4.
package struct KeyEntry: Hashable, Sendable {
    package enum Purpose: UInt8, Sendable, CaseIterable {
        case index = 1
        case rowMAC = 2
        case token = 3
        case eventBody = 4
        case cases = 5
        /// A wrapping key; `number` is its epoch, `state` its ``EpochState``.
        case epoch = 6
        /// The naming key of the namespace called `name`.
        case naming = 7
        /// The seed of the log's Ed25519 key; `number` counts its rotations from 1.
        case logSigning = 8
    }

    package let purpose: Purpose
    package let number: UInt32
    package let state: UInt8
    package let createdMicroseconds: Int64
    package let name: String

    package init(
        purpose: Purpose, number: UInt32 = 0, state: UInt8 = 0, createdMicroseconds: Int64,
        name: String = ""
    ) {
        self.purpose = purpose
        self.number = number
        self.state = state
        self.createdMicroseconds = createdMicroseconds
        self.name = name
    }
}

/// The life of a wrapping key. Exactly one is primary.
package enum EpochState: UInt8, Sendable, CaseIterable {
    case pending = 1
    case primary = 2
    case readable = 3
    case destroyed = 4

    package var name: String {
        switch self {
        case .pending: "pending"
        case .primary: "primary"
        case .readable: "readable"
        case .destroyed: "destroyed"
        }
    }
}

extension KeyEntry {
    func write(to writer: inout ByteWriter) {
        writer.append(purpose.rawValue)
        writer.append(number)
        writer.append(state)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.appendShort(Array(name.utf8))
    }

    init(reading reader: inout ByteReader) throws(FormatError) {
        guard let purpose = Purpose(rawValue: try reader.read()) else {
            throw .unknownValue(field: "key purpose")
        }
        self.purpose = purpose
        number = try reader.read()
        state = try reader.read()
        createdMicroseconds = Int64(bitPattern: try reader.read())
        name = String(decoding: try reader.readShort(), as: UTF8.self)
        guard purpose == .epoch ? EpochState(rawValue: state) != nil : state == 0 else {
            throw .outOfRange(field: "key state")
        }
        switch purpose {
        case .epoch, .logSigning: guard number > 0 else { throw .outOfRange(field: "key number") }
        default: guard number == 0 else { throw .outOfRange(field: "key number") }
        }
        if purpose == .naming {
            _ = try NamespaceName(name)
        } else {
            guard name.isEmpty else { throw .notCanonical(field: "key name") }
        }
    }

    /// Whether the other entry is of the same key, in whatever state.
    package func isOfSameKey(_ other: Self) -> Bool {
        (purpose, number, name) == (other.purpose, other.number, other.name)
    }

    package var isDestroyed: Bool {
        purpose == .epoch && state == EpochState.destroyed.rawValue
    }

    /// The entry of the same epoch in another state.
    package func epoch(in state: EpochState) -> KeyEntry {
        KeyEntry(
            purpose: purpose, number: number, state: state.rawValue,
            createdMicroseconds: createdMicroseconds, name: name)
    }

    /// The one order of entries: purpose, then number, then name.
    package func precedes(_ other: Self) -> Bool {
        (purpose.rawValue, number, name) < (other.purpose.rawValue, other.number, other.name)
    }
}
