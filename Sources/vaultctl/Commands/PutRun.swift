// The uploads of one `put`: a bounded number at once, stopped when going on has no point.

import VaultAPI
import VaultClient
import VaultFormat

struct PutRun: Sendable {
    let claim: Claim
    let name: FileName?
    let common: CommonOptions
    let bar: ProgressBar

    struct Outcome: Sendable {
        var stored = 0
        var storedBytes = 0
        /// One for each file that was not stored.
        var kinds: [ExitKind] = []
        /// Files that were not tried after a failure that they would have shared.
        var untried = 0
    }

    func run(
        _ items: [UploadPlan.Item], through client: VaultClient, parallel: Int
    ) async -> Outcome {
        var outcome = Outcome()
        var waiting = items[...]
        await withTaskGroup(of: Result<ImageAnswer, ClientError>.self) { group in
            for _ in 0..<parallel {
                guard let item = waiting.popFirst() else { break }
                group.addTask { await put(item, through: client) }
            }
            for await result in group {
                switch result {
                case .success(let image):
                    outcome.stored += 1
                    outcome.storedBytes += image.received.bytes
                case .failure(let error):
                    outcome.kinds.append(ExitKind(error))
                    if ExitKind.isHopeless(error) {
                        outcome.untried += waiting.count
                        waiting = []
                    }
                }
                if let item = waiting.popFirst() {
                    group.addTask { await put(item, through: client) }
                }
            }
        }
        bar.end()
        return outcome
    }

    func summarise(_ outcome: Outcome, plan: UploadPlan) {
        guard !common.json, plan.items.count != 1 || plan.passedOver > 0 else { return }
        let seconds = Int(bar.elapsed / .seconds(1))
        var parts = [
            "\(Units.count(outcome.stored, "image")) stored, "
                + "\(Units.bytes(outcome.storedBytes)) in \(Units.span(seconds: seconds))"
        ]
        if !outcome.kinds.isEmpty { parts.append("\(outcome.kinds.count) failed") }
        if outcome.untried > 0 { parts.append("\(outcome.untried) not tried") }
        if plan.passedOver > 0 {
            parts.append("\(Units.count(plan.passedOver, "other file")) passed over")
        }
        Output.note(parts.joined(separator: "; ") + ".")
    }

    private func put(
        _ item: UploadPlan.Item, through client: VaultClient
    ) async -> Result<ImageAnswer, ClientError> {
        let result: Result<ImageAnswer, ClientError>
        do throws(ClientError) {
            result = .success(try await patiently(item, through: client))
        } catch {
            result = .failure(error)
        }
        bar.finishFile()
        bar.aside {
            switch result {
            case .success(let image): tell(image, path: item.path)
            case .failure(let error): common.tell(error, about: item.path)
            }
        }
        return result
    }

    /// One upload; a busy vault is asked again after as long as it wants.
    private func patiently(
        _ item: UploadPlan.Item, through client: VaultClient
    ) async throws(ClientError) -> ImageAnswer {
        let file = try UploadFile(item.path)
        var attempt = 0
        while true {
            attempt += 1
            do throws(ClientError) {
                return try await client.put(file, name: name ?? item.name, claim: claim) {
                    bar.advance(bytes: $0)
                }
            } catch {
                guard attempt < Limits.triesWhenBusy, case .refused(let problem) = error,
                    problem.errorCode == .overloaded
                else { throw error }
                let wait = min(
                    problem.retryAfterMilliseconds ?? 1000, Limits.longestWaitMilliseconds)
                // A cancelled wait ends at once, and the next try then ends as cancelled.
                try? await Task.sleep(for: .milliseconds(wait))
            }
        }
    }

    private func tell(_ image: ImageAnswer, path: String) {
        if common.json {
            Output.json(image)
            return
        }
        var parts = [
            image.id.hex, "\(image.width)x\(image.height)", Units.bytes(image.received.bytes),
            TerminalText.field(path),
        ]
        if !image.transformed.isEmpty {
            parts.append("(\(image.transformed.joined(separator: ", ")))")
        }
        Output.line(parts.joined(separator: "  "))
    }
}
