/// Rows under a heading, columns aligned, the last one left ragged.
struct Table {
    enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// - Parameter columns: heading and alignment of each.
    init(_ columns: [(heading: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.heading)]
    }

    /// - Parameter cells: one a column; they are cleaned here.
    mutating func add(_ cells: [String]) {
        rows.append(cells.map(TerminalText.field))
    }

    var lines: [String] {
        let widths = alignments.indices.map { column in
            rows.map { TerminalText.columns($0[column]) }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.indices.map { column in
                let gap = String(
                    repeating: " ", count: widths[column] - TerminalText.columns(row[column]))
                switch alignments[column] {
                case .right: return gap + row[column]
                case .left: return column == row.count - 1 ? row[column] : row[column] + gap
                }
            }
            return cells.joined(separator: "  ")
        }
    }

    /// Names and values, a pair a line.
    static func pairs(_ pairs: [(name: String, value: String)]) -> [String] {
        let width = pairs.map(\.name.count).max() ?? 0
        return pairs.map { pair in
            let gap = String(repeating: " ", count: width - pair.name.count)
            return "\(pair.name)\(gap)  \(TerminalText.field(pair.value))"
        }
    }
}
