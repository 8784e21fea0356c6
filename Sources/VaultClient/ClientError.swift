// Why a call did not succeed. Each case has a stable code and a sentence that says what to do.

import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
package import VaultAPI
import VaultFormat

package enum ClientError: Error, Hashable, Sendable {
    /// The vault's own answer, with its code.
    case refused(ProblemDocument)
    // The socket.
    case socketPathTooLong(String)
    case socketMissing(SocketPath)
    case socketRefused(SocketPath)
    case socketForbidden(SocketPath)
    case notASocket(SocketPath)
    // The exchange.
    case timedOut(SocketPath)
    case connectionBroken(SocketPath)
    /// A body that ended early: the connection broke, or the vault met damage and cut it.
    case answerIncomplete(received: Int, expected: Int)
    /// An answer that is not in the contract: the other side is no vault, or a far newer one.
    case answerNotUnderstood(status: UInt)
    case cancelled
    // Files on this side.
    case file(FileFault)
}

/// What went wrong with a local file.
package struct FileFault: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// An operating system error, by its number.
        case system(Int32)
        case notRegular
        /// It became shorter while it was sent.
        case changed
        /// Its name cannot be stored.
        case unusableName
    }

    package let path: String
    package let reason: Reason

    package init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

extension ClientError {
    /// The registry's code for a refusal, otherwise the client's own.
    package var code: String {
        switch self {
        case .refused(let problem): problem.code
        case .socketPathTooLong: "socket-path-too-long"
        case .socketMissing: "socket-missing"
        case .socketRefused: "socket-refused"
        case .socketForbidden: "socket-forbidden"
        case .notASocket: "not-a-socket"
        case .timedOut: "timed-out"
        case .connectionBroken: "connection-broken"
        case .answerIncomplete: "answer-incomplete"
        case .answerNotUnderstood: "answer-not-understood"
        case .cancelled: "cancelled"
        case .file: "file"
        }
    }

    /// For a failed system call on the socket.
    init(_ number: Int32, socket: SocketPath) {
        switch number {
        case ENOENT, ENOTDIR: self = .socketMissing(socket)
        case EACCES, EPERM: self = .socketForbidden(socket)
        case ECONNREFUSED: self = .socketRefused(socket)
        default: self = .connectionBroken(socket)
        }
    }

    /// For whatever the HTTP library threw.
    init(_ error: any Error, socket: SocketPath) {
        switch error {
        case let known as ClientError: self = known
        case is CancellationError: self = .cancelled
        case let known as IOError: self.init(known.errnoCode, socket: socket)
        case is HTTPParserError: self = .connectionBroken(socket)
        case let known as HTTPClientError: self.init(known, socket: socket)
        default: self = .connectionBroken(socket)
        }
    }

    private init(_ error: HTTPClientError, socket: SocketPath) {
        switch error {
        case .cancelled: self = .cancelled
        case .deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout,
            .getConnectionFromPoolTimeout:
            self = .timedOut(socket)
        default: self = .connectionBroken(socket)
        }
    }
}

extension ClientError: CustomStringConvertible {
    /// One or two sentences. They quote paths and the vault's words: clean them for a terminal.
    package var description: String {
        switch self {
        case .refused(let problem): Self.text(of: problem)
        case .socketPathTooLong(let path):
            "The socket's path must have 1 to \(Limits.socketPathBytes) bytes: \(path)"
        case .socketMissing(let socket):
            "There is no socket at \(socket). Start vaultd, or name the right place with "
                + "--socket or IMAGEVAULT_DIR."
        case .socketRefused(let socket):
            "Nothing listens at \(socket). Start vaultd; the file is left from one that died."
        case .socketForbidden(let socket):
            "You may not open \(socket). Ask an admin to add you to the socket's group."
        case .notASocket(let socket): "\(socket) is not a socket."
        case .timedOut(let socket): "No answer in time from \(socket). Try again later."
        case .connectionBroken(let socket): "The connection to \(socket) broke. Try again."
        case .answerIncomplete(let received, let expected):
            "The image ended after \(received) of \(expected) bytes and was not kept. Try again; "
                + "if it ends there again, it is damaged: tell an admin."
        case .answerNotUnderstood(let status):
            "The answer (HTTP \(status)) is not a vault's. Check the socket and both versions."
        case .cancelled: "Cancelled."
        case .file(let fault): fault.description
        }
    }

    private static func text(of problem: ProblemDocument) -> String {
        var text = problem.title + "."
        if let finding = problem.finding {
            let place = finding.offset.map { " at byte \($0)" } ?? ""
            text += " Finding: \(finding.code)\(place)."
        }
        if let detail = problem.detail { text += " \(detail)" }
        if let asked = problem.approval {
            text += " Asked for until \(asked.expires.wireText): \(asked.words)."
        }
        return "\(text) \(problem.fix) (\(problem.code), request \(problem.requestID))"
    }
}

extension FileFault: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .system(let number):
            // The text is the C library's own and lives until the next call on this thread.
            "\(path): \(unsafe String(cString: strerror(number)))"
        case .notRegular: "\(path): not a regular file"
        case .changed: "\(path): became shorter while it was sent"
        case .unusableName: "\(path): cannot be stored under its name; rename it"
        }
    }
}
