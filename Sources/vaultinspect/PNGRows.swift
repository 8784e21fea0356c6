// The rows that a PNG's pixels inflate to: each begins with a filter byte, which is 0 to 4 (PNG
// 3rd edition §9.2). Interlaced pictures have seven passes with rows of their own (§8.2).

struct PNGRows {
    /// Bytes of one row with its filter byte, and how many such rows follow each other.
    private struct Pass {
        let rowBytes: Int
        let rows: Int
    }

    private var passes: [Pass]
    private var passIndex = 0
    private var rowIndex = 0
    /// Bytes until the next filter byte.
    private var untilFilter = 0

    /// Sizes are those of a walked header: far from overflow.
    init(width: Int, height: Int, bitsPerPixel: Int, isInterlaced: Bool) {
        let grids: [(x: Int, y: Int, dx: Int, dy: Int)] =
            isInterlaced
            ? [
                (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                (1, 0, 2, 2), (0, 1, 1, 2),
            ] : [(0, 0, 1, 1)]
        passes = grids.compactMap { grid in
            let columns = (width - grid.x + grid.dx - 1) / grid.dx
            let rows = (height - grid.y + grid.dy - 1) / grid.dy
            guard columns > 0, rows > 0 else { return nil }
            return Pass(rowBytes: 1 + (columns * bitsPerPixel + 7) / 8, rows: rows)
        }
    }

    /// False at a filter byte that does not exist, or at a byte beyond the last row.
    mutating func take(_ piece: borrowing Span<UInt8>) -> Bool {
        var index = untilFilter
        while index < piece.count {
            guard passIndex < passes.count, piece[index] <= 4 else { return false }
            let pass = passes[passIndex]
            index += pass.rowBytes
            rowIndex += 1
            if rowIndex == pass.rows { (passIndex, rowIndex) = (passIndex + 1, 0) }
        }
        untilFilter = index - piece.count
        return true
    }
}
