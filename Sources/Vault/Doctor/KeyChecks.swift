// Whether the vault could still be opened, tomorrow and after a fire.

import VaultFormat

enum SealedCheck: DoctorCheck {
    static let item = DoctorItem.sealed

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        facts.vault.isSealed
            ? .warning("it is sealed: images are neither stored nor read", fix: "vaultctl unseal")
            : .ok("it is open")
    }
}

enum SlotsProvedCheck: DoctorCheck {
    static let item = DoctorItem.slotsProved

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let slots = facts.vault.slots else { return .withoutRows(facts) }
        let found = slots.compactMap { slot -> String? in
            guard let proved = slot.provedMicroseconds else {
                return "\(slot.name) was never tried"
            }
            let days = facts.days(since: proved)
            return days > Limits.slotProofDays ? "\(slot.name) was tried \(days) days ago" : nil
        }
        return .list(
            found, .warning, fix: "vaultctl slots prove ID, each quarter",
            orElse: "all \(slots.count) were tried within \(Limits.slotProofDays) days")
    }
}

enum SecondSlotCheck: DoctorCheck {
    static let item = DoctorItem.secondSlot

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let slots = facts.vault.slots else { return .withoutRows(facts) }
        let ways = slots.filter { $0.file == .keyring }
        guard ways.count >= 2 else {
            return .warning(
                "one way leads to the keys: when it is lost, so is every image",
                fix: "vaultctl slots add: a recovery key on paper, shares or a passphrase")
        }
        return .ok("\(ways.count) ways lead to the keys")
    }
}

enum KeyAgeCheck: DoctorCheck {
    static let item = DoctorItem.keyAge

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let made = facts.vault.primaryMicroseconds else { return .withoutRows(facts) }
        let (days, most) = (
            facts.days(since: made), facts.host.rotationDays ?? Limits.doctorKeyDays
        )
        let words = "the primary epoch is \(days) days old, \(most) are wanted at most"
        // The day of the rotation itself is none.
        return days > most ? .warning(words, fix: "vaultctl keys rotate --wait") : .ok(words)
    }
}

enum BackupAgeCheck: DoctorCheck {
    static let item = DoctorItem.backupAge

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let newest = facts.vault.newestBackup else { return .withoutRows(facts) }
        let left = facts.vault.unfinishedBackups
        guard left == 0 else {
            return .warning(
                "\(left) were begun more than a day ago, and never finished",
                fix: "vaultctl backup DIR once more; vaultctl backups expire ID for what is left")
        }
        let fix = "vaultctl backup DIR; one that was made otherwise: vaultctl backups register"
        guard let newest else { return .warning("none is registered", fix: fix) }
        let words = "the newest was registered \(facts.days(since: newest)) days ago"
        return facts.days(since: newest) > Limits.doctorBackupDays
            ? .warning(words, fix: fix) : .ok(words)
    }
}

enum ScrubAgeCheck: DoctorCheck {
    static let item = DoctorItem.scrubAge

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let since = facts.vault.unverifiedSince else { return .withoutRows(facts) }
        let wanted = facts.host.scrubDays
        guard wanted > 0 else {
            return .warning(
                "nobody looks whether what is stored can still be opened",
                fix: "scrub.every_days in the settings; vaultctl check --contents, each week")
        }
        guard let since else { return .ok("nothing is stored") }
        let days = facts.days(since: since)
        let words = "something has not been opened for \(days) days at most"
        guard days > 2 * wanted else { return .ok(words) }
        return .warning(
            words + ", though each \(wanted) days are wanted",
            fix:
                "vaultctl ops: look whether a scrub is paused or failed; a larger scrub.share where "
                + "it takes too long")
    }
}
