// Bundles, checked line by line with public keys and nothing else. BundleFormat §3.

package import VaultFormat

/// What a reader trusts and wants to see.
package struct BundleTrust: Sendable {
    /// The log's keys, the first one first.
    package var keys: [NoteVerifier]
    /// Where there is one, only the key that has it is trusted.
    package var fingerprint: String?
    /// A checkpoint from before, of which the bundle has to be the continuation.
    package var known: String?
    package var witnesses: [WitnessVerifier] = []
    /// How many of the witnesses have to have signed.
    package var witnessesNeeded = 0

    package init(keys: [NoteVerifier]) { self.keys = keys }
}

/// The rule that does not hold, and where.
package struct BundleFault: Error, Hashable, Sendable {
    package enum Rule: String, Sendable, CaseIterable {
        case fingerprint, form, place, range, content, vault, signature, size, root
        case knownSignature = "known-signature"
        case knownVault = "known-vault"
        case rolledBack = "rolled-back"
        case notPassed = "not-passed"
        case forked, witnesses
    }

    package let rule: Rule
    /// The leaf at which it fails.
    package let index: UInt64
    package let words: String
}

/// What a bundle that holds says.
package struct BundleSummary: Hashable, Sendable {
    package let heading: BundleHeading
    package let events: UInt64
    package let erased: UInt64
    package let size: UInt64
    package let root: Digest256
    /// Of the key that signed the checkpoint.
    package let fingerprint: String
    package let witnesses: [String]
}

