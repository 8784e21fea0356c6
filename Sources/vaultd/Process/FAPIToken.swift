// One question to a TPM 2, by the Feature API.

import CVaultTokens
import VaultFormat
import VaultStorage

enum FAPIToken {
    #if TPM2
        static func seal(
            _ question: TokenQuestion, secret: UnsafeRawBufferPointer
        ) throws(TokenFault) {
            try load(question)
            defer { vault_fapi_end() }
            // The secret has the length that the header names.
            try TokenFault.throwing { number in
                unsafe vault_fapi_seal(question.key, question.policy, secret.baseAddress, &number)
            }
        }

        static func open(
            _ question: TokenQuestion, into room: UnsafeMutableRawBufferPointer
        ) throws(TokenFault) {
            try load(question)
            defer { vault_fapi_end() }
            // The room is one for a typed secret, which is longer than what is written.
            try TokenFault.throwing { number in
                unsafe vault_fapi_open(question.key, room.baseAddress, &number)
            }
        }

        static func forget(_ question: TokenQuestion) throws(TokenFault) {
            try load(question)
            defer { vault_fapi_end() }
            try TokenFault.throwing { number in unsafe vault_fapi_forget(question.key, &number) }
        }

        private static func load(_ question: TokenQuestion) throws(TokenFault) {
            try LoadedFile.require(question.library)
            try TokenFault.throwing { number in
                unsafe vault_fapi_load(question.library, &number)
            }
        }
    #else
        static func seal(_: TokenQuestion, secret: UnsafeRawBufferPointer) throws(TokenFault) {
            throw TokenFault(.notConfigured)
        }

        static func open(
            _: TokenQuestion, into: UnsafeMutableRawBufferPointer
        ) throws(TokenFault) {
            throw TokenFault(.notConfigured)
        }

        static func forget(_: TokenQuestion) throws(TokenFault) {
            throw TokenFault(.notConfigured)
        }
    #endif
}
