// Listings that are read to their end.

import VaultAPI
import VaultFormat

enum Pages {
    /// The rows of all pages, in their order.
    ///
    /// - Parameter read: gives the rows of one page, and where the next begins.
    static func all<Row>(
        _ read: (PageQuery) async throws -> (rows: [Row], next: PageCursor?)
    ) async throws -> [Row] {
        var page = PageQuery(limit: Limits.pageRows)
        var rows: [Row] = []
        repeat {
            let found = try await read(page)
            rows += found.rows
            // A vault that repeats a cursor would keep us here for ever.
            guard found.next != page.after || found.next == nil else { break }
            page.after = found.next
        } while page.after != nil
        return rows
    }
}
