/// Which tile of the log's tree a path asks for, as C2SP `tlog-tiles` spells it.
package struct TilePath: Hashable, Sendable {
    package static let width = 256

    /// Nil for leaves' data; 0 for their hashes, and so on upwards.
    package let level: Int?
    package let place: UInt64
    /// How many hashes it has: fewer than 256 at the tree's right edge.
    package let width: Int

    package init(level: Int?, place: UInt64, width: Int = TilePath.width) {
        self.level = level
        self.place = place
        self.width = width
    }

    /// - Parameter segments: what stands behind `tile`.
    /// - Returns: nil for what names no tile in its one spelling.
    package init?(_ segments: [String]) {
        guard let first = segments.first else { return nil }
        let level = Int(first).flatMap { (0...7).contains($0) ? $0 : nil }
        guard first == "entries" || level.map({ String($0) }) == first else { return nil }
        var groups = Array(segments.dropFirst())
        var width = Self.width
        if groups.count > 1, groups[groups.count - 2].hasSuffix(".p") {
            guard let partial = Int(groups.removeLast()), (1..<Self.width).contains(partial) else {
                return nil
            }
            width = partial
            groups[groups.count - 1].removeLast(2)
        }
        let digits = groups.joined().filter { $0 != "x" }
        guard let place = UInt64(digits), place < 1 << 56 else { return nil }
        self.init(level: level, place: place, width: width)
        // Other spellings of the same are none.
        guard self.segments == segments else { return nil }
    }

    package var segments: [String] {
        let digits = String(place)
        let padded = String(repeating: "0", count: (3 - digits.utf8.count % 3) % 3) + digits
        var groups: [String] = []
        var rest = padded[...]
        while !rest.isEmpty {
            groups.append((rest.utf8.count > 3 ? "x" : "") + rest.prefix(3))
            rest = rest.dropFirst(3)
        }
        if width < Self.width {
            groups[groups.count - 1] += ".p"
            groups.append(String(width))
        }
        return [level.map { String($0) } ?? "entries"] + groups
    }
}
