// Whether what is written stays, what is erased goes, and somebody would notice otherwise.

import VaultFormat

enum CatalogSettingsCheck: DoctorCheck {
    static let item = DoctorItem.catalogSettings

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let database = facts.host.database else {
            return .failure("the catalog cannot be asked", fix: "look for catalog in vaultd's log")
        }
        let found = [
            database.secureDelete == 1 ? nil : "secure_delete is \(database.secureDelete), not 1",
            database.synchronous == 2 ? nil : "synchronous is \(database.synchronous), not 2",
            database.journal == "wal" ? nil : "journal_mode is \(database.journal), not wal",
        ]
        return .list(
            found.compactMap(\.self), .failure,
            fix: "start vaultd anew, with the SQLite that it was built for",
            orElse: "secure_delete on, synchronous full, journal wal")
    }
}

enum CatalogLogCheck: DoctorCheck {
    static let item = DoctorItem.catalogLog

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let bytes = facts.host.database?.logBytes else {
            return .unknown("the catalog cannot be asked", fix: "look for catalog in vaultd's log")
        }
        guard bytes <= Limits.doctorCatalogLogBytes else {
            return .warning(
                "SQLite's write-ahead log has \(bytes) bytes",
                fix:
                    "end what reads catalog.sqlite beside the vault: it keeps old pages, erased "
                    + "ones too"
            )
        }
        return .ok("SQLite's write-ahead log has \(bytes) bytes")
    }
}

enum DiskRoomCheck: DoctorCheck {
    static let item = DoctorItem.diskRoom

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let disk = facts.host.disk, disk.totalBytes > 0 else {
            return .unknown("the disk cannot be seen", fix: "look at state-files")
        }
        let percent = disk.freeBytes / max(1, disk.totalBytes / 100)
        let words = "\(percent) % of the disk are free"
        let fix = "a larger disk, or less on it; retention lets images go by themselves"
        guard disk.hasReserve else {
            return .failure("the room for the last events is not kept: \(words)", fix: fix)
        }
        if percent < Limits.doctorNoRoomPercent { return .failure(words, fix: fix) }
        return percent < Limits.doctorLowRoomPercent ? .warning(words, fix: fix) : .ok(words)
    }
}

enum ClockCheck: DoctorCheck {
    static let item = DoctorItem.clock

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        if let ahead = facts.vault.ahead, isNews(ahead, facts) {
            return .failure(
                "events from index \(ahead.indexes.lowerBound) to \(ahead.indexes.upperBound - 1) "
                    + "have times that are still to come, as "
                    + Timestamp.text(microseconds: ahead.atMicroseconds),
                fix:
                    "set the clock right; what the log tells of times there is not to be believed")
        }
        guard let clock = facts.host.clock else {
            return .unknown("the kernel does not say whether the clock is kept", fix: "adjtimex(2)")
        }
        guard clock.isSynchronized else {
            return .warning(
                "nobody keeps the clock", fix: "run chrony or systemd-timesyncd: timedatectl status"
            )
        }
        return .ok("the clock is kept, within \(clock.errorMicroseconds) microseconds")
    }

    /// The times stay in the log: they are told until a while after the clock was right again.
    private static func isNews(_ ahead: VaultFacts.Ahead, _ facts: DoctorFacts) -> Bool {
        guard let ended = ahead.endedMicroseconds else { return true }
        return facts.days(since: ended) < Limits.doctorOutageDays
    }
}

enum LogCheck: DoctorCheck {
    static let item = DoctorItem.log

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard facts.vault.logState == .writable else {
            return .failure(
                "the log cannot be written: \(facts.vault.logState.rawValue)",
                fix: "room on the disk; vaultctl status says what it waits for")
        }
        guard facts.vault.logKeyFingerprint != nil else {
            return .warning(
                "the log's key is closed: no checkpoint is signed",
                fix: "vaultctl unseal, or keys.log_key_file")
        }
        return .ok("it is written and signed")
    }
}

enum OutagesCheck: DoctorCheck {
    static let item = DoctorItem.outages

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let outages = facts.vault.outages else {
            return .unknown("the log cannot be read", fix: "vaultctl status")
        }
        let found = outages.filter { facts.days(since: $0) < Limits.doctorOutageDays }
        return .list(
            found.map { "the log could not be written on \(Timestamp.text(microseconds: $0))" },
            .warning,
            fix:
                "vaultctl audit tail --action storage.failed; look at the disk before it fails "
                + "for good",
            orElse: "none in \(Limits.doctorOutageDays) days")
    }
}

/// Whether there is an anchor, and it is the newest.
enum AnchorPresenceCheck: DoctorCheck {
    static let item = DoctorItem.anchor

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard facts.host.anchorPlace != .none else {
            return .warning(
                "there is none: an older state that is put back is not noticed",
                fix: "audit.anchor_file on another machine's disk, or audit.anchor_command")
        }
        // What waits for the log's key is told there.
        let late = facts.vault.anchors.filter { $0.state != .current && $0.state != .logKeySealed }
        return .list(
            late.map { "the anchor to \($0.kind.rawValue) is \($0.state.rawValue)" }, .warning,
            fix: "look at its place, and for the anchor in vaultd's log",
            orElse: facts.vault.anchors.compactMap(\.keptMicroseconds).max().map {
                "kept on \(Timestamp.text(microseconds: $0))"
            } ?? "nothing was to be kept since the start")
    }
}

enum AnchorPlaceCheck: DoctorCheck {
    static let item = DoctorItem.anchorPlace

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard case .file(let path, let place) = facts.host.anchorPlace else {
            return .ok(
                facts.host.anchorPlace == .none ? "there is no anchor" : "a command takes it")
        }
        guard let place, let disk = facts.host.disk else {
            return .unknown("\(path) cannot be seen", fix: "look at its place")
        }
        let common = place.common(with: disk.place)
        if let words = common.words {
            return .warning(
                "\(path) is on \(words): who puts an older disk back puts both back",
                fix:
                    "audit.anchor_file on another disk, best of another machine, or "
                    + "audit.anchor_command"
            )
        }
        return common == .unknown
            ? .unknown("\(path) is on \(PlaceFacts.Common.unclear)", fix: PlaceFacts.Common.look)
            : .ok("\(path) is on another disk than the state")
    }
}
