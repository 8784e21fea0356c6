// What the daemon sees of itself and of its machine, for a doctor: gathered at the edge, judged in here.

package import VaultFormat

package struct HostFacts: Sendable {
    /// The daemon's own user, and his group.
    package var uid: UInt32 = 0
    package var gid: UInt32 = 0
    /// Where the service manager put credentials for this process; nil where it gave none.
    package var credentials: String?
    package var files = FilesFacts()
    package var process = ProcessFacts()
    package var swaps: [SwapFacts]?
    package var database: DatabaseFacts?
    package var disk: DiskFacts?
    package var clock: ClockFacts?
    package var workers: WallFacts?
    package var libraries: [LibraryVersion] = []
    package var anchorPlace = AnchorPlace.none
    /// Days after which the settings ask for a rotation; nil for never.
    package var rotationDays: Int?
    /// Days after which the settings ask for a scrub; 0 for never.
    package var scrubDays = Limits.scrubDaysUnlessSaid
    /// The names of the groups that the policy names.
    package var groupNames: [UInt32: String] = [:]

    package init() {}
}

/// A file as `lstat` shows it.
package struct FileFacts: Hashable, Sendable {
    package var path: String
    /// Permissions, without the kind.
    package var mode: UInt32
    package var uid: UInt32
    package var gid: UInt32
    package var isLink: Bool

    package init(
        path: String, mode: UInt32, uid: UInt32, gid: UInt32 = 0, isLink: Bool = false
    ) {
        self.path = path
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.isLink = isLink
    }
}

package struct FilesFacts: Sendable {
    /// The state directory, and what lies in it but the log's public key.
    package var state: [FileFacts] = []
    /// Of the root's and the log's key; none where no file has one.
    package var keys: [PathFacts] = []
    /// What the daemon was configured by.
    package var settings: [PathFacts] = []
    /// What the settings have it run or load.
    package var programs: [PathFacts] = []
    package var sockets: [SocketFacts] = []
    /// Nil where there is none.
    package var publicKey: PathFacts?
    /// Fingerprints of the keys in it.
    package var pinned: [String] = []

    package init() {}
}

package struct SocketFacts: Hashable, Sendable {
    package var file: FileFacts
    /// What the settings say.
    package var mode: UInt32
    package var group: UInt32?

    package init(file: FileFacts, mode: UInt32, group: UInt32?) {
        self.file = file
        self.mode = mode
        self.group = group
    }
}

package struct ProcessFacts: Sendable {
    /// Bytes of it that are locked; nil where the kernel does not say.
    package var lockedBytes: Int?
    /// Bytes that it may lock; nil for no limit.
    package var lockLimit: Int?
    package var coreLimit: Int?
    /// Whether it leaves a core file, and may be traced by its own user.
    package var isDumpable: Bool?
    package var corePattern: String?

    package init() {}
}

package struct SwapFacts: Hashable, Sendable {
    package var name: String
    /// Nil where it cannot be told, as of a file.
    package var isEncrypted: Bool?
    /// Whether it is only memory that is compressed.
    package var isMemory: Bool

    package init(name: String, isEncrypted: Bool?, isMemory: Bool = false) {
        self.name = name
        self.isEncrypted = isEncrypted
        self.isMemory = isMemory
    }
}

package struct DatabaseFacts: Hashable, Sendable {
    package var secureDelete: Int
    package var synchronous: Int
    package var journal: String
    package var logBytes: Int64

    package init(secureDelete: Int, synchronous: Int, journal: String, logBytes: Int64) {
        self.secureDelete = secureDelete
        self.synchronous = synchronous
        self.journal = journal
        self.logBytes = logBytes
    }
}

package struct DiskFacts: Hashable, Sendable {
    package var freeBytes: Int
    package var totalBytes: Int
    /// Whether the room is there that is kept for what must be recorded on a full disk.
    package var hasReserve: Bool
    /// What the state lies on.
    package var place: PlaceFacts

    package init(freeBytes: Int, totalBytes: Int, hasReserve: Bool, place: PlaceFacts) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
        self.hasReserve = hasReserve
        self.place = place
    }
}

package struct ClockFacts: Hashable, Sendable {
    /// Whether the kernel says that somebody keeps the clock right.
    package var isSynchronized: Bool
    package var errorMicroseconds: Int

    package init(isSynchronized: Bool, errorMicroseconds: Int) {
        self.isSynchronized = isSynchronized
        self.errorMicroseconds = errorMicroseconds
    }
}

/// Where the settings have the anchor go.
package enum AnchorPlace: Hashable, Sendable {
    case none
    /// - Parameter place: nil where the file is not there.
    case file(path: String, place: PlaceFacts?)
    case command
}

/// What became of a fresh worker that tried to get out.
package struct WallFacts: Hashable, Sendable {
    /// What the kernel says of it.
    package var filter: Int?
    package var hasNoNewPrivileges: Bool?
    package var files: Int?
    package var processes: Int?
    /// The Landlock interface in force; 0 where the kernel has none.
    package var landlock: Int
    /// What it tried, and whether it got its way.
    package var attempts: [WorkerAct: Bool]

    package init(
        filter: Int?, hasNoNewPrivileges: Bool?, files: Int?, processes: Int?, landlock: Int,
        attempts: [WorkerAct: Bool]
    ) {
        self.filter = filter
        self.hasNoNewPrivileges = hasNoNewPrivileges
        self.files = files
        self.processes = processes
        self.landlock = landlock
        self.attempts = attempts
    }
}
