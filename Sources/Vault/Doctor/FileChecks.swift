// Who else could read or change what the vault lives on.

import VaultFormat

extension FileFacts {
    var modeText: String { String(mode, radix: 8) }
    func isOwned(by uid: UInt32) -> Bool { self.uid == uid || self.uid == 0 }
    /// Whether others may write it; a sticky directory is nobody's to change what others put there.
    var isOpenToWriters: Bool { mode & 0o022 != 0 && mode & 0o1000 == 0 }
}

enum StateFilesCheck: DoctorCheck {
    static let item = DoctorItem.stateFiles

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let (files, uid) = (facts.host.files.state, facts.host.uid)
        guard !files.isEmpty else {
            return .failure("nothing can be seen", fix: "give the state directory to the daemon")
        }
        let found = files.compactMap { file -> String? in
            if file.isLink { return "\(file.path) is a symbolic link" }
            if file.uid != uid { return "\(file.path) belongs to uid \(file.uid)" }
            return file.mode & 0o077 == 0 ? nil : "\(file.path) has mode \(file.modeText)"
        }
        return .list(
            found, .failure,
            fix:
                "as the daemon's user: chmod go= on what is named; put real files in place of "
                + "links",
            orElse: "\(files.count) files and directories are the daemon's alone")
    }
}

enum KeyFilesCheck: DoctorCheck {
    static let item = DoctorItem.keyFiles

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let (files, uid) = (facts.host.files, facts.host.uid)
        let keys = files.keys.compactMap { file -> String? in
            if !file.isOwned(by: uid) { return "\(file.path) belongs to uid \(file.uid)" }
            // A link's own mode says nothing; where it leads is looked at beside it.
            return file.isLink || file.mode & 0o077 == 0
                ? nil : "\(file.path) has mode \(file.modeText)"
        }
        let directories = files.keyDirectories.compactMap { file -> String? in
            guard file.isOwned(by: uid), !file.isOpenToWriters else {
                return "others may put another file into \(file.path), mode \(file.modeText)"
            }
            return nil
        }
        return .list(
            keys + directories, .failure,
            fix:
                "chmod 400 the key file and chmod go-w its directory; who read it meanwhile has "
                + "it: "
                + "vaultctl keys rotate-root, and a new key file",
            orElse: files.keys.isEmpty
                ? "no key lies in a file" : "\(files.keys.count) key files are for the daemon alone"
        )
    }
}

enum RootKeyPlaceCheck: DoctorCheck {
    static let item = DoctorItem.rootKeyPlace

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let disk = facts.host.disk else {
            return .unknown("the state's disk cannot be seen", fix: "look at state-files")
        }
        let beside = facts.host.files.keys.filter { $0.device == disk.device }.map(\.path)
        return .list(
            beside.map { "\($0) is on the disk of the state" }, .warning,
            fix:
                "keep the key on another disk, in a credential, on a token or in somebody's "
                + "head: a stolen disk "
                + "with its key shows everything",
            orElse: "no key lies on the disk of the state")
    }
}

enum SettingsFilesCheck: DoctorCheck {
    static let item = DoctorItem.settingsFiles

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let files = facts.host.files.settings
        let found = files.compactMap { file -> String? in
            if !file.isOwned(by: facts.host.uid) {
                return "\(file.path) belongs to uid \(file.uid)"
            }
            return file.mode & 0o022 == 0 ? nil : "\(file.path) has mode \(file.modeText)"
        }
        return .list(
            found, .failure,
            fix: "chmod go-w, and chown to root: who writes these decides what the vault does",
            orElse: "\(files.count) files can be changed by root or the daemon's user only")
    }
}

enum SocketsCheck: DoctorCheck {
    static let item = DoctorItem.sockets

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let sockets = facts.host.files.sockets
        let found = sockets.compactMap { socket -> String? in
            let file = socket.file
            if !file.isOwned(by: facts.host.uid) {
                return "\(file.path) belongs to uid \(file.uid)"
            }
            if file.mode != socket.mode {
                return "\(file.path) has mode \(file.modeText), the settings say "
                    + String(socket.mode, radix: 8)
            }
            if let group = socket.group, group != file.gid {
                return "\(file.path) has group \(file.gid), the settings say \(group)"
            }
            return file.mode & 0o007 == 0 ? nil : "everybody may connect to \(file.path)"
        }
        guard !sockets.isEmpty else {
            return .unknown("no socket can be seen at its path", fix: "start vaultd anew")
        }
        return .list(
            found, .failure,
            fix:
                "doors.NAME.mode \"0660\" and doors.NAME.group in the settings, and start vaultd "
                + "anew",
            orElse: "\(sockets.count) sockets are as the settings say, and not for everybody")
    }
}

enum LogKeyPinnedCheck: DoctorCheck {
    static let item = DoctorItem.logKeyPinned

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let signing = facts.vault.logKeyFingerprint else {
            return .unknown("the log's key is not open", fix: "vaultctl unseal, and look again")
        }
        let files = facts.host.files
        guard let file = files.publicKey else {
            return .failure(
                "audit.pub is not there",
                fix: "bring back the copy that was made when the vault was")
        }
        guard files.pinned.contains(signing) else {
            return .failure(
                "\(file.path) has no key with the fingerprint \(signing), which signs",
                fix:
                    "compare with the fingerprint on paper; vaultctl status shows the key that "
                    + "signs"
            )
        }
        guard file.isOwned(by: facts.host.uid), file.mode & 0o022 == 0 else {
            return .failure(
                "others may change \(file.path), mode \(file.modeText)",
                fix: "chmod go-w, and chown")
        }
        return .ok("the key that signs is in \(file.path): \(signing)")
    }
}
