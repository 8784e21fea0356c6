// How far the anchors outside of the store are, as `status` shows it.

package import VaultFormat

extension StatusAnswer {
    package struct Anchor: Codable, Hashable, Sendable {
        package var kind: String
        package var state: String
        /// When one was kept there last; nil where none was since the start.
        @Nullable package var kept: UTCTime?
        /// Of the log, in that one.
        @Nullable package var size: UInt64?
        /// Since the start.
        package var failures: Int

        package init(
            kind: AnchorKind, state: AnchorState, keptMicroseconds: Int64?, logSize: UInt64?,
            failures: Int
        ) {
            self.kind = kind.rawValue
            self.state = state.rawValue
            kept = keptMicroseconds.map { UTCTime(microseconds: $0) }
            size = logSize
            self.failures = failures
        }
    }
}
