// Real tokens of a test's own, in software and in a directory that ends with its owner.

import Foundation

/// SoftHSM2 with one AES key that cannot be read out.
package final class SoftHSM: Sendable {
    package static let module = "/usr/lib/softhsm/libsofthsm2.so"
    package static let label = "test vault"
    package static let key = "kek"
    package static let pin = "4711-0815"

    /// Why no test can have one here; nil where it can.
    package static let missing: String? = {
        #if PKCS11
            let fits =
                FileManager.default.fileExists(atPath: module)
                && hasProgram("softhsm2-util") && hasProgram("pkcs11-tool")
            return fits ? nil : "softhsm2 or opensc is not installed"
        #else
            return "built without the package trait PKCS11"
        #endif
    }()

    private let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: tokens, withIntermediateDirectories: false)
        try """
        directories.tokendir = \(tokens)
        objectstore.backend = file
        log.level = ERROR
        """.write(toFile: directory.path("softhsm2.conf"), atomically: false, encoding: .utf8)
        try addToken()
        try makeKey()
    }

    private var tokens: String { directory.path("tokens") }

    /// What a module needs to find this token, as `NAME=value`.
    package var environment: [String] { ["SOFTHSM2_CONF=\(directory.path("softhsm2.conf"))"] }

    /// Makes a token of that name; there may be one already.
    package func addToken() throws {
        try Tool.run(
            "softhsm2-util",
            [
                "--init-token", "--free", "--label", Self.label, "--pin", Self.pin, "--so-pin",
                "5678-5678",
            ], environment)
    }

    package func makeKey(_ label: String = key) throws {
        try tool(["--keygen", "--key-type", "AES:32", "--label", label, "--sensitive"])
    }

    /// Puts an AES key there that the test knows.
    package func importKey(_ key: [UInt8], label: String) throws {
        let file = directory.path("key")
        try Data(key).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        try tool([
            "--write-object", file, "--type", "secrkey", "--key-type", "AES:32", "--usage-decrypt",
            "--label", label,
        ])
    }

    package func removeKey(_ label: String = key) throws {
        try tool(["--delete-object", "--type", "secrkey", "--label", label])
    }

    private func tool(_ arguments: [String]) throws {
        try Tool.run(
            "pkcs11-tool",
            ["--module", Self.module, "--token-label", Self.label, "--login", "--pin", Self.pin]
                + arguments, environment)
    }

    /// Pulls the token out, and plugs it in again.
    package func withoutToken<R>(_ body: () throws -> R) throws -> R {
        let aside = directory.path("aside")
        try FileManager.default.moveItem(atPath: tokens, toPath: aside)
        try FileManager.default.createDirectory(
            atPath: tokens, withIntermediateDirectories: false)
        defer {
            try? FileManager.default.removeItem(atPath: tokens)
            try? FileManager.default.moveItem(atPath: aside, toPath: tokens)
        }
        return try body()
    }
}
