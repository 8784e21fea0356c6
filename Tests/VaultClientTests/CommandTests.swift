import Foundation
import Testing
import VaultAPI
import VaultClient
import VaultFormat

@testable import vaultctl

@Suite("The command line")
struct CommandTests {
    @Test(
        "text from elsewhere cannot act on a terminal",
        arguments: [
            ("a\u{1B}[31mb", "a\\u{1b}[31mb"), ("a\rb", "a\\u{d}b"), ("\u{9B}1m", "\\u{9b}1m"),
            ("x\u{202E}gpj.exe", "x\\u{202e}gpj.exe"), ("\u{2066}", "\\u{2066}"),
            ("\u{2028}", "\\u{2028}"), ("\u{200B}", "\\u{200b}"), ("\u{7F}", "\\u{7f}"),
            ("caf\u{E9} \u{65E5}", "caf\u{E9} \u{65E5}"),
        ])
    func clean(text: String, shown: String) {
        #expect(TerminalText.clean(text) == shown)
    }

    @Test("a field cannot start a line of its own")
    func field() {
        #expect(TerminalText.field("a\nb") == "a\\u{a}b")
    }

    @Test("JSON is plain ASCII and means the same")
    func asciiJSON() throws {
        let text = "\u{E9}\u{1F600}\u{202E}\u{9B}\u{7F}"
        let json = String(decoding: try WireJSON.encode([text]), as: UTF8.self)
        let ascii = TerminalText.asciiJSON(json)
        #expect(ascii.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(try WireJSON.decode([String].self, from: ascii.utf8) == [text])
    }

    @Test("columns line up, also under wide characters")
    func table() {
        var table = Table([("N", .right), ("A", .left), ("B", .left)])
        table.add(["1", "\u{65E5}", "x"])
        table.add(["20", "ab", "y\n"])
        #expect(table.lines == [" N  A   B", " 1  \u{65E5}  x", "20  ab  y\\u{a}"])
    }

