// What could carry a key out of the process, and what holds a hostile image in.

import VaultFormat

enum LockedMemoryCheck: DoctorCheck {
    static let item = DoctorItem.lockedMemory

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let process = facts.host.process
        guard let locked = process.lockedBytes else {
            return .unknown("the kernel does not say what is locked", fix: "mount /proc")
        }
        let fix = "LimitMEMLOCK=8M in the unit, and start vaultd anew"
        guard locked >= Limits.keyArenaBytes else {
            return .failure(
                "\(locked) bytes are locked, keys need \(Limits.keyArenaBytes)", fix: fix)
        }
        guard process.lockLimit.map({ $0 >= Limits.keyArenaBytes }) ?? true else {
            return .warning(
                "keys are locked, but the limit is \(process.lockLimit ?? 0) bytes", fix: fix)
        }
        return .ok("\(locked) bytes are locked")
    }
}

enum CoreFilesCheck: DoctorCheck {
    static let item = DoctorItem.coreFiles

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let process = facts.host.process
        guard let limit = process.coreLimit, let isDumpable = process.isDumpable else {
            return .unknown("the kernel does not say", fix: "mount /proc")
        }
        let found =
            (limit == 0 ? [] : ["core files are allowed"])
            + (isDumpable ? ["the process may be traced and dumped"] : [])
        return .list(
            found, .failure, fix: "start vaultd anew, without a tool that changes its limits",
            orElse: "no core file, no tracing by its own user")
    }
}

enum CorePatternCheck: DoctorCheck {
    static let item = DoctorItem.corePattern

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let process = facts.host.process
        guard let pattern = process.corePattern else {
            return .unknown("the kernel does not say", fix: "mount /proc")
        }
        guard pattern.hasPrefix("|") else { return .ok("no program is handed cores") }
        // Such a program gets cores whatever the limit is, core(5). Of a process that is not dumpable there is none,
        // whatever the pattern and fs.suid_dumpable are, prctl(2).
        let words = "cores are piped to \(pattern.dropFirst())"
        return switch process.isDumpable {
        case false?: .ok("\(words), and of this process there is none")
        case true?:
            .warning(
                "\(words), also of this process",
                fix: "start vaultd anew, without a tool that changes it; look at core-files")
        case nil:
            .unknown(
                "\(words); whether of this process, the kernel does not say", fix: "mount /proc")
        }
    }
}

enum SwapCheck: DoctorCheck {
    static let item = DoctorItem.swap

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let swaps = facts.host.swaps else {
            return .unknown("the kernel does not say", fix: "mount /proc")
        }
        let found = swaps.filter { !$0.isMemory && $0.isEncrypted != true }.map { swap in
            swap.isEncrypted == nil
                ? "\(swap.name): whether it is encrypted cannot be told"
                : "\(swap.name) is not encrypted"
        }
        return .list(
            found, .warning,
            fix:
                "swapoff, or swap under a random key (crypttab(5)): uploads are in memory that "
                + "is not locked",
            orElse: swaps.isEmpty ? "there is no swap" : "all swap is encrypted or memory")
    }
}

enum SandboxCheck: DoctorCheck {
    static let item = DoctorItem.sandbox

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let walls = facts.host.workers else {
            return .failure(
                "no worker could be started and asked",
                fix: "look for inspection-failed in vaultd's log")
        }
        let tried = walls.attempts.filter(\.value).keys.sorted().map { "a worker could \($0.name)" }
        let told = [
            walls.filter == 2 ? nil : "it has no filter of system calls",
            walls.hasNoNewPrivileges == true ? nil : "it may gain privileges",
            walls.files == 0 ? nil : "it may open files",
            walls.processes == 0 ? nil : "it may start processes",
        ]
        return .list(
            tried + told.compactMap(\.self), .failure,
            fix: "stop the vault: a kernel with seccomp, and vaultinspect of this release",
            orElse:
                "a fresh worker tried \(walls.attempts.count) ways out and found none; Landlock "
                + (walls.landlock == 0 ? "is not in this kernel" : "\(walls.landlock)"))
    }
}

enum LibrariesCheck: DoctorCheck {
    static let item = DoctorItem.libraries

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let found = facts.host.libraries
        // Where no worker could be asked, that is another check's to tell.
        let asked =
            facts.host.workers == nil
            ? Library.allCases.filter { !WorkerProbeAnswer.libraries.contains($0) }
            : Library.allCases
        let missing = asked.filter { library in !found.contains { $0.library == library } }
        let words = found.map { "\($0.library.name) \($0.version)" }.joined(separator: ", ")
        let faults = KnownFault.list.flatMap { fault in
            found.filter(fault.applies).map {
                "\($0.library.name) \($0.version) \(fault.words): \(fault.name)"
            }
        }
        guard faults.isEmpty, !missing.isEmpty else {
            return .list(
                faults.isEmpty ? [] : faults + ["in use: \(words)"], .failure,
                fix:
                    "update the packages, and start vaultd anew; or find in their changelog that "
                    + "it is mended",
                orElse: "none with a known fault: \(words)")
        }
        return .unknown(
            missing.map(\.name).joined(separator: ", ") + " could not be asked",
            fix: "look at sandbox first")
    }
}
