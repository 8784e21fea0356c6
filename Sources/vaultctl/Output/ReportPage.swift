// The page of a report: the verifier of Tools/verify.html, with a bundle in it.
//
// Nothing of a report is written here: the page shows what it reads in its bundle, once that holds.

import CVaultResources
import VaultFormat

enum ReportPage {
    /// Where the verifier has room for a bundle.
    private static let room = Array("<!-- bundle -->\n".utf8)

    /// What stands in front of the bundle's lines, and behind them.
    static let front = parts.front
    static let back = parts.back

    private static let parts: (front: [UInt8], back: [UInt8]) = {
        let file = unsafe vault_verifier_page()
        // Bytes of the program, which last.
        let page = unsafe Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
        guard let room = page.firstRange(of: room) else {
            preconditionFailure("the verifier has no room for a bundle")
        }
        return (
            page[..<room.lowerBound] + Array("\(BundlePage.opening)\n".utf8),
            Array("\(BundlePage.closing)\n".utf8) + page[room.upperBound...]
        )
    }()
}
