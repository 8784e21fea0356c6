import Crypto
import Foundation
import Testing

@Suite("vaultd init")
struct InitTests {
    @Test("prints the fingerprint of the key in audit.pub")
    func fingerprint() throws {
        let vault = try TestVault(starting: false)
        let key = try AuditKey(file: vault.publicKey)
        let digest = SHA256.hash(data: key.publicKey.rawRepresentation)
        let hex = digest.map { String(format: "%02x", $0) }.joined()
        #expect(vault.initWords.contains("fingerprint  \(hex)\n"))
    }

    @Test("refuses to overwrite a vault, and changes nothing")
    func overwriting() throws {
        let vault = try TestVault(starting: false)
        let before = try Self.contents(vault)
        let again = try run(Machine.program("vaultd"), ["init", "--config", vault.configuration])
        #expect(again.ending != .exited(0))
        #expect(again.errors.contains("already"))
        #expect(try Self.contents(vault) == before)
    }

    @Test("leaves the public key of another vault alone, names it, and makes nothing")
    func foreignPublicKey() throws {
        let vault = try TestVault(starting: false)
        let key = try Disk.read(vault.publicKey)
        try Disk.remove(vault.state)
        let again = try run(
            Machine.program("vaultd"), ["init", "--config", vault.configuration])
        #expect(again.ending != .exited(0))
        #expect(again.errors.contains(vault.publicKey))
        #expect(try Disk.read(vault.publicKey) == key)
        #expect(!Disk.exists(vault.state))
    }

    @Test("refuses a state directory that holds something else")
    func strangers() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove("\(vault.state)/keyring")
        let again = try run(Machine.program("vaultd"), ["init", "--config", vault.configuration])
        #expect(again.ending != .exited(0))
        #expect(Disk.exists(vault.catalog))
    }

    @Test("makes key files that only their owner can read")
    func keyModes() throws {
        let vault = try TestVault(starting: false)
        let files = [
            vault.rootKey, vault.logKey, "\(vault.state)/keyring", "\(vault.state)/log-key",
        ]
        for file in files { #expect(try Disk.mode(file) == 0o600, "\(file)") }
    }

    @Test("makes directories that only their owner can enter")
    func directoryModes() throws {
        let vault = try TestVault(starting: false)
        for directory in Disk.directories(below: vault.state) + [vault.folder.path("keys")] {
            #expect(try Disk.mode(directory) == 0o700, "\(directory)")
        }
    }

    @Test("leaves every file of the state to its owner alone, also after serving")
    func fileModes() throws {
        let vault = try TestVault()
        _ = try vault.store(Sample.jpeg())
        for file in Disk.files(below: vault.state) {
            #expect(try Disk.mode(file) & 0o077 == 0, "\(file)")
        }
    }

    @Test("gives each vault keys of its own")
    func ownKeys() throws {
        let one = try TestVault(starting: false)
        let other = try TestVault(starting: false)
        #expect(try Disk.read(one.rootKey) != Disk.read(other.rootKey))
        #expect(try Disk.read(one.publicKey) != Disk.read(other.publicKey))
    }

    private static func contents(_ vault: TestVault) throws -> [String: [UInt8]] {
        let files =
            Disk.files(below: vault.state) + Disk.files(below: vault.folder.path("keys"))
            + [vault.publicKey]
        return try Dictionary(
            uniqueKeysWithValues: files.map { ($0, try Disk.read($0)) })
    }
}
