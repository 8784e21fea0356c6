// A key file as a credential: a directory as systemd makes it, read-only and named by the environment.

import Foundation
import Glibc
import Testing

@Suite("A credential")
struct CredentialTests {
    private static let setting = "keys.root_key_credential=root.key"

    @Test("opens the vault as the key file that it holds")
    func opens() throws {
        let (vault, id, image) = try Self.vault()
        let directory = try Self.credentials(of: vault, name: "root.key")
        try Self.configure(vault)
        try vault.start(environment: ["CREDENTIALS_DIRECTORY": directory])
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("that is not there leaves the vault sealed")
    func missing() throws {
        let (vault, id, _) = try Self.vault()
        let directory = try Self.credentials(of: vault, name: "another")
        try Self.configure(vault)
        try vault.start(environment: ["CREDENTIALS_DIRECTORY": directory])
        #expect(try vault.get(id).code == "sealed")
        #expect(vault.journal.contains("reason=missing") || vault.journal.contains("No such file"))
    }

    @Test("is a name and nothing else, needs a service manager, and excludes the key file")
    func settings() throws {
        let (vault, _, _) = try Self.vault()
        let directory = try Self.credentials(of: vault, name: "root.key")
        let both = try vault.refusalToStart(
            arguments: ["--set", Self.setting], environment: ["CREDENTIALS_DIRECTORY": directory])
        #expect(both.contains("two ways to one key"))
        try Self.configure(vault)
        #expect(try vault.refusalToStart().contains("CREDENTIALS_DIRECTORY"))
        for name in ["../root.key", "/root.key", "..", "a/b"] {
            let refusal = try vault.refusalToStart(
                arguments: ["--set", "keys.root_key_credential=\(name)"],
                environment: ["CREDENTIALS_DIRECTORY": directory])
            #expect(refusal.contains("not a path"), "\(name)")
        }
    }

    /// A stopped vault with one image.
    private static func vault() throws -> (TestVault, id: String, [UInt8]) {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try vault.stop()
        return (vault, id, image)
    }

    /// Moves the key file to where systemd puts a credential: mode 0400 in a directory of mode 0500.
    private static func credentials(of vault: TestVault, name: String) throws -> String {
        let directory = vault.folder.path("credentials")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        try Disk.write(Disk.read(vault.rootKey), to: "\(directory)/\(name)")
        for (path, mode) in [("\(directory)/\(name)", 0o400), (directory, 0o500)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        return directory
    }

    /// Lets the configuration name the credential in place of the file.
    private static func configure(_ vault: TestVault) throws {
        let text = String(decoding: try Disk.read(vault.configuration), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.contains("root_key_file") ? "  root_key_credential: root.key" : String(line)
        }
        try Disk.write(lines.joined(separator: "\n"), to: vault.configuration)
        try Disk.remove(vault.rootKey)
    }
}
