// A child that asks a token: a library of the admin's choice is loaded here, where there is nothing in
// memory but the one PIN and the one secret that it is asked about.

import CVaultTokens
import Glibc
import VaultCrypto
import VaultFormat
import VaultStorage

enum TokenWork {
    /// Serves one question whose magic was read already.
    static func serve(_ channel: SlotChannel) throws {
        let magic = TokenQuestion.magic
        let head = magic + (try channel.read(TokenQuestion.headBytes - magic.count))
        let question = try TokenQuestion(
            parsing: channel.read(TokenQuestion.length(ofHead: head)))
        let pin = try channel.readSecret(question.pinBytes)
        for variable in question.environment { try export(variable) }
        switch question.deed {
        case .keep: try keep(question, pin, channel)
        case .giveBack: try giveBack(question, pin, channel)
        case .forget:
            let fault = TokenFault.caught { () throws(TokenFault) in try FAPIToken.forget(question)
            }
            try channel.send(TokenAnswer(fault: fault).encoded)
        }
    }

    private static func keep(
        _ question: TokenQuestion, _ pin: TypedSecret, _ channel: SlotChannel
    ) throws {
        let secret = try channel.readSecret(VAULT_TOKEN_SECRET_BYTES)
        var sealed: [UInt8] = []
        let fault = try unsafe pin.lend { (pin) throws(CryptoError) in
            try unsafe secret.lend { (secret) throws(CryptoError) in
                TokenFault.caught { () throws(TokenFault) in
                    if question.kind == .pkcs11 {
                        sealed = try unsafe PKCS11Token.seal(question, pin: pin, secret: secret)
                    } else {
                        try unsafe FAPIToken.seal(question, secret: secret)
                    }
                }
            }
        }
        try channel.send(TokenAnswer(fault: fault, count: sealed.count).encoded + sealed)
    }

    private static func giveBack(
        _ question: TokenQuestion, _ pin: TypedSecret, _ channel: SlotChannel
    ) throws {
        var fault: TokenFault?
        let secret = try unsafe TypedSecret { room throws(CryptoError) -> Int in
            fault = try unsafe pin.lend { (pin) throws(CryptoError) in
                TokenFault.caught { () throws(TokenFault) in
                    if question.kind == .pkcs11 {
                        try unsafe PKCS11Token.open(question, pin: pin, into: room)
                    } else {
                        try unsafe FAPIToken.open(question, into: room)
                    }
                }
            }
            return fault == nil ? VAULT_TOKEN_SECRET_BYTES : 0
        }
        try channel.send(TokenAnswer(fault: fault, count: secret.count).encoded)
        let isTaken = try unsafe secret.lend { (bytes) throws(CryptoError) in
            unsafe channel.write(bytes)
        }
        guard isTaken else { throw CryptoError.refused }
    }

    private static func export(_ variable: String) throws {
        let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // setenv copies the text. This process has one thread.
        guard parts.count == 2, unsafe setenv(String(parts[0]), String(parts[1]), 1) == 0 else {
            throw FormatError.invalidText(field: "variable")
        }
    }
}

extension TokenFault {
    fileprivate static func caught(_ body: () throws(TokenFault) -> Void) -> TokenFault? {
        do throws(TokenFault) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    /// Makes one call of a token's library, with room for the library's own result.
    ///
    /// - Throws: what the call says went wrong.
    static func throwing(_ call: (inout UInt32) -> Int32) throws(TokenFault) {
        var number: UInt32 = 0
        let status = call(&number)
        guard Int(status) == VAULT_TOKEN_DONE else {
            throw TokenFault(
                Kind(rawValue: UInt8(clamping: status)) ?? .unavailable, number: number)
        }
    }
}
