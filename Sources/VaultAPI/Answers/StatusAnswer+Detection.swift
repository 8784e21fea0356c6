// What detection has seen since the start, as `status` shows it.

package import VaultFormat

extension StatusAnswer {
    package struct Detection: Codable, Hashable, Sendable {
        /// Rules that the settings switch off.
        package var off: [String]
        /// Events that were not looked at, for want of room.
        package var missed: Int
        /// Alarms that are not over, the newest first.
        package var alarms: [Alarm]

        package init(off: [DetectionRule], missed: Int, alarms: [Alarm]) {
            self.off = off.map(\.rawValue)
            self.missed = missed
            self.alarms = alarms
        }
    }

    package struct Alarm: Codable, Hashable, Sendable {
        package var rule: String
        package var raised: UTCTime
        /// Whose doing it is, where it is somebody's, and whom he says he asks for.
        @Nullable package var principal: String?
        @Nullable package var actor: String?
        /// Indexes of the log that show it: the first, and the one behind the last, as it was raised.
        package var from: UInt64
        package var to: UInt64
        package var count: Int

        package init(
            rule: DetectionRule, raisedMicroseconds: Int64, principal: PrincipalName?,
            actor: Pseudonym?, indexes: Range<UInt64>, count: Int
        ) {
            self.rule = rule.rawValue
            raised = UTCTime(microseconds: raisedMicroseconds)
            self.principal = principal?.description
            self.actor = actor?.hex
            from = indexes.lowerBound
            to = indexes.upperBound
            self.count = count
        }
    }
}
