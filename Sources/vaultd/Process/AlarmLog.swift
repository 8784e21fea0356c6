// Alarms, as the daemon's own log has them.

import Logging
import Vault
import VaultFormat

struct AlarmLog: Sendable {
    let logger: Logger

    func tell(_ change: AlarmChange) {
        switch change {
        case .raised(let alarm): logger.warning("alarm raised", metadata: words(of: alarm))
        case .ended(let alarm): logger.notice("alarm over", metadata: words(of: alarm))
        }
    }

    /// An alarm of which no incident came.
    func tell(unopened alarm: Alarm, _ code: ErrorCode) {
        var metadata = words(of: alarm)
        metadata["code"] = "\(code.rawValue)"
        logger.error("no incident was opened", metadata: metadata)
    }

    private func words(of alarm: Alarm) -> Logger.Metadata {
        var words: Logger.Metadata = [
            "rule": "\(alarm.rule.rawValue)", "count": "\(alarm.count)",
            "from": "\(alarm.events.lowerBound)", "to": "\(alarm.events.upperBound + 1)",
        ]
        if let principal = alarm.subject.principal { words["principal"] = "\(principal)" }
        if let actor = alarm.subject.actor { words["actor"] = "\(actor.hex)" }
        return words
    }
}
