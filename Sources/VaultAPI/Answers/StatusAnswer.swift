// `GET /v1/status` on the admin socket: the whole vault on one screen.

package import VaultFormat

package struct StatusAnswer: Codable, Hashable, Sendable {
    package var version: String
    package var vault: VaultID
    package var sealed: Bool
    package var started: UTCTime
    package var uptimeSeconds: Int
    /// The policy of every namespace that has none of its own.
    package var validation: Validation
    /// The policies of those that have, by namespace.
    package var namespaces: [String: Validation]
    package var images: Images
    /// Nil while sealed.
    @Nullable package var keys: Keys?
    package var log: Log
    package var disk: Disk
    package var inspectors: Inspectors
    /// Connections open now, over all doors.
    package var connections: Int
    /// Of each place outside of the store that takes one.
    package var anchors: [Anchor]
    package var detection: Detection
    package var care: Care
    package var requests: Requests

    package init(
        version: String, vault: VaultID, sealed: Bool, startedMicroseconds: Int64,
        uptimeSeconds: Int, validation: Validation, namespaces: [String: Validation],
        images: Images, keys: Keys?, log: Log, disk: Disk, inspectors: Inspectors, connections: Int,
        anchors: [Anchor], detection: Detection, care: Care, requests: Requests
    ) {
        self.care = care
        self.requests = requests
        self.version = version
        self.vault = vault
        self.sealed = sealed
        self.started = UTCTime(microseconds: startedMicroseconds)
        self.uptimeSeconds = uptimeSeconds
        self.validation = validation
        self.namespaces = namespaces
        self.images = images
        self.keys = keys
        self.log = log
        self.disk = disk
        self.inspectors = inspectors
        self.connections = connections
        self.anchors = anchors
        self.detection = detection
    }

    private enum CodingKeys: String, CodingKey {
        case version, vault, sealed, started
        case uptimeSeconds = "uptime_seconds"
        case validation, namespaces, images, keys, log, disk, inspectors, connections, anchors
        case detection, care, requests
    }
}

extension StatusAnswer {
    /// What has to be done again from time to time.
    package struct Care: Codable, Hashable, Sendable {
        /// No image that was stored by then has been unverified for longer; null where no scrub came to its end.
        @Nullable package var verified: UTCTime?
        /// For how long something that is stored has been unverified at most; null where nothing is stored.
        @Nullable package var unverifiedSeconds: Int?
        /// When the newest backup was begun; null where there is none.
        @Nullable package var backup: UTCTime?
        /// When the last restore drill went well; null where none did.
        @Nullable package var drill: UTCTime?

        package init(verified: Int64?, unverifiedSeconds: Int?, backup: Int64?, drill: Int64?) {
            self.verified = verified.map { UTCTime(microseconds: $0) }
            self.unverifiedSeconds = unverifiedSeconds
            self.backup = backup.map { UTCTime(microseconds: $0) }
            self.drill = drill.map { UTCTime(microseconds: $0) }
        }

        private enum CodingKeys: String, CodingKey {
            case verified, backup, drill
            case unverifiedSeconds = "unverified_seconds"
        }
    }

    /// How many requests were answered in the last minute, over all doors.
    package struct Requests: Codable, Hashable, Sendable {
        /// What is counted; less than a minute only after a start.
        package var seconds: Int
        package var stored: Int
        package var read: Int
        package var deleted: Int
        package var other: Int
        package var refused: Int
        package var failed: Int

        package init(
            seconds: Int, stored: Int, read: Int, deleted: Int, other: Int, refused: Int,
            failed: Int
        ) {
            self.seconds = seconds
            self.stored = stored
            self.read = read
            self.deleted = deleted
            self.other = other
            self.refused = refused
            self.failed = failed
        }
    }
}

extension StatusAnswer {
    /// A policy of inspection, in the words of the settings.
    package struct Validation: Codable, Hashable, Sendable {
        /// What the log's events call it.
        package var policy: PolicyDigest
        package var level: String
        package var trailer: String
        package var metadata: String
        package var animation: String
        package var types: [String]
        package var maxBytes: Int
        package var maxPixels: Int
        package var maxScans: Int
        package var maxMetadataBytes: Int

        package init(_ policy: InspectionPolicy, digest: PolicyDigest) {
            self.policy = digest
            level = policy.level.name
            trailer = policy.trailer.rawValue
            metadata = policy.metadata.rawValue
            animation = policy.allowsAnimation ? "accept" : "refuse"
            types = ImageType.allCases.filter(policy.allowedTypes.contains).map(\.name)
            maxBytes = policy.maxBytes
            maxPixels = policy.maxPixels
            maxScans = policy.maxScans
            maxMetadataBytes = policy.maxMetadataBytes
        }

        private enum CodingKeys: String, CodingKey {
            case policy, level, trailer, metadata, animation, types
            case maxBytes = "max_bytes"
            case maxPixels = "max_pixels"
            case maxScans = "max_scans"
            case maxMetadataBytes = "max_metadata_bytes"
        }
    }

    package struct Images: Codable, Hashable, Sendable {
        package var count: Int
        package var references: Int
        /// Bytes of all blobs, sealed.
        package var storedBytes: Int

        package init(count: Int, references: Int, storedBytes: Int) {
            self.count = count
            self.references = references
            self.storedBytes = storedBytes
        }

        private enum CodingKeys: String, CodingKey {
            case count, references
            case storedBytes = "stored_bytes"
        }
    }

    package struct Log: Codable, Hashable, Sendable {
        /// Events.
        package var size: UInt64
        /// The RFC 6962 root over them.
        package var root: Digest256
        /// Whether it can be written, and why not.
        package var state: String
        /// Of the key that signs now; the first is the one that `vaultd init` printed.
        package var keyFingerprint: String
        /// Of the log's key. None while the vault is sealed.
        package var slots: [Slot]

        package init(
            size: UInt64, root: Digest256, state: LogState = .writable, keyFingerprint: String,
            slots: [Slot] = []
        ) {
            self.size = size
            self.root = root
            self.state = state.rawValue
            self.keyFingerprint = keyFingerprint
            self.slots = slots
        }

        private enum CodingKeys: String, CodingKey {
            case size, root, state, slots
            case keyFingerprint = "key_fingerprint"
        }
    }

    /// The file system that holds the state directory.
    package struct Disk: Codable, Hashable, Sendable {
        package var freeBytes: Int
        package var totalBytes: Int

        package init(freeBytes: Int, totalBytes: Int) {
            self.freeBytes = freeBytes
            self.totalBytes = totalBytes
        }

        private enum CodingKeys: String, CodingKey {
            case freeBytes = "free_bytes"
            case totalBytes = "total_bytes"
        }
    }

    /// The isolated inspection workers.
    package struct Inspectors: Codable, Hashable, Sendable {
        package var workers: Int
        /// Since the daemon started, planned replacements not counted.
        package var restarts: Int

        package init(workers: Int, restarts: Int) {
            self.workers = workers
            self.restarts = restarts
        }
    }
}
