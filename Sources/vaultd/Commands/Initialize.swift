// `vaultd init`: a new vault, whole or not at all: it is made beside its place and then takes it.

import ArgumentParser
import Foundation
import Glibc
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage

struct Initialize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a new vault: keyring, log key, catalog. Refuses to overwrite one.",
        discussion: """
            EXAMPLE
              vaultd init --config /etc/imagevault/vaultd.yaml

            Key files that are not there yet are made, readable by this user only. Keep copies of them
            away from this machine: without one of them nothing that is stored can be read again.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let settings = try await options.load()
        try Hardening.apply()
        let place = settings.stateDirectory
        guard !FileManager.default.fileExists(atPath: place + "/keyring") else {
            throw SettingsError("there is a vault in \(place) already; nothing was changed")
        }
        let building = place + ".new"
        try? FileManager.default.removeItem(atPath: building)
        try makeDirectory(building)
        let signer = try await build(in: building, settings)
        try takePlace(building, place)
        try KeyFileStore.write(
            Array((signer.verifierKey + "\n").utf8), at: settings.publicKeyFile, mode: 0o644,
            replacing: false)
        print("vault        \(signer.vault)")
        print("state        \(place)")
        print("root key     \(settings.rootKeyFile)")
        print("log key      \(settings.logKeyFile)")
        print("public key   \(settings.publicKeyFile)")
        print("fingerprint  \(signer.fingerprint)")
        print("Write the fingerprint down where this machine cannot change it: auditors need it.")
    }

    private func build(in directory: String, _ settings: DaemonSettings) async throws -> LogSigner {
        let vault: VaultID = try Random.id()
        let now = SystemClock().nowMicroseconds()
        let keyring = try makeKeys(
            .keyring, vault, Keyring.initialEntries(createdMicroseconds: now),
            secretPath: settings.rootKeyFile, file: directory + "/keyring", now)
        let logKey = try makeKeys(
            .logKey, vault, LogSigner.initialEntries(createdMicroseconds: now),
            secretPath: settings.logKeyFile, file: directory + "/log-key", now)
        try makeDirectory(directory + "/blobs")
        _ = try LocalBlobStore(directory: directory + "/blobs")
        let catalog = try SQLiteCatalog.create(at: directory + "/catalog.sqlite", vault: vault)
        let opened = try Keyring(keyring)
        let committer = try Committer(catalog: catalog) { opened }
        try await committer.record(Event(.vaultCreated, atMicroseconds: now))
        committer.stop()
        try catalog.close()
        return try LogSigner(logKey)
    }

    /// A file of new keys, with one slot for the key file at `secretPath`.
    private func makeKeys(
        _ kind: KeyFile.Kind, _ vault: VaultID, _ entries: [KeyEntry], secretPath: String,
        file: String, _ now: Int64
    ) throws -> OpenKeyFile {
        let secret = try existingOrNewSecret(at: secretPath)
        let root = try Secret<RootKey>.random()
        let slot = try SlotCipher.make(
            kind: .keyFile, label: "key-file", vault: vault, secret: secret, root: root,
            createdMicroseconds: now)
        let keys = try KeyFileCipher.make(
            kind: kind, vault: vault, slots: [slot], entries: entries, root: root)
        try KeyFileStore.save(keys.file, at: file, replacing: false)
        return keys
    }

    private func existingOrNewSecret(at path: String) throws -> Secret<SlotSecret> {
        if FileManager.default.fileExists(atPath: path) { return try KeyOpener.secret(at: path) }
        try makeDirectory(path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
        let secret = try Secret<SlotSecret>.random()
        try unsafe secret.withKeyFileText { text in
            try unsafe KeyFileStore.write(text, at: path, mode: 0o600, replacing: false)
        }
        return secret
    }

    private func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    /// Renames onto the place, which may be an empty directory but nothing more.
    private func takePlace(_ building: String, _ place: String) throws {
        guard unsafe rename(building, place) == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw SettingsError("\(place) cannot be made: \(reason); it must be empty or not there")
        }
        let parent = place.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/"
        let descriptor = unsafe open(parent, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SettingsError("\(parent) could not be flushed") }
    }
}