    @Test(
        "sizes have one digit after the point",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1250, "1.3 kB"), (999_949, "999.9 kB"),
            (999_950, "1.0 MB"), (34_500_000, "34.5 MB"), (7_000_000_000_000, "7.0 TB"),
        ])
    func sizes(bytes: Int, text: String) {
        #expect(Units.bytes(bytes) == text)
    }

    @Test(
        "spans show two units",
        arguments: [(0, "0 s"), (6, "6 s"), (306, "5 min 6 s"), (93_784, "1 d 2 h")])
    func spans(seconds: Int, text: String) {
        #expect(Units.span(seconds: seconds) == text)
    }

    @Test("every error code has the exit code that the help promises")
    func exitCodes() throws {
        let request = try RequestID(bytes: Array(0..<8))
        func exit(_ code: ErrorCode) -> Int32 {
            ExitKind(.refused(ProblemDocument(code, request: request))).rawValue
        }
        #expect(exit(.imageRefused) == 3)
        #expect(exit(.unknownImage) == 4)
        #expect(exit(.notPermitted) == 5)
        #expect(exit(.blobDamaged) == 7)
        // Whatever may succeed later is told so.
        for code in ErrorCode.allCases where code.description.retryable {
            #expect(exit(code) == 6, "\(code)")
        }
        #expect(ExitKind(.answerIncomplete(received: 1, expected: 2)) == .damaged)
    }

    @Test("failures of one kind give its code, different ones the general one")
    func combined() {
        #expect(ExitKind.combined([ExitKind]()) == .done)
        #expect(ExitKind.combined([.notFound, .notFound]) == .notFound)
        #expect(ExitKind.combined([.notFound, .damaged]) == .other)
    }

    @Test("a directory gives its images, in order, without hidden files and links")
    func plan() async throws {
        try await withTemporaryDirectory { root in
            let files = FileManager.default
            try files.createDirectory(atPath: "\(root)/sub", withIntermediateDirectories: true)
            for name in ["b.jpg", "a.PNG", "c.txt", ".d.jpg", "sub/e.jpeg"] {
                try "12".write(toFile: "\(root)/\(name)", atomically: false, encoding: .utf8)
            }
            try files.createSymbolicLink(
                atPath: "\(root)/loop.jpg", withDestinationPath: "\(root)/b.jpg")
            let plan = try UploadPlan([root, "\(root)/none.jpg", "\(root)/c.txt"])
            #expect(plan.items.map(\.name.text) == ["a.PNG", "b.jpg", "e.jpeg", "c.txt"])
            #expect(plan.bytes == 8)
            #expect(plan.passedOver == 2)
            #expect(plan.faults.map(\.path) == ["\(root)/none.jpg"])
        }
    }

    @Test("the status fits one screen of 80 columns and 24 lines")
    func statusScreen() throws {
        let screen = Status.screen(try Samples.status(keys: Samples.keys()), at: 3)
        #expect(screen.count <= 24)
        #expect(screen.allSatisfy { $0.count <= 80 })
        // The longest warning, too.
        var keys = try Samples.keys()
        keys.slots = try (0..<64).map { try Samples.slot(proved: $0 < 32 ? nil : 0) }
        let late = Status.screen(try Samples.status(keys: keys), at: 1_780_000_000_000_000)
        #expect(late.contains { $0.hasPrefix("WARNING") })
        #expect(late.allSatisfy { $0.count <= 80 })
    }

    @Test("a rate is shown to a tenth, and never as nothing where there was something")
    func rates() {
        let shown = [0, 1, 3, 90, 599, 600, 630].map { Units.rate($0, seconds: 60) }
        #expect(shown == ["0", "<0.1", "0.1", "1.5", "10", "10", "11"])
        #expect(Units.rate(5, seconds: 0) == "5.0")
    }

    @Test("the status says what was asked for, and for how long nobody opened what is stored")
    func careAndRates() throws {
        var status = try Samples.status(keys: Samples.keys())
        func line(_ name: String) -> String? {
            Status.screen(status, at: 3).first { $0.hasPrefix(name) }
        }
        #expect(
            line("requests")?.hasSuffix(
                "stored 1.5/s, read 50/s, deleted 0/s, FAILED 0.1/s; 1 connection")
                == true)
        #expect(
            line("verified")?.contains("nothing unverified for over 1 d 1 h; last scrub 1970")
                == true)
        status.care.verified = nil
        #expect(line("verified")?.contains("never, the oldest image is 1 d 1 h old") == true)
        status.care.unverifiedSeconds = nil
        #expect(line("verified")?.hasSuffix("nothing is stored") == true)
    }

    @Test("slots that were never proved, or not for 90 days, are warned of")
    func slotWarnings() throws {
        let (now, day): (Int64, Int64) = (1_780_000_000_000_000, 86_400_000_000)
        func warning(_ proofs: Int64?...) throws -> String? {
            SlotWarning.text(try proofs.map { try Samples.slot(proved: $0) }, at: now)
        }
        #expect(try warning() == nil)
        #expect(try warning(now, now - 90 * day) == nil)
        #expect(try warning(now, nil) == "1 slot never proved: vaultctl slots prove")
        #expect(
            try warning(now, now - 90 * day - 1) == "1 slot not for 90 days: vaultctl slots prove")
        #expect(
            try warning(nil, nil, 0)
                == "2 slots never proved, 1 not for 90 days: vaultctl slots prove")
    }

    @Test("an event is one line, whatever it holds")
    func eventLine() throws {
        let text = #"{"index":3,"at":"2026-03-14T09:26:53.589793Z","action":"x\ny"}"#
        let event = try WireJSON.decode(LoggedEvent.self, from: text.utf8)
        #expect(EventLine.text(event) == "2026-03-14 09:26:53Z  #3  x\\u{a}y  -")
    }
}
