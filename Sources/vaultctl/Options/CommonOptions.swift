// What every verb takes, and the frame in which every verb runs.

import ArgumentParser
import Foundation
import Glibc
import VaultAPI
import VaultClient
import VaultFormat

struct CommonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The socket to speak to.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "A file with an access token, which only its owner may read; for the images socket.",
            valueName: "path"), completion: .file())
    var tokenFile: String?

    @Flag(help: "One line of JSON a result.")
    var json = false

    /// The socket of a door: named, or in the vault's run-time directory.
    private func path(_ door: Door) throws(ClientError) -> SocketPath {
        if let socket { return try SocketPath(socket) }
        return try SocketPath(directory: Self.directory, door: door)
    }

    /// What the token's file has, if one is named: a secret that others can read is none any more.
    private func token() throws -> BearerText? {
        guard let tokenFile else { return nil }
        // Looked at as it is opened: a name may lead elsewhere the next time.
        guard let file = FileHandle(forReadingAtPath: tokenFile) else {
            Output.note("vaultctl: \(tokenFile) cannot be opened")
            throw ExitCode(ExitKind.other.rawValue)
        }
        var facts = stat()
        guard unsafe fstat(file.fileDescriptor, &facts) == 0, facts.st_mode & 0o077 == 0 else {
            Output.note("vaultctl: others may read \(tokenFile): make it mode 600")
            throw ExitCode(ExitKind.other.rawValue)
        }
        guard let data = try? file.read(upToCount: 256),
            let text = String(data: data, encoding: .utf8),
            let token = try? BearerText(parsing: text.trimmingCharacters(in: .newlines)),
            token.kind == .token
        else {
            Output.note("vaultctl: \(tokenFile) has no access token: ivt_ and 49 letters")
            throw ExitCode(ExitKind.other.rawValue)
        }
        return token
    }

    private static var directory: String {
        // The environment lends its text; nothing here changes it.
        guard let value = unsafe getenv("IMAGEVAULT_DIR"), unsafe value.pointee != 0 else {
            return "/run/imagevault"
        }
        return unsafe String(cString: value)
    }

    /// Runs a verb against a door; a failure is told once, here.
    ///
    /// - Throws: `ExitCode`.
    func session(
        _ door: Door, approval: ApprovalID? = nil,
        _ verb: @escaping @Sendable (VaultClient) async throws -> Void
    ) async throws {
        do {
            try await VaultClient.with(path(door), token: token(), approval: approval, verb)
        } catch let error as ClientError {
            tell(error)
            if case .refused(let problem) = error, let asked = problem.approval, !json {
                Output.note(ApprovalOptions.advice(asked))
            }
            throw ExitCode(ExitKind(error).rawValue)
        }
    }

    /// Asks a door something that can also be left unsaid.
    func asking<Result: Sendable>(
        _ door: Door, _ verb: @escaping @Sendable (VaultClient) async throws -> Result
    ) async throws -> Result {
        try await VaultClient.with(path(door), token: token(), verb)
    }

    /// Tells a failure on standard error; `subject` is the file or image it is about.
    func tell(_ error: ClientError, about subject: String? = nil) {
        if json {
            Output.noteJSON(FailureLine(error, subject: subject))
        } else if case .file(let fault) = error {
            // It names its path itself.
            Output.note("vaultctl: \(fault)")
        } else {
            let prefix = subject.map { "\($0): " } ?? "vaultctl: "
            Output.note(prefix + error.description)
        }
    }
}

/// What takes a second person where the settings say so.
struct ApprovalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The approval of exactly this, where the settings have two_person for it.",
            valueName: "id"))
    var approval: ApprovalID?

    static func advice(_ asked: ApprovalNotice) -> String {
        """
        Another admin looks at it and says: vaultctl approvals approve \(asked.id.hex) \(asked.digest.hex)
        Then come again with: --approval \(asked.id.hex)
        """
    }
}

/// Which claim a verb is about.
struct ClaimOptions: ParsableArguments {
    @Option(help: "The job: 1 to 64 of A-Z a-z 0-9 _ -.")
    var job: JobID?

    @Option(help: "The owner: 1 to 64 of A-Z a-z 0-9 _ -.")
    var owner: OwnerID?

    var claim: Claim { Claim(owner: owner, job: job) }
}

/// A failure as a line of JSON: the vault's problem document where there is one.
private struct FailureLine: Encodable {
    let subject: String?
    let code: String
    let message: String
    let problem: ProblemDocument?

    init(_ error: ClientError, subject: String?) {
        self.subject = subject
        code = error.code
        message = error.description
        if case .refused(let document) = error {
            problem = document
        } else {
            problem = nil
        }
    }
}
