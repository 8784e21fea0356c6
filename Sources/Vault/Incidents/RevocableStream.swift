// What is sent for as long as whoever asked for it may ask: a contained principal takes nothing more away.

package import VaultFormat

package struct RevocableStream<Stream: OutgoingStream>: OutgoingStream {
    package static var name: String { Stream.name }

    private var stream: Stream
    private let verb: VerbName
    private let action: EventAction
    private let call: Call

    /// - Parameters:
    ///   - verb: that was asked for.
    ///   - action: of the event of an end before its time.
    package init(_ stream: Stream, _ verb: VerbName, _ action: EventAction, _ call: Call) {
        self.stream = stream
        self.verb = verb
        self.action = action
        self.call = call
    }

    /// - Throws: ``VaultError`` `suspended`, which has its event; or what the stream has.
    package mutating func next(of vault: Vault) async throws(VaultError) -> [UInt8]? {
        if let principal = call.principal, vault.isHeld(principal, from: verb) {
            try await vault.audited(action, call) { () async throws(VaultError) in
                throw VaultError(.suspended)
            }
        }
        return try await stream.next(of: vault)
    }
}

extension Vault {
    /// Whether a containment keeps a principal from a verb, by the policy in force.
    func isHeld(_ principal: PrincipalName, from verb: VerbName) -> Bool {
        grades(of: principal, under: policyInForce).contains { !$0.allows(verb) }
    }
}
