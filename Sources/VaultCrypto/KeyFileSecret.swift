// The key-file slot's secret as the text of a file. KeyringFormat §3.2.

import CSodium
import VaultFormat

extension Secret where Purpose == SlotSecret {
    /// Reads the text of a key file; a missing last newline is forgiven, nothing else is.
    ///
    /// - Throws: ``CryptoError/malformedKeyFile``.
    package init(keyFileText text: UnsafeRawBufferPointer) throws(CryptoError) {
        try unsafe self.init { (out) throws(CryptoError) in
            guard unsafe CheckedText.keyFile.read(text, into: out) else { throw .malformedKeyFile }
        }
    }

    /// - Throws: ``CryptoError/malformedKeyFile``.
    package init(keyFile typed: TypedSecret) throws(CryptoError) {
        self = try unsafe typed.withBytes { (text) throws(CryptoError) in
            try unsafe Secret(keyFileText: text)
        }
    }

    /// Lends the text of the key file to one call and wipes it.
    package func withKeyFileText<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try unsafe withLine(as: .keyFile, body)
    }
}
