// Who asks, for whom, and with what.

package import VaultFormat

/// One request: who asks, in which namespace, under which number, and for whom it says it does.
package struct Call: Sendable {
    package let caller: Caller
    package let request: RequestID
    package let namespace: NamespaceName
    package let asserted: AssertedContext
    /// What it was asked with, beside who the kernel says is calling.
    package let bearer: Bearer?
    /// Who that is, as the policy calls him; nil for a stranger.
    package let principal: PrincipalName?
    /// That somebody else approved it.
    package let approval: ApprovalID?

    /// What a reading does to the catalog: a ticket has one less.
    var reading: Change { bearer?.ticket.map { .useTicket($0) } ?? .none }

    package init(
        caller: Caller, request: RequestID, namespace: NamespaceName,
        asserted: AssertedContext = .none, bearer: Bearer? = nil,
        principal: PrincipalName? = nil, approval: ApprovalID? = nil
    ) {
        self.principal = principal
        self.approval = approval
        self.bearer = bearer
        self.caller = caller
        self.request = request
        self.namespace = namespace
        self.asserted = asserted
    }
}
