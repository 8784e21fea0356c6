// From key files on disk to opened keys. A key that is missing or wrong leaves the vault sealed, never
// served with another.

import CVaultSystem
import Foundation
import Glibc
import VaultCrypto
import VaultFormat
import VaultStorage

enum KeyOpener {
    /// Reads what a file holds into locked memory.
    ///
    /// - Parameter path: `-` reads standard input.
    static func secret(at path: String) throws -> TypedSecret {
        let standard = path == "-"
        let file = standard ? STDIN_FILENO : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw KeyFileStoreError.io(errno) }
        defer { if !standard { close(file) } }
        return try unsafe TypedSecret { room -> Int in
            var filled = 0
            while filled < room.count {
                // Inside the room: `filled` is below its count.
                let got = unsafe read(
                    file, room.baseAddress?.advanced(by: filled), room.count - filled)
                if got < 0 && errno == EINTR { continue }
                guard got >= 0 else { throw KeyFileStoreError.io(errno) }
                if got == 0 { break }
                filled += got
            }
            return filled
        }
    }

    /// Asks at the terminal, without echo.
    static func askedSecret(_ question: String) throws -> TypedSecret {
        try unsafe TypedSecret { room -> Int in
            let count = unsafe vault_ask_secret(question, room.baseAddress, room.count)
            guard count >= 0 else {
                throw SettingsError(
                    "no passphrase was typed: \(unsafe String(cString: strerror(errno)))")
            }
            return count
        }
    }

    /// Opens a file of sealed keys with the key file at `keyPath`.
    static func open(_ file: KeyFile, keyPath: String) throws -> OpenKeyFile {
        let text = try secret(at: keyPath)
        // Only its text: what lies at the path of a key file is never taken for a passphrase.
        let secret = try Secret<SlotSecret>(keyFile: text)
        return try KeyFileCipher.open(file, kind: .keyFile, secret: secret)
    }

    /// Why keys did not open, for the log: a code, never a path's content.
    static func code(of error: any Error) -> String {
        switch error {
        case let error as CryptoError: error.code
        case let error as FormatError: error.code
        case KeyFileStoreError.missing: "missing"
        case KeyFileStoreError.malformed(let error): error.code
        case KeyFileStoreError.io(let number): unsafe String(cString: strerror(number))
        default: "unreadable"
        }
    }
}
