// Where a secret comes from: the terminal, without echo, or a file. Never an argument or the
// environment, which other processes can read.

import ArgumentParser
import CVaultSystem
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct SecretOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the secret from a file, or from standard input with -; else it is asked for.",
            valueName: "file"),
        completion: .file())
    var secretFile: String?

    /// The secret that opens something.
    ///
    /// - Throws: ``ClientError/file(_:)``, or `CancellationError` after Ctrl-C.
    func existing(_ question: String) throws -> SecretText {
        guard let secretFile else { return try asked(question) }
        let secret = try SecretText(file: secretFile)
        try secret.requireNoRecoveryKey()
        return secret
    }

    fileprivate func asked(_ question: String) throws -> SecretText {
        let secret = try SecretText(asking: question)
        try secret.requireNoRecoveryKey()
        return secret
    }

    /// Whether somebody is there to be asked again.
    var isAsking: Bool { secretFile == nil }

    /// The next of several shares.
    func share(after shares: ShareProgress) throws -> SecretText {
        try existing(
            "\(shares.given) of \(shares.needed) shares given. The next one, or Ctrl-C to leave it to "
                + "somebody else: ")
    }
}

extension SecretOptions {
    /// What a token asks for before it keeps or gives back a secret: a PIN, or nothing.
    func pin(_ token: KeySlot.Kind) throws -> SecretText {
        guard token.needsSecret else { return SecretText() }
        return try existing("The token's PIN: ")
    }

    /// The secret of a slot that is named.
    func existing(
        for slot: SlotID, of kinds: [KeyFile.Kind], _ client: VaultClient, _ question: String
    ) async throws -> SecretText {
        for kind in kinds {
            let slots = try await client.slots(kind).slots
            let name = slots.first { $0.id == slot }?.kind
            if let token = KeySlot.Kind.allCases.first(where: { $0.isToken && $0.name == name }) {
                return try pin(token)
            }
        }
        return try existing(question)
    }

    /// A secret that is to open something from now on; asked for twice.
    func new(_ question: String) throws -> SecretText {
        guard secretFile == nil else { return try existing(question) }
        let secret = try asked(question)
        guard try SecretText(asking: "Once more: ").bytes == secret.bytes else {
            throw ValidationError("these were two different secrets; nothing was changed")
        }
        return secret
    }
}

/// A secret on its way through this process, wiped when it has left.
final class SecretText {
    private(set) var bytes: [UInt8]

    /// None.
    init() { bytes = [] }

    /// Not even into the vault's memory.
    func requireNoRecoveryKey() throws {
        guard !CheckedText.isRecoveryKey(bytes) else {
            throw ValidationError(
                "this is a recovery key, which no vault is given: answer vaultctl slots challenge with "
                    + "vaultd recovery answer")
        }
    }

    init(asking question: String) throws {
        bytes = [UInt8](repeating: 0, count: Limits.secretBytes)
        let room = bytes.count
        // The array lends its room for one call, which writes no more than that.
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe vault_ask_secret(question, $0.baseAddress, room)
        }
        guard count >= 0 else {
            if errno == ECANCELED { throw CancellationError() }
            throw ClientError.file(FileFault(path: "/dev/tty", reason: .system(errno)))
        }
        bytes.removeLast(room - count)
    }

    /// Reads a whole file; its last newline is not part of the secret.
    init(file path: String) throws {
        let standard = path == "-"
        let file = standard ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw ClientError.file(FileFault(path: path, reason: .system(errno)))
        }
        defer { if !standard { close(file) } }
        bytes = [UInt8](repeating: 0, count: Limits.secretBytes + 2)
        var filled = 0
        while filled < bytes.count {
            // Inside the array: `filled` is below its count.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(file, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else {
                throw ClientError.file(FileFault(path: path, reason: .system(errno)))
            }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(bytes.count - filled)
        if bytes.last == 0x0A { bytes.removeLast() }
    }

    deinit {
        unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe bytes.baseAddress.map { unsafe explicit_bzero($0, bytes.count) }
        }
    }
}
