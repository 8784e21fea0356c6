// A check is pure: facts go in, a diagnosis comes out. Each says what it saw, and what to do where that is not well.

package import VaultFormat

package protocol DoctorCheck: SendableMetatype {
    static var item: DoctorItem { get }
    static func judge(_ facts: DoctorFacts) -> Diagnosis
}

/// What a check came to.
package struct Diagnosis: Hashable, Sendable {
    package let verdict: DoctorVerdict
    package let evidence: [String]
    /// What to do; empty where all is well.
    package let fix: String

    private init(_ verdict: DoctorVerdict, _ evidence: [String], _ fix: String) {
        self.verdict = verdict
        self.evidence = evidence
        self.fix = fix
    }

    static func ok(_ evidence: String) -> Diagnosis { Diagnosis(.ok, [evidence], "") }

    static func unknown(_ evidence: String, fix: String) -> Diagnosis {
        Diagnosis(.unknown, [evidence], fix)
    }

    static func warning(_ evidence: String, fix: String) -> Diagnosis {
        Diagnosis(.warning, [evidence], fix)
    }

    static func failure(_ evidence: String, fix: String) -> Diagnosis {
        Diagnosis(.failure, [evidence], fix)
    }

    /// Well where nothing was found; what is more than anybody reads is counted.
    static func list(
        _ found: [String], _ verdict: DoctorVerdict, fix: String, orElse good: String
    ) -> Diagnosis {
        guard !found.isEmpty else { return .ok(good) }
        guard found.count > Limits.doctorEvidence else { return Diagnosis(verdict, found, fix) }
        let shown = found.prefix(Limits.doctorEvidence - 1)
        return Diagnosis(verdict, shown + ["and \(found.count - shown.count) more"], fix)
    }

    /// What rows say cannot be believed while the vault is sealed.
    private static let whileSealed = Diagnosis.unknown(
        "the vault is sealed: no row can be checked", fix: "vaultctl unseal, and look again")

    /// Where what rows say is missing: a vault that is open should be able to read them.
    static func withoutRows(_ facts: DoctorFacts) -> Diagnosis {
        facts.vault.isSealed
            ? whileSealed
            : .failure(
                "its rows in the catalog cannot be read",
                fix: "vaultctl check; look for catalog in vaultd's log")
    }
}

/// A diagnosis and what it is of.
package struct DoctorFinding: Hashable, Sendable {
    package let item: DoctorItem
    package let diagnosis: Diagnosis
}

package enum Doctor {
    /// Every check, in the order of ``VaultFormat/DoctorItem``.
    package static let checks: [any DoctorCheck.Type] =
        fileChecks + processChecks + storeChecks + keyChecks + policyChecks + watchChecks

    private static let fileChecks: [any DoctorCheck.Type] = [
        StateFilesCheck.self, KeyFilesCheck.self, RootKeyPlaceCheck.self, SettingsFilesCheck.self,
        SocketsCheck.self, LogKeyPinnedCheck.self,
    ]
    private static let processChecks: [any DoctorCheck.Type] = [
        LockedMemoryCheck.self, CoreFilesCheck.self, CorePatternCheck.self, SwapCheck.self,
        SandboxCheck.self, LibrariesCheck.self,
    ]
    private static let storeChecks: [any DoctorCheck.Type] = [
        CatalogSettingsCheck.self, CatalogLogCheck.self, DiskRoomCheck.self, ClockCheck.self,
        LogCheck.self, OutagesCheck.self, AnchorPresenceCheck.self, AnchorPlaceCheck.self,
    ]
    private static let keyChecks: [any DoctorCheck.Type] = [
        SealedCheck.self, SlotsProvedCheck.self, SecondSlotCheck.self, KeyAgeCheck.self,
        BackupAgeCheck.self, ScrubAgeCheck.self,
    ]
    private static let watchChecks: [any DoctorCheck.Type] = [
        DetectionCheck.self, IncidentsCheck.self,
    ]
    private static let policyChecks: [any DoctorCheck.Type] = [
        PolicyDoorsCheck.self, PolicyErasureCheck.self, PolicyEverybodyCheck.self,
        PolicyAdminsCheck.self, TwoPersonCheck.self, TokensCheck.self,
    ]

    /// What takes somebody's word is judged by it.
    package static func look(at facts: DoctorFacts) -> [DoctorFinding] {
        let seen = checks.map { DoctorFinding(item: $0.item, diagnosis: $0.judge(facts)) }
        let attested = DoctorItem.allCases.filter(\.isAttested).map { item in
            DoctorFinding(item: item, diagnosis: AttestedItem(item: item).judge(facts))
        }
        return seen + attested
    }
}
