/// Which cipher sealed a blob. ObjectFormat §2.
package enum Suite: UInt8, Sendable, CaseIterable {
    /// AES-256-GCM (NIST SP 800-38D): hardware speed wherever the CPU has AES instructions.
    case aes256GCM = 1
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): for CPUs without them.
    case xchacha20Poly1305 = 2

    /// Bytes of a frame's nonce.
    package var nonceBytes: Int {
        switch self {
        case .aes256GCM: 12
        case .xchacha20Poly1305: 24
        }
    }

    /// The name in answers and in `status`.
    package var name: String {
        switch self {
        case .aes256GCM: "aes-256-gcm"
        case .xchacha20Poly1305: "xchacha20-poly1305"
        }
    }

    /// The 16-byte BLAKE2b personalisation that binds frame keys to the suite.
    package var personalisation: [UInt8] {
        Array("ivault-blob-v1-".utf8) + [rawValue]
    }
}
