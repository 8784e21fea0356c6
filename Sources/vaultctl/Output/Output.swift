// The two streams: results on one, everything said to a person on the other.
//
// Whatever reaches a stream is clean: text passes TerminalText, JSON is plain ASCII.

import Glibc
import VaultAPI
import VaultClient

enum Output {
    static var resultsAreOnTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    static var notesAreOnTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// One result, or several lines of one.
    static func line(_ text: String) {
        write(TerminalText.clean(text) + "\n", to: STDOUT_FILENO)
    }

    /// Help, version and completion scripts as the argument parser made them: our own words, in
    /// which tabs are meant.
    static func parserText(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// Something for the person.
    static func note(_ text: String) {
        write(TerminalText.clean(text) + "\n", to: STDERR_FILENO)
    }

    /// A value as one line of ASCII.
    static func json(_ value: some Encodable) {
        write(jsonLine(value), to: STDOUT_FILENO)
    }

    static func noteJSON(_ value: some Encodable) {
        write(jsonLine(value), to: STDERR_FILENO)
    }

    /// Control sequences of our own, to the terminal that notes go to.
    static func control(_ sequence: String) {
        write(sequence, to: STDERR_FILENO)
    }

    /// One line on the terminal that notes go to, in the place of what was drawn there before.
    static func draw(_ text: String) {
        control("\r\u{1B}[K" + TerminalText.field(text))
    }

    private static func jsonLine(_ value: some Encodable) -> String {
        guard let bytes = try? WireJSON.encode(value) else { return "" }
        return TerminalText.asciiJSON(String(decoding: bytes, as: UTF8.self)) + "\n"
    }

    private static func write(_ text: String, to descriptor: CInt) {
        do throws(ClientError) {
            try writeAll(text, to: descriptor, name: "output")
        } catch {
            // Nobody reads any more: there is no one left to tell, and nothing left to do.
            if descriptor == STDOUT_FILENO { Glibc.exit(ExitKind.other.rawValue) }
        }
    }
}
