// A file that is to be checked: a bundle, or a page that carries one. BundleFormat §6.

import VaultFormat

/// Takes a file's bytes as they come, and judges its bundle.
package struct BundleFile: Sendable {
    private var verifier: BundleVerifier
    private var lines = LineSplitter()
    private var isBegun = false
    /// Where the file is a page: what finds the bundle in it, and the lines of that.
    private var page: BundlePageReader?
    private var carried = LineSplitter()

    /// - Throws: ``BundleFault`` `fingerprint`.
    package init(_ trust: BundleTrust) throws(BundleFault) {
        verifier = try BundleVerifier(trust)
    }

    package mutating func feed(_ bytes: some Sequence<UInt8>) throws(BundleFault) {
        lines.feed(bytes)
        var found: [UInt8] = []
        var fault: FormatError?
        while fault == nil, let line = lines.next() {
            if !isBegun {
                isBegun = true
                if line.elementsEqual(BundlePage.firstLine.utf8) {
                    page = BundlePageReader()
                    continue
                }
            }
            do throws(FormatError) {
                if let bytes = try page?.take(line) { found += bytes }
            } catch {
                fault = error
            }
            if page == nil { try verifier.take(line) }
        }
        if page != nil { try take(found) }
        if let fault { throw verifier.notInForm("the page", fault) }
        // A line without an end is no line.
        if lines.rest > Limits.bundleLineBytes { try verifier.take(lines.unfinished) }
    }

    /// - Returns: what holds, once the whole file was fed.
    package mutating func finish() throws(BundleFault) -> BundleSummary {
        do throws(FormatError) {
            try page?.finish(rest: lines.rest)
        } catch {
            throw verifier.notInForm("the page", error)
        }
        return try verifier.finish(rest: page == nil ? lines.rest : carried.rest)
    }

    /// What comes next of the bundle that a page carries.
    private mutating func take(_ bytes: [UInt8]) throws(BundleFault) {
        carried.feed(bytes)
        while let line = carried.next() { try verifier.take(line) }
        if carried.rest > Limits.bundleLineBytes { try verifier.take(carried.unfinished) }
    }
}
