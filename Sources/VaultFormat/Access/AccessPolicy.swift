// Who may do what, and in which namespace. Pure: what the kernel says of a caller goes in, a principal comes out.

/// The name of whoever a policy speaks of: 1 to 32 of `[a-z0-9-]`, first a letter.
package struct PrincipalName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isPlainName(text), text.first?.isLetter == true else {
            throw .invalidText(field: "principal")
        }
        description = text
    }

    private init(checked text: String) { description = text }

    /// Whom the settings of a door admit, where there is no policy.
    package init(of door: Door) { self.init(checked: door.name) }

    package static func < (one: Self, other: Self) -> Bool { one.description < other.description }
}

/// A named set of verbs.
package struct Role: Hashable, Sendable {
    package let name: String
    package let verbs: Set<VerbName>

    package init(name: String, verbs: Set<VerbName>) {
        self.name = name
        self.verbs = verbs
    }

    /// What a web tier says and asks of its own people; nothing of it is about images.
    private static let tier: Set<VerbName> = [.reportSecurity, .checkLimits, .readBlocks]

    /// Those that every policy has.
    package static let standard: [Role] = [
        Role(name: "backend", verbs: VerbName.all(at: .images)),
        // It stores, and sees nothing that is there.
        Role(name: "backend-write", verbs: tier.union([.putImages, .inspectImages])),
        // It fetches what it knows by its id, and lists nothing.
        Role(
            name: "backend-read",
            verbs: tier.union([.getImages, .probeImages, .readMetadata, .createTickets])),
        Role(name: "admin", verbs: VerbName.all(at: .admin)),
        Role(name: "auditor", verbs: VerbName.all(at: .audit).subtracting([.resolveNames])),
        // The way back from a pseudonym to a name.
        Role(name: "resolver", verbs: [.resolveNames]),
    ]
}

/// Somebody whom a policy knows: what he may ask for, and where.
package struct Principal: Hashable, Sendable {
    package let name: PrincipalName
    package let verbs: Set<VerbName>
    package let namespace: NamespaceName
    /// Whether it only passes on what others ask, each of whom has to show a token or a ticket.
    package let isProxy: Bool
    /// Where it is known: at the doors that have a verb of its own. What several doors take opens none of them.
    package let doors: Set<Door>

    package init(
        name: PrincipalName, verbs: Set<VerbName>, namespace: NamespaceName = .standard,
        isProxy: Bool = false
    ) {
        let doors: Set<Door> = verbs.reduce(into: isProxy ? [.images] : []) { doors, verb in
            if verb.doors.count == 1 { doors.formUnion(verb.doors) }
        }
        self.init(name, verbs, namespace, isProxy: isProxy, doors)
    }

    private init(
        _ name: PrincipalName, _ verbs: Set<VerbName>, _ namespace: NamespaceName, isProxy: Bool,
        _ doors: Set<Door>
    ) {
        self.name = name
        self.verbs = verbs
        self.namespace = namespace
        self.isProxy = isProxy
        self.doors = doors
    }

    /// The same with no more than these of its verbs, known where it was.
    package func limited(to scopes: TokenScopes) -> Principal {
        Principal(name, verbs.filter(scopes.allows), namespace, isProxy: isProxy, doors)
    }

    package func may(_ verb: VerbName, at door: Door) -> Bool {
        verbs.contains(verb) && verb.doors.contains(door) && doors.contains(door)
    }
}

/// Who a principal is, for the kernel.
package struct PrincipalRule: Hashable, Sendable {
    package let principal: Principal
    package let users: Set<UInt32>
    package let groups: Set<UInt32>
    /// Units of the service manager, one of which the caller's process must run in; any where there is none.
    package let units: Set<String>
    /// The names of its roles, for whoever reads the policy.
    package let roles: [String]
    /// Whether an access token may be made that speaks for it.
    package let takesTokens: Bool

    package init(
        _ principal: Principal, users: Set<UInt32>, groups: Set<UInt32> = [],
        units: Set<String> = [], roles: [String] = [], takesTokens: Bool = false
    ) {
        self.takesTokens = takesTokens
        self.principal = principal
        self.users = users
        self.groups = groups
        self.units = units
        self.roles = roles
    }

    func isIn(_ unit: String?) -> Bool {
        units.isEmpty || unit.map(units.contains) == true
    }
}

/// The rules in force. A caller is the first principal that names his uid and has a verb at the door, else the
/// first that names one of his groups. Whom none names may do nothing.
package struct AccessPolicy: Hashable, Sendable {
    package let rules: [PrincipalRule]
    /// What namespaces may have; those that are not here have no quota.
    package let quotas: [NamespaceName: Quota]
    /// SHA-256 of the file that says so; nil where the settings of the doors do.
    package let digest: Digest256?

    package init(
        rules: [PrincipalRule], quotas: [NamespaceName: Quota] = [:], digest: Digest256? = nil
    ) {
        self.rules = rules
        self.quotas = quotas
        self.digest = digest
    }

    /// What the settings of the doors say: whom a door admits may do all that it takes.
    package init(doors: [Door: (users: Set<UInt32>, groups: Set<UInt32>)]) {
        let rules = doors.sorted { $0.key.rawValue < $1.key.rawValue }.map { door, its in
            PrincipalRule(
                Principal(name: PrincipalName(of: door), verbs: VerbName.all(at: door)),
                users: its.users, groups: its.groups, takesTokens: door == .images)
        }
        self.init(rules: rules)
    }

    /// The uid that user namespaces show for users they do not map: nobody in particular, and so nobody.
    package static let overflowUID: UInt32 = 65534

    package func principal(
        at door: Door, uid: UInt32, groups: [UInt32], unit: String?
    ) -> Principal? {
        guard uid != Self.overflowUID else { return nil }
        let named = rules.filter { $0.principal.doors.contains(door) && $0.users.contains(uid) }
        let grouped = rules.filter {
            $0.principal.doors.contains(door) && !$0.groups.isDisjoint(with: groups)
        }
        // Who hides his unit is not taken for what he would be in any: he may have connected through another.
        if unit == nil, (named + grouped).contains(where: { !$0.units.isEmpty }) { return nil }
        return (named + grouped).first { $0.isIn(unit) }?.principal
    }

    /// Whom a token or a ticket speaks for, which was made for this name.
    ///
    /// - Parameter isToken: a ticket is made by the principal itself, and needs no leave.
    package func bearer(_ name: PrincipalName, isToken: Bool) -> Principal? {
        let rule = rules.first { $0.principal.name == name }
        guard let rule, rule.principal.doors.contains(.images), !rule.principal.isProxy,
            rule.takesTokens || !isToken
        else { return nil }
        return rule.principal
    }
}
