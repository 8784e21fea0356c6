// What a policy allows that nobody needs.

import VaultFormat

enum PolicyDoorsCheck: DoctorCheck {
    static let item = DoctorItem.policyDoors

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let rules = facts.policy.rules
        let users = shared(rules.map { ($0.principal.doors, $0.users) }, "uid")
        let groups = shared(rules.map { ($0.principal.doors, $0.groups) }, "group")
        return .list(
            users + groups, .warning,
            fix:
                "a user of its own for the backend, for admins and for auditors: who looks at "
                + "the log should not "
                + "be who is in it",
            orElse: "nobody is at two sockets")
    }

    private static func shared(_ members: [(Set<Door>, Set<UInt32>)], _ kind: String) -> [String] {
        var places: [UInt32: Set<Door>] = [:]
        for (doors, ids) in members { for id in ids { places[id, default: []].formUnion(doors) } }
        return places.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { id, doors in
            "\(kind) \(id) is at " + doors.map(\.name).sorted().joined(separator: " and ")
        }
    }
}

enum PolicyErasureCheck: DoctorCheck {
    static let item = DoctorItem.policyErasure

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        // Who stores has to drop claims; all of an owner's at once is for another.
        let found = facts.policy.rules.map(\.principal).filter { principal in
            principal.may(.putImages, at: .images) && principal.may(.eraseImages, at: .images)
        }
        return .list(
            found.map { "\($0.name) may store, and erase all that an owner has" }, .warning,
            fix:
                "a role of your own without images.erase for the backend, and a principal of its "
                + "own for erasing",
            orElse: "nobody who stores may erase in bulk")
    }
}

enum PolicyEverybodyCheck: DoctorCheck {
    static let item = DoctorItem.policyEverybody

    /// Groups that systems put everybody into.
    private static let names: Set<String> = ["users", "nogroup", "nobody", "everyone"]

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let found = facts.policy.rules.flatMap { rule in
            rule.groups.sorted().compactMap { group -> String? in
                guard let name = facts.host.groupNames[group], names.contains(name) else {
                    return nil
                }
                return "\(rule.principal.name) takes the group \(name), which everybody is in"
            }
        }
        return .list(
            found, .failure, fix: "a group of its own for each role, and vaultctl policy reload",
            orElse: "no group that everybody is in")
    }
}

enum PolicyAdminsCheck: DoctorCheck {
    static let item = DoctorItem.policyAdmins

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard !hasSecond(facts.policy) else { return .ok("more than one may be an admin") }
        return .warning(
            "one user is the only admin: nobody could approve, or take over",
            fix: "name a second one in the policy, or a group")
    }

    static func hasSecond(_ policy: AccessPolicy) -> Bool {
        policy.mayBeTwo { $0.may(.reloadPolicy, at: .admin) }
    }
}

extension AccessPolicy {
    /// Whether more than one person may be among those principals. Who is in a group, the system says, and changes
    /// without a word here.
    fileprivate func mayBeTwo(_ isMeant: (Principal) -> Bool) -> Bool {
        let meant = rules.filter { isMeant($0.principal) }
        let users = meant.reduce(into: Set<UInt32>()) { $0.formUnion($1.users) }
        return users.count >= 2 || !meant.allSatisfy(\.groups.isEmpty)
    }
}

enum TwoPersonCheck: DoctorCheck {
    static let item = DoctorItem.twoPerson

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        let rules = facts.vault.twoPerson.sorted { $0.rawValue < $1.rawValue }
        guard !rules.isEmpty else {
            return .warning(
                "nothing takes two people: one admin alone makes tokens, ends holds and destroys keys",
                fix: "two_person in the settings, and two admins in the policy")
        }
        // Where there is one admin only, that is told, and nothing else.
        guard PolicyAdminsCheck.hasSecond(facts.policy) else {
            return .ok("\(rules.count) kinds of work take two, of whom policy-admins tells")
        }
        let found = rules.filter { rule in
            !rule.approvers.allSatisfy { verbs in
                facts.policy.mayBeTwo { one in verbs.allSatisfy { one.may($0, at: .admin) } }
            }
        }
        return .list(
            found.map { "\($0.rawValue) takes two, and one at most could approve it" }, .warning,
            fix:
                "a second principal in the policy that may do the same, and has quarantine.approve",
            orElse: "\(rules.count) kinds of work take two, and there are two for each")
    }
}

extension TwoPersonRule {
    /// What somebody must be allowed to do who approves what falls under it: each of these sets is one kind of request.
    fileprivate var approvers: [Set<VerbName>] {
        switch self {
        case .quarantine: [[.approveRelease]]
        case .destroyEpoch: [[.destroyEpochs]]
        case .slots, .holds, .tokens, .redaction, .policy, .escrows:
            // Who approves a request has to be allowed to make it, too.
            VerbName.allCases.filter { TwoPersonRule($0) == self }.map { [$0, .approveRelease] }
        }
    }
}

enum TokensCheck: DoctorCheck {
    static let item = DoctorItem.tokens

    static func judge(_ facts: DoctorFacts) -> Diagnosis {
        guard let tokens = facts.vault.tokens else { return .withoutRows(facts) }
        let live = tokens.filter { $0.expiresMicroseconds > facts.nowMicroseconds }
        let most = facts.nowMicroseconds + Int64(Limits.doctorTokenDays) * 86_400_000_000
        let found = live.compactMap { token -> String? in
            if facts.policy.bearer(token.principal, isToken: true) == nil {
                return "token \(token.id) speaks for \(token.principal), whom the policy gives none"
            }
            return token.expiresMicroseconds > most
                ? "token \(token.id) is good for more than \(Limits.doctorTokenDays) days" : nil
        }
        return .list(
            found, .warning, fix: "vaultctl token revoke ID, or rotate ID with an earlier end",
            orElse: "\(live.count) are good, none for too long")
    }
}
