/// Why a token did not keep or give back a slot's secret.
package struct TokenFault: Error, Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// vaultd is built without that kind of token, or its settings name none.
        case notConfigured = 1
        /// The library that speaks to the token cannot be loaded or does not start.
        case moduleFailed = 2
        /// There is no token of that name, or it does not answer.
        case unavailable = 3
        /// The token has no such key, or one that does not open the slot.
        case keyUnfit = 4
        case wrongPIN = 5
        /// The token takes no PIN any more, or one was wrong before and nobody is there to ask.
        case locked = 6
    }

    package let kind: Kind
    /// The library's own result, for the log; 0 where it has none.
    package let number: UInt32

    package init(_ kind: Kind, number: UInt32 = 0) {
        self.kind = kind
        self.number = number
    }

    /// What an answer says.
    package var code: ErrorCode {
        switch kind {
        case .notConfigured: .tokenNotConfigured
        case .moduleFailed: .tokenModuleFailed
        case .unavailable: .tokenUnavailable
        case .keyUnfit: .tokenKeyUnfit
        case .wrongPIN: .wrongSecret
        case .locked: .tokenLocked
        }
    }
}
