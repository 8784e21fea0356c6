// One question to a PKCS #11 token, step by step.

import CVaultTokens
import VaultFormat
import VaultStorage

enum PKCS11Token {
    #if PKCS11
        static func seal(
            _ question: TokenQuestion, pin: UnsafeRawBufferPointer, secret: UnsafeRawBufferPointer
        ) throws(TokenFault) -> [UInt8] {
            defer { vault_pkcs11_end() }
            try unsafe logIn(question, pin)
            var sealed = [UInt8](repeating: 0, count: PKCS11Parameters.sealedBytes)
            // Every buffer has the length that the header names.
            try TokenFault.throwing { number in
                unsafe vault_pkcs11_seal(
                    question.key, question.nonce, question.associatedData,
                    question.associatedData.count, secret.baseAddress, &sealed, &number)
            }
            return sealed
        }

        static func open(
            _ question: TokenQuestion, pin: UnsafeRawBufferPointer,
            into room: UnsafeMutableRawBufferPointer
        ) throws(TokenFault) {
            defer { vault_pkcs11_end() }
            guard question.sealedSecret.count == PKCS11Parameters.sealedBytes else {
                throw TokenFault(.keyUnfit)
            }
            try unsafe logIn(question, pin)
            // As above; the room is one for a typed secret, which is longer.
            try TokenFault.throwing { number in
                unsafe vault_pkcs11_open(
                    question.key, question.nonce, question.associatedData,
                    question.associatedData.count, question.sealedSecret, room.baseAddress, &number)
            }
        }

        private static func logIn(
            _ question: TokenQuestion, _ pin: UnsafeRawBufferPointer
        ) throws(TokenFault) {
            guard question.nonce.count == PKCS11Parameters.nonceBytes else {
                throw TokenFault(.keyUnfit)
            }
            try LoadedFile.require(question.library)
            try TokenFault.throwing { number in
                unsafe vault_pkcs11_load(question.library, &number)
            }
            try TokenFault.throwing { number in
                unsafe vault_pkcs11_login(
                    question.token, pin.baseAddress, pin.count, question.isUnattended ? 1 : 0,
                    &number)
            }
        }
    #else
        static func seal(
            _: TokenQuestion, pin: UnsafeRawBufferPointer, secret: UnsafeRawBufferPointer
        ) throws(TokenFault) -> [UInt8] {
            throw TokenFault(.notConfigured)
        }

        static func open(
            _: TokenQuestion, pin: UnsafeRawBufferPointer, into: UnsafeMutableRawBufferPointer
        ) throws(TokenFault) {
            throw TokenFault(.notConfigured)
        }
    #endif
}
