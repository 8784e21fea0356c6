// A column of the catalog, and values that no vault writes into it.

import Testing

/// A column, and values that are none of its own.
struct PlantedValue: Sendable, CustomTestStringConvertible {
    let table: String
    let column: String
    /// The value as SQL.
    let value: String

    var testDescription: String { "\(table).\(column) = \(value)" }

    /// Columns of 64-bit numbers, and the bounds that their types have.
    private static let numbers: [(table: String, column: String, outside: [String])] = [
        ("image", "type", ["0", "3", "256", "-1"]), ("image", "width", []),
        ("image", "height", []), ("image", "bytes", []),
        ("image", "level", ["0", "3", "300", "-1"]),
        ("image", "inspector", ["-1", "4294967296"]), ("image", "flags", ["-1", "65536"]),
        ("image", "created", []), ("image", "quarantined", []),
        ("operation", "kind", ["0", "99", "256", "-1"]), ("operation", "state", ["0", "7", "-1"]),
        ("operation", "creator", ["-1", "4294967296"]), ("operation", "created", []),
        ("operation", "cursor", []), ("operation", "last", []), ("operation", "updated", []),
        ("operation", "total", ["-1"]), ("operation", "done", ["-1"]),
        ("operation", "found", ["-1"]), ("operation", "failures", ["-1"]),
        ("operation", "changed", ["-1"]), ("image", "changed", ["-1"]),
        ("reference", "changed", ["-1"]),
        ("wrap", "epoch", ["0", "-1", "4294967296", "8589934592", "-9223372036854775808"]),
        ("event", "at", []),
        ("event", "action", ["0", "9", "256", "-1"]), ("event", "outcome", ["0", "4", "-1"]),
        ("event", "sealed", ["2", "-1"]), ("log", "size", ["-1", "0", "4"]),
        ("slot_proof", "proved", []), ("slot_proof", "changed", ["-1"]),
        ("backup", "created", []), ("backup", "expires", []),
        ("backup", "creator", ["-1", "4294967296"]), ("backup", "state", ["0", "5", "256", "-1"]),
        ("backup", "changed", ["-1"]), ("approval", "kind", ["0", "5", "256", "-1"]),
        ("approval", "state", ["0", "4", "-1"]), ("approval", "requester", ["-1", "4294967296"]),
        ("approval", "approver", ["4294967296"]), ("approval", "created", []),
        ("approval", "expires", []), ("approval", "changed", ["-1"]), ("answer", "created", []),
        ("answer", "event", ["-1"]), ("reference", "retention", []),
        ("receipt", "kind", ["0", "6", "256", "-1"]), ("receipt", "asked", []),
        ("receipt", "claims", ["-1"]), ("receipt", "images", ["-1"]), ("receipt", "bytes", ["-1"]),
        ("receipt", "left", ["-2"]),
        ("receipt", "epoch", ["-1", "4294967296"]), ("receipt", "event", []),
        ("receipt", "changed", ["-1"]), ("purge", "through", ["-1"]), ("purge", "at", []),
        ("purge", "changed", ["-1"]), ("escrow", "created", []),
        ("escrow", "creator", ["-1", "4294967296"]), ("escrow", "attester", ["-1", "4294967296"]),
        ("escrow", "attested", []), ("escrow", "changed", ["-1"]),
        ("hold", "kind", ["0", "5", "256", "-1"]), ("hold", "created", []),
        ("hold", "creator", ["-1", "4294967296"]), ("hold", "changed", ["-1"]),
        ("access_token", "previous_until", ["0"]), ("access_token", "created", []),
        ("access_token", "creator", ["-1", "4294967296"]), ("access_token", "expires", []),
        ("access_token", "changed", ["-1"]), ("ticket", "reads", ["-1", "4294967296"]),
        ("ticket", "expires", []), ("ticket", "changed", ["-1"]),
        ("attestation", "bytes", ["-1"]), ("attestation", "attester", ["-1", "4294967296"]),
        ("attestation", "made", []), ("attestation", "expires", []),
        ("attestation", "changed", ["-1"]),
        ("incident", "opened", []),
        ("incident", "creator", ["-1", "4294967296"]), ("incident", "closed", []),
        ("incident", "first", ["-1", "10"]), ("incident", "behind", ["-1", "2"]),
        ("incident", "bytes", []), ("incident", "records", []),
        ("incident", "grade", ["0", "5", "256", "-1"]), ("incident", "ends", []),
        ("incident", "setter", ["-1", "4294967296"]), ("incident", "changed", ["-1"]),
    ]

