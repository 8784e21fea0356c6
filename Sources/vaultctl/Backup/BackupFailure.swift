// Why a backup command fails, and how it is told.

import ArgumentParser

/// Why a backup, or what is done with one, does not go on: a sentence for a person.
struct BackupFailure: Error, CustomStringConvertible {
    let description: String
    var kind = ExitKind.other

    init(_ description: String, _ kind: ExitKind = .other) {
        self.description = description
        self.kind = kind
    }

    /// Tells it on standard error.
    ///
    /// - Returns: how the process ends.
    func told() -> ExitCode {
        Output.note("vaultctl: \(self)")
        return ExitCode(kind.rawValue)
    }
}
