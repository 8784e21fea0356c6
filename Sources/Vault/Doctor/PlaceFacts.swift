// What a file lies on: who takes a disk away, or puts an older one back, has everything that is on it.

package struct PlaceFacts: Hashable, Sendable {
    package enum Medium: Hashable, Sendable {
        /// Whole disks by the kernel's names: partitions and mappings were followed down to them.
        case disks(Set<String>)
        case memory
        /// Another machine's.
        case network
        /// The kernel does not say.
        case unknown
    }

    /// What two places share.
    package enum Common: Hashable, Sendable {
        case fileSystem
        case disks([String])
        case nothing
        /// They are on two file systems; whether those are on one disk, nobody can say.
        case unknown
    }

    /// The number of the file system.
    package var fileSystem: UInt64
    package var medium: Medium

    package init(fileSystem: UInt64, medium: Medium) {
        self.fileSystem = fileSystem
        self.medium = medium
    }

    package func common(with other: PlaceFacts) -> Common {
        if fileSystem == other.fileSystem { return .fileSystem }
        switch (medium, other.medium) {
        case (.disks(let own), .disks(let others)):
            let both = own.intersection(others)
            return both.isEmpty ? .nothing : .disks(both.sorted())
        case (.memory, _), (_, .memory), (.network, .disks), (.disks, .network): return .nothing
        case (.unknown, _), (_, .unknown), (.network, .network): return .unknown
        }
    }
}