    /// Columns of bytes: whether their length is fixed.
    private static let bytes: [(table: String, column: String, isFixed: Bool)] = [
        ("image", "image", true), ("image", "blob", true), ("image", "mac", true),
        ("reference", "reference", true), ("reference", "body", false), ("reference", "mac", true),
        ("reference", "owner", true), ("reference", "job", true), ("wrap", "wrapped", false),
        ("operation", "operation", true), ("operation", "parameters", false),
        ("operation", "mac", true), ("event", "digest", true), ("event", "content", false),
        ("log", "frontier", true), ("slot_proof", "mac", true), ("backup", "backup", true),
        ("backup", "epochs", false), ("backup", "mac", true), ("approval", "subject", true),
        ("approval", "mac", true), ("finding", "image", true), ("answer", "principal", true),
        ("answer", "sealed", false), ("name", "sealed", false), ("receipt", "image", true),
        ("receipt", "operation", true), ("receipt", "mac", true), ("purge", "mac", true),
        ("escrow", "epochs", false), ("escrow", "mac", true), ("hold", "subject", true),
        ("hold", "mac", true), ("access_token", "token", true), ("access_token", "previous", true),
        ("access_token", "mac", true), ("ticket", "digest", true), ("ticket", "image", true),
        ("ticket", "owner", true), ("ticket", "job", true), ("ticket", "mac", true),
        ("attestation", "evidence", true), ("attestation", "mac", true),
        ("incident", "incident", true), ("incident", "actor", true), ("incident", "digest", true),
        ("incident", "mac", true),
    ]

    /// Words, and lists of numbers.
    private static let words: [(table: String, column: String, values: [String])] = [
        (
            "image", "findings",
            [
                "NULL", "x'ff'", "'nonsense'", "'trailer-data@'", "'trailer-data@-1'", "'@5'",
                "'trailer-data@1@2'", "'trailer-data@99999999999999999999'",
            ]
        ),
        ("operation", "failure", ["NULL", "17", "x'ff'", "'nonsense'"]),
        ("operation", "parameters", ["zeroblob(256)"]),
        ("statement", "note", ["NULL"]),
        // No whole number, no epoch, and more of them than a keyring has.
        ("backup", "epochs", ["x'0000'", "zeroblob(4)", "zeroblob(16388)"]),
        ("backup", "note", ["NULL", "x'ff'", "char(10)", "printf('%201d', 1)"]),
        ("approval", "namespace", ["NULL", "''", "'No name'", "x'ff'"]),
        ("finding", "namespace", ["NULL", "''", "'No name'", "x'ff'"]),
        ("finding", "code", ["NULL", "17", "x'ff'", "'nonsense'"]),
        ("finding", "finding", ["NULL", "x'ff'", "'nonsense'", "'trailer-data@'"]),
        ("receipt", "namespace", ["NULL", "'No name'", "x'ff'"]),
        ("hold", "namespace", ["NULL", "''", "'No name'", "x'ff'"]),
        ("hold", "note", ["NULL", "x'ff'", "char(10)"]),
        ("escrow", "note", ["NULL", "x'ff'", "char(10)"]),
        ("access_token", "principal", ["NULL", "''", "'No name'", "x'ff'"]),
        ("access_token", "scopes", ["NULL", "'moon'", "' '", "x'ff'"]),
        ("access_token", "note", ["NULL", "x'ff'", "char(10)"]),
        ("attestation", "item", ["'nonsense'", "'swap '"]),
        ("ticket", "namespace", ["NULL", "''", "'No name'", "x'ff'"]),
        ("ticket", "principal", ["NULL", "''", "'No name'", "x'ff'"]),
        ("incident", "cause", ["NULL", "''", "'moon'"]),
        ("incident", "principal", ["NULL", "'No name'", "x'ff'"]),
        ("incident", "note", ["NULL", "x'ff'", "char(10)"]),
        ("escrow", "epochs", ["x'0000'", "zeroblob(4)", "zeroblob(16388)"]),
        // Without a row's number SQLite itself refuses NULL.
        ("slot_proof", "slot", ["17", "x'00'", "'text'", "zeroblob(63)"]),
        ("pseudonym", "pseudonym", ["17", "x'00'", "'text'", "zeroblob(63)"]),
        // Most events are about no image: NULL is theirs.
        ("event", "image", ["17", "x''", "x'00'", "'text'", "zeroblob(64)"]),
        ("image", "wrap", ["NULL", "'text'", "99"]),
        ("pseudonym", "name", ["NULL", "'text'", "99"]),
        ("reference", "wrap", ["NULL", "'text'", "99"]),
    ]

    static let all: [PlantedValue] =
        numbers.flatMap { table, column, outside in
            (["NULL", "'text'", "x'01'", "x''"] + outside).map {
                PlantedValue(table: table, column: column, value: $0)
            }
        }
        + bytes.flatMap { table, column, isFixed in
            let wrong =
                ["NULL", "17", "1.5"] + (isFixed ? ["x'00'", "'text'", "zeroblob(63)"] : [])
            return wrong.map { PlantedValue(table: table, column: column, value: $0) }
        }
        + words.flatMap { table, column, values in
            values.map { PlantedValue(table: table, column: column, value: $0) }
        }
}
