// From key files on disk to opened keys. A key that is missing or wrong leaves the vault sealed, never
// served with another.

import Foundation
import Glibc
import VaultCrypto
import VaultFormat
import VaultStorage

enum KeyOpener {
    /// Bytes of the largest key file's text.
    private static let largestText = 256

    /// Reads the secret of a key-file slot into locked memory; the text is wiped.
    static func secret(at path: String) throws -> Secret<SlotSecret> {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw KeyFileStoreError.io(errno) }
        defer { close(file) }
        return try unsafe withUnsafeTemporaryAllocation(byteCount: largestText, alignment: 1) {
            text in
            defer { unsafe text.baseAddress.map { unsafe explicit_bzero($0, text.count) } }
            let count = unsafe read(file, text.baseAddress, text.count)
            guard count >= 0 else { throw KeyFileStoreError.io(errno) }
            return try unsafe Secret(
                keyFileText: UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(text)[..<count]))
        }
    }

    /// Opens a file of sealed keys with the key file at `keyPath`.
    static func open(_ file: KeyFile, keyPath: String) throws -> OpenKeyFile {
        let secret = try secret(at: keyPath)
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
