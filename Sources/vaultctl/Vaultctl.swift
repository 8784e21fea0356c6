// The program: its verbs, its help, and how it ends.

import ArgumentParser
import Dispatch
import Glibc
import VaultAPI

@main
struct Vaultctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vaultctl",
        abstract: "Store images in an ImageVault, fetch them, and look after the vault.",
        discussion: """
            Speaks to vaultd over its Unix sockets: --socket PATH, or $IMAGEVAULT_DIR/DOOR.sock, \
            or /run/imagevault/DOOR.sock, where DOOR is images, admin or audit as the verb needs.

            Results go to standard output, everything else to standard error. With --json each \
            result is one line of JSON in ASCII, and each failure one on standard error.

            \(ExitKind.help)

            Completions: vaultctl --generate-completion-script bash, or zsh.
            """,
        version: Version.text,
        subcommands: [
            Put.self, Inspect.self, Get.self, Stat.self, List.self, Remove.self, Status.self,
            Ready.self, Seal.self, Unseal.self, Slots.self, Keys.self, WhoAmI.self, Audit.self,
            Reinspect.self, Operations.self, Quarantine.self, Approvals.self, Backup.self,
            Backups.self, Drill.self,
            Erase.self,
            Receipts.self, Escrows.self, Holds.self, Incidents.self, RetentionCommands.self,
            Check.self, Policy.self, Tokens.self, TicketCommand.self, Namespaces.self,
            DoctorCommand.self,
            Canaries.self,
        ])

    static func main() async {
        let work = Task { await outcome() }
        let signals = [SIGINT, SIGTERM].map { number in
            // Ignored by the default route, so that the source below is the only one to hear it.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            // Runs on a queue of its own, not on the main actor that this function belongs to.
            source.setEventHandler { @Sendable in work.cancel() }
            source.resume()
            return source
        }
        // A reader that went away is an error of `write`, not the end of the process.
        _ = signal(SIGPIPE, SIG_IGN)
        let code = await work.value
        signals.forEach { $0.cancel() }
        Glibc.exit(code)
    }

    /// Runs the verb that was asked for.
    ///
    /// - Returns: the process's exit code.
    private static func outcome() async -> Int32 {
        do {
            var command = try parseAsRoot()
            if var verb = command as? any AsyncParsableCommand {
                try await verb.run()
            } else {
                try command.run()
            }
            return ExitKind.done.rawValue
        } catch let code as ExitCode {
            return code.rawValue
        } catch is CancellationError {
            return ExitKind.interrupted.rawValue
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            code.isSuccess ? Output.parserText(message) : Output.note(message)
            return code.rawValue
        }
    }
}
