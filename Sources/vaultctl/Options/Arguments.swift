// The vault's words as arguments: parsed here, so that a typing error never reaches the vault.

import ArgumentParser
import VaultAPI
import VaultFormat

extension FixedBytes {
    /// In hexadecimal.
    package init?(argument: String) {
        try? self.init(hex: argument)
    }
}

extension ImageID: ExpressibleByArgument {}
extension SlotID: ExpressibleByArgument {}
extension OperationID: ExpressibleByArgument {}
extension ApprovalID: ExpressibleByArgument {}
extension Digest256: ExpressibleByArgument {}
extension BackupID: ExpressibleByArgument {}
extension ReceiptID: ExpressibleByArgument {}
extension EscrowID: ExpressibleByArgument {}
extension HoldID: ExpressibleByArgument {}
extension AccessTokenID: ExpressibleByArgument {}
extension TicketID: ExpressibleByArgument {}
extension IncidentID: ExpressibleByArgument {}

extension PrincipalName: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension VerbName: ExpressibleByArgument {}

extension JobID: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension OwnerID: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension FileName: ExpressibleByArgument {
    /// Only what is stored as it stands.
    package init?(argument: String) {
        guard let name = try? Self(argument), name.text == argument else { return nil }
        self = name
    }
}

extension SlotLabel: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension Door: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(wireText: argument)
    }

    package static var allValueStrings: [String] { allCases.map(\.name) }
}

extension InspectionLevel: ExpressibleByArgument {
    package init?(argument: String) { self.init(name: argument) }
    package static var allValueStrings: [String] { allCases.map(\.name) }
}

extension InspectionPolicy.Trailer: ExpressibleByArgument {}
extension InspectionPolicy.Metadata: ExpressibleByArgument {}

extension UTCTime: ExpressibleByArgument {
    /// With six digits of a second, or with none.
    package init?(argument: String) {
        let text =
            argument.utf8.count == 20 && argument.hasSuffix("Z")
            ? argument.dropLast() + ".000000Z" : argument
        guard let time = try? UTCTime(wireText: text), time.microseconds != nil else { return nil }
        self = time
    }
}

extension ErasureLevel: ExpressibleByArgument {
    package init?(argument: String) {
        guard let number = UInt8(argument), String(number) == argument else { return nil }
        self.init(rawValue: number)
    }

    package static var allValueStrings: [String] { allCases.map { String($0.rawValue) } }
}

extension NamespaceName: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension AdminNote: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}

extension EpochNumber: ExpressibleByArgument {
    package init?(argument: String) {
        guard let number = UInt32(argument), let epoch = try? EpochNumber(number) else {
            return nil
        }
        self = epoch
    }
}

extension IdempotencyKey: ExpressibleByArgument {
    package init?(argument: String) {
        try? self.init(argument)
    }
}
