// The slots of the keyring: what each verb on them answers.

package import VaultFormat

/// `GET /v1/slots`, and what is true after a slot was added, removed or proved or the root was rotated.
package struct SlotsAnswer: Codable, Hashable, Sendable {
    /// Of the keyring; rises with each change to it.
    package var generation: UInt64
    /// The slot that the request made; nil where it made none.
    @Nullable package var added: SlotID?
    package var slots: [StatusAnswer.Slot]

    package init(generation: UInt64, added: SlotID? = nil, slots: [StatusAnswer.Slot]) {
        self.generation = generation
        self.added = added
        self.slots = slots
    }
}

/// `POST /v1/slots?label=`.
package struct NewSlotQuery: Hashable, Sendable {
    package var label: SlotLabel

    package init(label: SlotLabel) { self.label = label }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["label"])
        let form = "1 to 64 of A-Z a-z 0-9 _ . -"
        let label = try onlyValue(
            of: query.fields("label"), orThrow: .invalidParameter("label", expected: form),
            SlotLabel.init)
        guard let label else { throw .invalidParameter("label", expected: form) }
        self.label = label
    }

    package var query: String { QueryString.encode([("label", label.text)]) }
}