/// Takes a bundle's lines in their order, each once, and keeps one hash for each bit of the log's size.
package struct BundleVerifier: Sendable {
    private enum Part { case heading, items, checkpoint }

    private var trust: BundleTrust
    private var knownNote: SignedNote?
    private var known: Checkpoint?
    private var part = Part.heading
    private var headingText = ""
    private var heading: BundleHeading?
    private var frontier = MerkleFrontier.empty
    private var rootWhenKnown: Digest256?
    private var events: UInt64 = 0
    private var erased: UInt64 = 0
    private var note: [UInt8] = []

    /// - Throws: ``BundleFault`` `fingerprint`.
    package init(_ trust: BundleTrust) throws(BundleFault) {
        self.trust = trust
        if let wanted = trust.fingerprint {
            self.trust.keys = trust.keys.filter { $0.fingerprint == wanted }
            guard !self.trust.keys.isEmpty else {
                throw fault(.fingerprint, "no key of the key file has this fingerprint")
            }
        }
        knownNote = trust.known.flatMap { try? SignedNote(parsing: $0) }
        known = knownNote.flatMap { try? Checkpoint(parsing: $0.text) }
    }

    /// - Parameter line: without its newline.
    package mutating func take(_ line: ArraySlice<UInt8>) throws(BundleFault) {
        // With its newline.
        guard line.count < Limits.bundleLineBytes else { throw fault(.form, "a line is too long") }
        switch part {
        case .heading: try takeHeading(line)
        case .items where line.isEmpty:
            passKnown()
            part = .checkpoint
        case .items: try takeItem(line)
        case .checkpoint:
            guard note.count + line.count < Limits.bundleNoteBytes else {
                throw fault(.form, "the checkpoint is too long")
            }
            note += line
            note.append(UInt8(ascii: "\n"))
        }
    }

    /// - Parameter rest: bytes behind the last newline.
    package mutating func finish(rest: Int) throws(BundleFault) -> BundleSummary {
        guard part == .checkpoint, rest == 0, let heading else {
            throw fault(.form, "the bundle ends before its checkpoint does")
        }
        let signed = try parsed("the checkpoint") { [note] () throws(FormatError) in
            guard let text = String(validating: note, as: UTF8.self) else {
                throw .invalidText(field: "note")
            }
            let note = try SignedNote(parsing: text)
            return (note: note, checkpoint: try Checkpoint(parsing: note.text))
        }
        guard heading.from <= heading.to, heading.to <= frontier.size else {
            throw fault(.range, "the range ends behind the log")
        }
        guard signed.checkpoint.origin == Checkpoint.origin(of: heading.vault) else {
            throw fault(.vault, "the checkpoint is another vault's")
        }
        guard let key = trust.keys.first(where: { $0.verifies(signed.note) })
        else { throw fault(.signature, "no key that is trusted signed the checkpoint") }
        guard signed.checkpoint.size == frontier.size else {
            throw fault(.size, "the checkpoint is of \(signed.checkpoint.size) events")
        }
        let root = root
        guard signed.checkpoint.root == root else {
            throw fault(.root, "what is shown or folded is not what was signed")
        }
        try checkKnown(heading.vault)
        return BundleSummary(
            heading: heading, events: events, erased: erased, size: frontier.size, root: root,
            fingerprint: key.fingerprint, witnesses: try checkWitnesses(signed.note))
    }

    // MARK: Lines

    private mutating func takeHeading(_ line: ArraySlice<UInt8>) throws(BundleFault) {
        guard line.isEmpty else {
            guard headingText.utf8.count + line.count < Limits.bundleHeadingBytes,
                line.allSatisfy({ (0x20...0x7E).contains($0) })
            else { throw fault(.form, "the heading is no bundle's") }
            headingText += String(decoding: line, as: UTF8.self) + "\n"
            return
        }
        let text = headingText
        heading = try parsed("the heading") { () throws(FormatError) in
            try BundleHeading(parsing: text)
        }
        part = .items
    }

    private mutating func takeItem(_ line: ArraySlice<UInt8>) throws(BundleFault) {
        passKnown()
        let item = try parsed("a line") { () throws(FormatError) in
            try BundleItem(parsing: line)
        }
        switch item {
        case .node(let height, let hash): try take(hash, height)
        case .event(let salt, let content, let body): try take(salt, content, body)
        case .erased(let content):
            try checkLeaf()
            erased += 1
            append(content)
        }
    }

    private mutating func take(_ hash: Digest256, _ height: Int) throws(BundleFault) {
        let leaves: UInt64 = 1 << UInt64(height)
        let (end, first) = (frontier.size + leaves, frontier.size)
        guard first.isMultiple(of: leaves), end <= BundleItem.mostLeaves else {
            throw fault(.place, "a node does not begin at a multiple of its leaves")
        }
        if let heading, heading.query == nil,
            max(first, heading.from) < min(end, heading.to)
        {
            throw fault(.range, "an event of the range is not shown")
        }
        frontier.append(hash, height: height, hash: LogHash.node)
    }

    private mutating func take(
        _ salt: [UInt8], _ content: Digest256, _ body: ArraySlice<UInt8>
    ) throws(BundleFault) {
        let start = Array("{\"index\":\(frontier.size),".utf8)
        guard body.starts(with: start) else {
            throw fault(.place, "an event of another index stands here")
        }
        try checkLeaf()
        guard LogHash.content(salt: salt, body: body) == content else {
            throw fault(.content, "the event's salt and body are not what the tree holds")
        }
        events += 1
        append(content)
        let action = body.dropFirst(start.count + Self.beforeAction)
        if action.starts(with: Self.succession) { follow(body) }
    }

    private static let beforeAction = "\"at\":\"0000-00-00T00:00:00.000000Z\",".utf8.count
    private static let succession = Array("\"action\":\"log-key.rotated\"".utf8)

    private func checkLeaf() throws(BundleFault) {
        guard frontier.size < BundleItem.mostLeaves else {
            throw fault(.place, "the log is too long")
        }
        if let heading, !(heading.from..<max(heading.from, heading.to)).contains(frontier.size) {
            throw fault(.range, "an event stands outside the range")
        }
    }

    private mutating func append(_ content: Digest256) {
        frontier.append(LogHash.leaf(content), hash: LogHash.node)
    }

    /// Trusts the key that a trusted one says takes its place.
    private mutating func follow(_ body: ArraySlice<UInt8>) {
        guard let note = try? EventFields(parsing: body).text("note"),
            let signed = try? SignedNote(parsing: note),
            let succession = try? LogKeySuccession(parsing: signed.text),
            let old = try? NoteVerifier(line: succession.old), trust.keys.contains(old),
            let new = try? NoteVerifier(line: succession.new), new.name == old.name,
            succession.origin == old.name, signed.signatures.count == 2,
            old.verifies(signed, at: 0), new.verifies(signed, at: 1), !trust.keys.contains(new)
        else { return }
        trust.keys.append(new)
    }

    // MARK: What the reader brings along

    private mutating func passKnown() {
        if rootWhenKnown == nil, frontier.size == known?.size { rootWhenKnown = root }
    }

    private func checkKnown(_ vault: VaultID) throws(BundleFault) {
        guard trust.known != nil else { return }
        guard let note = knownNote, let known, trust.keys.contains(where: { $0.verifies(note) })
        else {
            throw fault(.knownSignature, "no key that is trusted signed the known checkpoint")
        }
        guard known.origin == Checkpoint.origin(of: vault) else {
            throw fault(.knownVault, "the known checkpoint is another vault's")
        }
        guard known.size <= frontier.size else {
            throw fault(.rolledBack, "the known checkpoint is of \(known.size) events")
        }
        guard let rootWhenKnown else {
            throw fault(.notPassed, "the bundle does not show the log at \(known.size) events")
        }
        guard rootWhenKnown == known.root else {
            throw fault(.forked, "at \(known.size) events this log was another")
        }
    }

    private func checkWitnesses(_ note: SignedNote) throws(BundleFault) -> [String] {
        let names = Set(trust.witnesses).filter { $0.verifies(note) }.map(\.name).sorted()
        guard names.count >= trust.witnessesNeeded else {
            throw fault(.witnesses, "\(names.count) of the witnesses signed")
        }
        return names
    }

    private var root: Digest256 { frontier.root(hash: LogHash.node) ?? LogHash.empty }

    private func fault(_ rule: BundleFault.Rule, _ words: String) -> BundleFault {
        BundleFault(rule: rule, index: frontier.size, words: words)
    }

    private func parsed<R>(
        _ what: String, _ body: () throws(FormatError) -> R
    ) throws(BundleFault) -> R {
        do {
            return try body()
        } catch {
            throw notInForm(what, error)
        }
    }

    func notInForm(_ what: String, _ error: FormatError) -> BundleFault {
        fault(.form, "\(what) is not in its form (\(error.code))")
    }
}
