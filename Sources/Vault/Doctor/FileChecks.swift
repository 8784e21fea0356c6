// Who else could read or change what the vault lives on.

import VaultFormat

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
        let keys = facts.host.files.keys
        let found = keys.flatMap { key in
            (readers(of: key, facts.host).map { [$0] } ?? []) + key.openings(to: facts.host.uid)
        }
        return .list(
            found.once, .failure,
            fix:
                "chmod 400 the key file, and chmod go-w what leads to it; who read it meanwhile has "
                + "it: vaultctl keys rotate-root, and a new key file",
            orElse: keys.isEmpty
                ? "no key lies in a file" : "\(keys.count) key files are for the daemon alone")
    }

    private static func readers(of key: PathFacts, _ host: HostFacts) -> String? {
        guard let file = key.target, file.mode & 0o077 != 0, !isCredential(key, host) else {
            return nil
        }
        return "\(file.path) has mode \(file.modeText)"
    }

    /// systemd makes credentials for a service with a user of its own as root's, in memory, and lets that user in by an
    /// access list, whose mask is what shows as the group's bits (systemd.exec(5), `LoadCredential=`; acl(5)).
    private static func isCredential(_ key: PathFacts, _ host: HostFacts) -> Bool {
        guard let directory = host.credentials, let file = key.target,
            file.path.hasPrefix(directory + "/"), key.place?.medium == .memory
        else { return false }
        return file.mode & 0o037 == 0 && (file.gid == 0 || file.gid == host.gid)
    }
}

enum RootKeyPlaceCheck: DoctorCheck {
    static let item = DoctorItem.rootKeyPlace

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let disk = facts.host.disk else {
            return .unknown("the state's disk cannot be seen", fix: "look at state-files")
        }
        let keys = facts.host.files.keys.compactMap { key in
            key.place.map { (key.path, $0.common(with: disk.place)) }
        }
        let beside = keys.compactMap { path, common in
            common.words.map { "\(path) is on \($0)" }
        }
        guard beside.isEmpty else {
            return .list(
                beside, .warning,
                fix:
                    "keep the key on another disk, in a credential, on a token or in somebody's "
                    + "head: a stolen disk with its key shows everything",
                orElse: "")
        }
        return .list(
            facts.host.files.keys.filter { $0.place == nil }.map { "\($0.path) cannot be seen" }
                + keys.filter { $0.1 == .unknown }.map {
                    "\($0.0) is on \(PlaceFacts.Common.unclear)"
                },
            .unknown, fix: PlaceFacts.Common.look,
            orElse: "no key lies on the disk of the state")
    }
}

extension PlaceFacts.Common {
    /// What something is on that shares it with the state; nil where it shares nothing.
    var words: String? {
        switch self {
        case .fileSystem: "the same file system as the state"
        case .disks(let names): "the disk of the state, \(names.joined(separator: " and "))"
        case .nothing, .unknown: nil
        }
    }

    static let unclear =
        "another file system than the state; whether that is another disk, the kernel does not say"
    static let look = "findmnt --target PATH, of both, and lsblk: put it on another disk"
}

enum SettingsFilesCheck: DoctorCheck {
    static let item = DoctorItem.settingsFiles

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let files = facts.host.files.settings + facts.host.files.programs
        return .list(
            files.flatMap { $0.openings(to: facts.host.uid) }.once, .failure,
            fix:
                "chmod go-w, and chown to root: who writes these, or what leads to them, decides "
                + "what the vault does",
            orElse:
                "\(files.count) settings and programs can be changed by root or the daemon's user "
                + "only")
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
        return .list(
            file.openings(to: facts.host.uid), .failure,
            fix: "chmod go-w, and chown: who changes it has another log believed",
            orElse: "the key that signs is in \(file.path): \(signing)")
    }
}
