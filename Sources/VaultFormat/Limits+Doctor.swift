// What a doctor calls old, full or late, and the bounds of what somebody attests.

extension Limits {
    /// Days of a primary epoch where the settings ask for no rotation: a year.
    package static let doctorKeyDays = 365
    /// Days since a backup was registered: a month and some days, so that a monthly one is never late by a weekend.
    package static let doctorBackupDays = 35
    /// Days in which an outage of the log is told, and events whose time was still to come when they were written.
    package static let doctorOutageDays = 30
    /// Outages that are looked at: more say nothing new.
    package static let doctorOutages = 100
    /// Bytes of SQLite's write-ahead log: it is brought into the database every 4 MiB, and much more means that
    /// this does not come about.
    package static let doctorCatalogLogBytes: Int64 = 64 << 20
    /// Parts in a hundred of the disk that are free: below, somebody should look; below the other, the vault soon
    /// refuses uploads.
    package static let doctorLowRoomPercent = 10
    package static let doctorNoRoomPercent = 3
    /// Microseconds that an event may be ahead of the clock: clocks are corrected by less.
    package static let doctorClockAheadMicroseconds: Int64 = 2_000_000
    /// Days that a token may still be good for: twice what it gets where nobody says.
    package static let doctorTokenDays = 180
    /// Days that an incident may be open, and those after which somebody should at least have looked at it.
    package static let doctorIncidentDays = 7
    package static let doctorUnreadDays = 1
    /// Symbolic links on the way of one path: the kernel follows as many (path_resolution(7)).
    package static let doctorLinks = 40
    /// Steps from a block device down to its disks: a file on a mapping over a volume over a partition has four.
    package static let doctorDiskSteps = 12
    /// Bytes of an account's entry in the system's tables, and the most where that is not enough: groups list their
    /// members.
    package static let accountBytes = 1 << 10
    package static let mostAccountBytes = 1 << 20
    /// Lines of evidence of one check; there may be one a file.
    package static let doctorEvidence = 16
    /// Files of one directory that are looked at: the state directory has some ten, that of the blobs 256.
    package static let doctorFiles = 1024
    /// Milliseconds for which an answer is waited for from a worker that tries its walls.
    package static let doctorProbeMilliseconds = 5_000
    /// Bytes of a file of the kernel that are read: swaps, limits and the like have a few kilobytes.
    package static let kernelFileBytes = 64 << 10
    /// Days for which somebody may give his word: then somebody looks again.
    package static let attestationDays = 1...400
    /// Bytes of evidence that somebody may have: it is hashed, and never sent.
    package static let evidenceBytes = 0...(1 << 40)
}
