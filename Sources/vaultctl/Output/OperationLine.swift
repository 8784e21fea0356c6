// An operation in one line, and the same line drawn over and over until it ends.

import ArgumentParser
import VaultAPI
import VaultClient
import VaultFormat

enum OperationLine {
    private static let cells = 20

    /// `[#####---------------]  25 %  250 of 1000  2 found`, and rate and time left where they are known.
    static func text(_ operation: OperationAnswer, perSecond rate: Double? = nil) -> String {
        let total = max(operation.total, operation.done)
        let share = total > 0 ? Double(operation.done) / Double(total) : 1
        let filled = Int(share * Double(cells))
        let bar =
            String(repeating: "#", count: filled) + String(repeating: "-", count: cells - filled)
        var parts = [
            "[\(bar)]", "\(Int(share * 100)) %", "\(operation.done) of \(total)",
            operation.phase ?? "\(operation.found) found",
        ]
        if operation.failures > 0 { parts.append("\(operation.failures) failed") }
        if let rate, rate > 0, !operation.isFinal {
            parts.append("\(Int(rate.rounded(.up)))/s")
            let left = Int(Double(total - operation.done) / rate)
            parts.append("\(Units.clock(seconds: left)) left")
        }
        if operation.state != "running" { parts.append(operation.state) }
        if let failure = operation.failure { parts.append(failure) }
        return parts.map { TerminalText.field($0) }.joined(separator: "  ")
    }

    /// Begins an operation, waits for its end if asked to, and shows it; fails unless what was waited
    /// for was done.
    @discardableResult
    static func begin(
        _ client: VaultClient, wait isWaiting: Bool, _ common: CommonOptions,
        _ begin: () async throws -> OperationAnswer
    ) async throws -> OperationAnswer {
        let operation = try await begun(client, wait: isWaiting, common, begin)
        if isWaiting { try requireDone(operation) }
        return operation
    }

    /// Begins an operation, waits for its end if asked to, and shows it, however it ended.
    static func begun(
        _ client: VaultClient, wait isWaiting: Bool, _ common: CommonOptions,
        _ begin: () async throws -> OperationAnswer
    ) async throws -> OperationAnswer {
        var operation = try await begin()
        if isWaiting { operation = try await wait(for: operation.id, client) }
        if common.json {
            Output.json(operation)
        } else {
            Output.line("\(operation.id.hex)  \(text(operation))")
        }
        return operation
    }

    static func requireDone(_ operation: OperationAnswer) throws {
        guard operation.state == OperationState.done.name else {
            throw ExitCode(ExitKind.other.rawValue)
        }
    }

    /// Waits for the operation's end; on a terminal its line is drawn meanwhile.
    static func wait(
        for id: OperationID, _ client: VaultClient
    ) async throws -> OperationAnswer {
        let isShown = Output.notesAreOnTerminal
        let started = ContinuousClock.now
        var operation = try await client.operation(id)
        let first = operation.done
        defer { if isShown { Output.control("\r\u{1B}[K") } }
        while !operation.isFinal {
            if isShown {
                let seconds = (ContinuousClock.now - started) / .seconds(1)
                let rate = seconds > 0.5 ? Double(operation.done - first) / seconds : nil
                Output.draw(text(operation, perSecond: rate))
            }
            try Task.checkCancellation()
            operation = try await client.operation(
                id, wait: isShown ? 1 : Limits.operationWaitSeconds)
        }
        return operation
    }
}
