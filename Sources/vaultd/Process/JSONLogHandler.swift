// Log lines for machines: one JSON object a line on standard error. Values are typed and escaped; no
// request text reaches them.

import Foundation
import Logging
import VaultFormat

struct JSONLogHandler: LogHandler {
    private let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, logLevel: Logger.Level) {
        self.label = label
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = JSONLine()
        line.add("at", Timestamp.text(microseconds: Self.now))
        line.add("level", event.level.rawValue)
        line.add("logger", label)
        line.add("message", event.message.description)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        if !all.isEmpty {
            let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            line.add("fields", pairs.joined(separator: " "))
        }
        FileHandle.standardError.write(Data(line.finished + [0x0A]))
    }

    private static var now: Int64 {
        Int64(Date().timeIntervalSince1970 * 1_000_000)
    }

    /// Sets the process's logging: JSON lines, or plain lines on a terminal.
    static func bootstrap(level: Logger.Level) {
        let terminal = isatty(2) == 1
        LoggingSystem.bootstrap { label in
            guard terminal else { return JSONLogHandler(label: label, logLevel: level) }
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
    }
}
