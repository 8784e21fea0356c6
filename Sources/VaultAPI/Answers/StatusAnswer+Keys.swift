// The keyring as `status` shows it: numbers, states and names, never a key.

package import VaultFormat

extension StatusAnswer {
    package struct Keys: Codable, Hashable, Sendable {
        /// Of the keyring; rises with each change to it.
        package var generation: UInt64
        /// What new blobs are sealed with.
        package var suite: String
        package var epochs: [Epoch]
        package var slots: [Slot]

        package init(generation: UInt64, suite: Suite, epochs: [Epoch], slots: [Slot]) {
            self.generation = generation
            self.suite = suite.name
            self.epochs = epochs
            self.slots = slots
        }
    }

    package struct Epoch: Codable, Hashable, Sendable {
        package var number: UInt32
        package var state: String
        package var created: UTCTime
        /// Blob keys and reference keys wrapped under it now.
        package var wraps: Int

        package init(
            number: EpochNumber, state: EpochState, createdMicroseconds: Int64, wraps: Int
        ) {
            self.number = number.value
            self.state = state.name
            self.created = UTCTime(microseconds: createdMicroseconds)
            self.wraps = wraps
        }
    }

    package struct Slot: Codable, Hashable, Sendable {
        package var id: SlotID
        package var kind: String
        package var label: String
        /// A recovery recipient's check words, or how many of how many shares open it; else nil.
        @Nullable package var detail: String?
        package var created: UTCTime
        /// When it last opened the keyring; nil where it never did.
        @Nullable package var proved: UTCTime?

        package init(
            id: SlotID, kind: KeySlot.Kind, label: String, detail: String? = nil,
            createdMicroseconds: Int64, provedMicroseconds: Int64?
        ) {
            self.id = id
            self.kind = kind.name
            self.label = label
            self.detail = detail
            self.created = UTCTime(microseconds: createdMicroseconds)
            self.proved = provedMicroseconds.map { UTCTime(microseconds: $0) }
        }
    }
}
