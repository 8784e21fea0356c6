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
              vaultd init --config /etc/imagevault/vaultd.yaml --passphrase

            With a passphrase, it or the key file opens the keyring, each alone; with --no-root-key-file
            the passphrase is the only way. The log's key has its key file.

            Key files that are not there yet are made, readable by this user only. Keep copies of them
            away from this machine: without one of them nothing that is stored can be read again.
            """)

    @Flag(help: "Ask for a passphrase that opens the keyring too.")
    var passphrase = false

    @Option(
        help: ArgumentHelp(
            "Read that passphrase from a file, or from standard input with -.", valueName: "file"))
    var passphraseFile: String?

    @Flag(help: "Make no root key file: the passphrase alone opens the keyring.")
    var noRootKeyFile = false

    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        guard !passphrase || passphraseFile == nil else {
            throw ValidationError("--passphrase asks; --passphrase-file reads: one of them.")
        }
        guard !noRootKeyFile || passphrase || passphraseFile != nil else {
            throw ValidationError("--no-root-key-file needs a passphrase: some slot must open.")
        }
    }

    func run() async throws {
        let settings = try await options.load()
        try Hardening.apply()
        let place = settings.stateDirectory
        guard !FileManager.default.fileExists(atPath: place + "/keyring") else {
            throw SettingsError("there is a vault in \(place) already; nothing was changed")
        }
        guard !FileManager.default.fileExists(atPath: settings.publicKeyFile) else {
            throw SettingsError(
                "\(settings.publicKeyFile) is there already: the auditors of another vault may need "
                    + "it, so move it away; nothing was changed")
        }
        let ways = Ways(
            rootKeyFile: noRootKeyFile ? nil : settings.rootKeyFile,
            passphrase: try typedPassphrase())
        let building = place + ".new"
        try? FileManager.default.removeItem(atPath: building)
        try makeDirectory(building)
        let signer = try await build(in: building, settings, ways)
        try takePlace(building, place)
        try KeyFileStore.write(
            Array((signer.verifierKey + "\n").utf8), at: settings.publicKeyFile, mode: 0o644,
            replacing: false)
        print("vault        \(signer.vault)")
        print("state        \(place)")
        if let path = ways.rootKeyFile { print("root key     \(path)") }
        print("log key      \(settings.logKeyFile)")
        print("public key   \(settings.publicKeyFile)")
        print("fingerprint  \(signer.fingerprint)")
        print("Write the fingerprint down where this machine cannot change it: auditors need it.")
    }

    /// How the keyring is to be opened.
    private struct Ways {
        let rootKeyFile: String?
        let passphrase: TypedSecret?
    }

    private func typedPassphrase() throws -> TypedSecret? {
        if let passphraseFile {
            let typed = try KeyOpener.secret(at: passphraseFile)
            typed.dropLastNewline()
            return typed
        }
        guard passphrase else { return nil }
        let typed = try KeyOpener.askedSecret("New passphrase: ")
        guard try typed.equals(KeyOpener.askedSecret("Once more: ")) else {
            throw SettingsError("these were two different passphrases; nothing was made")
        }
        return typed
    }

    private func build(
        in directory: String, _ settings: DaemonSettings, _ ways: Ways
    ) async throws -> LogSigner {
        let vault: VaultID = try Random.id()
        let now = SystemClock().nowMicroseconds()
        let keyring = try makeKeys(
            .keyring, vault, Keyring.initialEntries(createdMicroseconds: now),
            ways, file: directory + "/keyring", now)
        let logKey = try makeKeys(
            .logKey, vault, LogSigner.initialEntries(createdMicroseconds: now),
            Ways(rootKeyFile: settings.logKeyFile, passphrase: nil), file: directory + "/log-key",
            now)
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

    /// A file of new keys, with a slot for each way.
    private func makeKeys(
        _ kind: KeyFile.Kind, _ vault: VaultID, _ entries: [KeyEntry], _ ways: Ways,
        file: String, _ now: Int64
    ) throws -> OpenKeyFile {
        let root = try Secret<RootKey>.random()
        var slots: [KeySlot] = []
        if let path = ways.rootKeyFile {
            slots.append(
                try SlotCipher.make(
                    kind: .keyFile, label: "key-file", vault: vault,
                    secret: existingOrNewSecret(at: path), root: root, createdMicroseconds: now))
        }
        if let passphrase = ways.passphrase {
            guard passphrase.form == .passphrase else {
                throw SettingsError(
                    "a passphrase cannot begin with imagevault- as keys and shares do")
            }
            slots.append(
                try SlotCipher.make(
                    label: "passphrase", vault: vault, typed: passphrase, root: root,
                    createdMicroseconds: now, stretch: Argon2id()))
        }
        let keys = try KeyFileCipher.make(
            kind: kind, vault: vault, slots: slots, entries: entries, root: root)
        try KeyFileStore.save(keys.file, at: file, replacing: false)
        return keys
    }

    private func existingOrNewSecret(at path: String) throws -> Secret<SlotSecret> {
        if FileManager.default.fileExists(atPath: path) {
            return try Secret(keyFile: KeyOpener.secret(at: path))
        }
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
