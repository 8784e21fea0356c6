// A bundle as it arrives: kept, turned into another format, and counted.

import Glibc
import NIOCore
import VaultAPI
import VaultClient
import VaultFormat

/// Takes the pieces of one export, in order, on one task.
final class ExportSink {
    private enum Part { case heading, items, checkpoint }

    private let format: ExportFormat
    private var output: DownloadFile?
    /// Where the bundle goes into a page.
    private var page: BundlePageWriter?
    private var proof: DownloadFile?
    private var lines = LineSplitter()
    private var part = Part.heading
    private var headingText = ""
    private var heading: BundleHeading?
    private var index: UInt64 = 0
    private var events = 0
    private var note = ""
    private let started = ContinuousClock.now
    private var drawn: ContinuousClock.Instant?

    init(_ format: ExportFormat, output: String?, proof: String?) throws(ClientError) {
        self.format = format
        if let output { self.output = try DownloadFile(target: output) }
        if let proof { self.proof = try DownloadFile(target: proof) }
        if let first = format.firstLine { try write(ByteBuffer(string: first)) }
    }

    /// Keeps the bundle in a report.
    init(report: String) throws(ClientError) {
        format = .bundle
        output = try DownloadFile(target: report)
        page = BundlePageWriter()
        try write(ByteBuffer(bytes: ReportPage.front))
    }

    func take(_ bytes: ByteBuffer) throws(ClientError) {
        try proof?.write(bytes)
        if format == .bundle { try keep(bytes) }
        lines.feed(bytes.readableBytesView)
        var text: [UInt8] = []
        while let line = lines.next() { try take(line, &text) }
        guard lines.rest <= Limits.bundleLineBytes else { throw broken }
        if !text.isEmpty { try write(ByteBuffer(bytes: text)) }
        draw()
    }

    /// - Throws: ``ClientError`` for a bundle that ended early: no file is left of it.
    func finish(_ socket: SocketPath) throws(ClientError) {
        if drawn != nil { Output.control("\r\u{1B}[K") }
        guard part == .checkpoint, lines.rest == 0, let note = try? SignedNote(parsing: note),
            (try? Checkpoint(parsing: note.text))?.size == index
        else { throw .connectionBroken(socket) }
        if let last = page?.finish() { try write(ByteBuffer(bytes: last + ReportPage.back)) }
        try output.take()?.keep()
        try proof.take()?.keep()
        Output.note(Units.count(events, "event") + " of \(index) in the log")
    }

    /// What no vault sends.
    private var broken: ClientError { .answerNotUnderstood(status: 200) }

    private func take(_ line: ArraySlice<UInt8>, _ text: inout [UInt8]) throws(ClientError) {
        switch part {
        case .heading where line.isEmpty:
            guard let heading = try? BundleHeading(parsing: headingText),
                heading.from <= heading.to
            else { throw broken }
            self.heading = heading
            part = .items
        case .heading:
            headingText += String(decoding: line, as: UTF8.self) + "\n"
            guard headingText.utf8.count <= Limits.bundleHeadingBytes else { throw broken }
        case .items where line.isEmpty: part = .checkpoint
        case .items:
            // Whether it is true is the verifier's to say; an event that is left out would be nobody's.
            switch try? BundleItem(parsing: line) {
            case .node(let height, _): try pass(1 << UInt64(height))
            case .event(_, _, let body):
                guard let fields = try? EventFields(parsing: body) else { throw broken }
                try count()
                text += format.line(fields, body: body)
            case .erased:
                text += format.line(withoutBody: index)
                try count()
            case nil: throw broken
            }
        case .checkpoint:
            note += String(decoding: line, as: UTF8.self) + "\n"
            guard note.utf8.count <= Limits.bundleNoteBytes else { throw broken }
        }
    }

    private func count() throws(ClientError) {
        try pass(1)
        events += 1
    }

    /// No log is so long that its places do not fit.
    private func pass(_ leaves: UInt64) throws(ClientError) {
        let (next, isBeyond) = index.addingReportingOverflow(leaves)
        guard !isBeyond else { throw broken }
        index = next
    }

    private func keep(_ bytes: ByteBuffer) throws(ClientError) {
        let lines = page?.take(bytes.readableBytesView)
        try write(lines.map { ByteBuffer(bytes: $0) } ?? bytes)
    }

    private func write(_ bytes: ByteBuffer) throws(ClientError) {
        if output != nil {
            try output?.write(bytes)
        } else {
            try writeAll(bytes, to: STDOUT_FILENO, name: "output")
        }
    }

    // MARK: Progress

    private static let drawsEvery = Duration.milliseconds(100)

    private func draw() {
        let now = ContinuousClock.now
        guard let heading, Output.notesAreOnTerminal, now - started > .milliseconds(500),
            drawn.map({ now - $0 > Self.drawsEvery }) ?? true
        else { return }
        drawn = now
        let whole = max(heading.to - heading.from, 1)
        let done = min(max(index, heading.from) - heading.from, whole)
        let share = Int(done * 100 / whole)
        let bar = String(repeating: "#", count: share / 5)
        let rate = Double(done) / ((now - started) / .seconds(1))
        let left = rate > 0 ? Int(Double(whole - done) / rate) : 0
        Output.draw(
            "[\(bar)\(String(repeating: "-", count: 20 - share / 5))] \(share) %  "
                + "\(done) of \(whole) events  \(Units.clock(seconds: left)) left")
    }
}
