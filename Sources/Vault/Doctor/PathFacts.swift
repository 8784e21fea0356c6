// Where a path leads, and what it leads through: whoever may change any of that decides what is found there.

package struct PathFacts: Hashable, Sendable {
    /// As it was named.
    package var path: String
    /// What is found in the end, which is no link; nil where nothing is, or it cannot be seen.
    package var target: FileFacts?
    /// The directories and links that are gone through, from the root on, each once.
    package var way: [FileFacts]
    /// What the target lies on; nil where it cannot be seen.
    package var place: PlaceFacts?

    package init(
        path: String, target: FileFacts?, way: [FileFacts] = [], place: PlaceFacts? = nil
    ) {
        self.path = path
        self.target = target
        self.way = way
        self.place = place
    }

    /// How somebody else than root and this user could change what is found, or put something else in its place.
    func openings(to uid: UInt32) -> [String] {
        let own = target?.openings(to: uid) ?? []
        return own + way.flatMap { $0.openings(to: uid, onWay: true) }
    }
}

extension FileFacts {
    var modeText: String { String(mode, radix: 8) }

    func isOwned(by uid: UInt32) -> Bool { self.uid == uid || self.uid == 0 }

    /// - Parameter onWay: whether it is a directory or a link that leads on.
    fileprivate func openings(to uid: UInt32, onWay: Bool = false) -> [String] {
        let owner = isOwned(by: uid) ? [] : ["\(path) belongs to uid \(self.uid)"]
        // A link has no mode of its own: its owner and its directory decide.
        guard !isLink, mode & 0o022 != 0 else { return owner }
        guard onWay else { return owner + ["\(path) has mode \(modeText)"] }
        // In a sticky directory nobody takes away what somebody else put there; whose that is, is looked at.
        guard mode & 0o1000 == 0 else { return owner }
        return owner + ["others may put another file into \(path), mode \(modeText)"]
    }
}

extension Sequence<String> {
    /// Each once, in the order in which they came: several paths lead through one directory.
    var once: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
