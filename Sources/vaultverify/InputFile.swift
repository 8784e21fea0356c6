// The files that are checked: small, and read whole.

import Glibc
import VaultFormat

/// Why something does not hold, in words.
struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let error as FormatError: description = "it is not in its form (\(error.code))"
        default: description = "\(error)"
        }
    }
}

enum InputFile {
    /// - Throws: ``Refusal`` for what cannot be read, is too long, or is no UTF-8.
    static func text(_ path: String) throws -> String {
        guard let file = unsafe fopen(path, "re") else {
            throw Refusal("\(path) cannot be read")
        }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Limits.verifiedFileBytes + 1)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else { throw Refusal("\(path) cannot be read") }
        guard count <= Limits.verifiedFileBytes else { throw Refusal("\(path) is too long") }
        guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
            throw Refusal("\(path) is not text")
        }
        return text
    }
}
