/// Why a backup, or what is done with one, does not go on: a sentence for a person.
struct BackupFailure: Error, CustomStringConvertible {
    let description: String
    var kind = ExitKind.other

    init(_ description: String, _ kind: ExitKind = .other) {
        self.description = description
        self.kind = kind
    }
}
