import VaultCrypto
package import VaultFormat

/// Why a verb did not do what it was asked: a code from the registry, and the finding where an image
/// was refused. It travels up unlogged; its event is already in the log.
package struct VaultError: Error, Hashable, Sendable {
    package let code: ErrorCode
    package let finding: Finding?
    /// Bytes of the image, where the caller asked for others than it has.
    package let imageBytes: Int?
    /// What waits for somebody else's approval.
    package let asked: AskedApproval?

    package init(
        _ code: ErrorCode, finding: Finding? = nil, imageBytes: Int? = nil,
        asked: AskedApproval? = nil
    ) {
        self.code = code
        self.asked = asked
        self.finding = finding
        self.imageBytes = imageBytes
    }

    /// Whether the log has it already, or cannot have it.
    package private(set) var isRecorded = false

    package var recorded: VaultError {
        var error = self
        error.isRecorded = true
        return error
    }

    /// The same for a vault that was sealed meanwhile.
    var whileSealing: VaultError {
        var error = VaultError(.sealed)
        error.isRecorded = isRecorded
        return error
    }

    /// Whether the vault said no as it should, or could not do what it should.
    package var outcome: EventOutcome {
        code.description.status >= 500 ? .failed : .refused
    }
}

extension CryptoError {
    /// What to answer: key memory that is used up is no damage, and it passes.
    func code(orElse damage: ErrorCode) -> ErrorCode {
        switch self {
        case .keyMemoryExhausted: .overloaded
        case .sealed: .sealed
        default: damage
        }
    }
}
