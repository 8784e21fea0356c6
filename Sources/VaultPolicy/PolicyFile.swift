// The file of a policy: YAML, read whole or not at all. Vault.docc, Policy, is the specification.

package import VaultFormat
import Yams

/// Reads a policy.
package struct PolicyFile {
    private let accounts: any AccountNames
    private var roles: [String: Role] = [:]
    private var rules: [PrincipalRule] = []
    private var quotas: [NamespaceName: Quota] = [:]

    /// - Parameters:
    ///   - text: at most ``Limits/policyBytes``.
    ///   - digest: of the file, for a policy that is to be in force.
    /// - Returns: the policy, its rules in the file's order.
    /// - Throws: ``PolicyError`` for the first thing that is wrong.
    package static func policy(
        of text: String, accounts: some AccountNames, digest: Digest256? = nil
    ) throws(PolicyError) -> AccessPolicy {
        guard text.utf8.count <= Limits.policyBytes else {
            throw PolicyError("the file has more than \(Limits.policyBytes) bytes")
        }
        // What repeats itself may grow beyond measure before anything can look at it.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() where line.contains("&") {
            throw PolicyError("anchors are not taken: leave out the &", line: number + 1)
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw PolicyError("this is not YAML: \(Self.words(of: error))")
        }
        guard let root else { throw PolicyError("the file is empty") }
        var file = PolicyFile(accounts: accounts)
        try file.read(root)
        return AccessPolicy(rules: file.rules, quotas: file.quotas, digest: digest)
    }

    private static func words(of error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping: "a key is there twice"
        default: "it cannot be read"
        }
    }

    private init(accounts: any AccountNames) {
        self.accounts = accounts
        for role in Role.standard { roles[role.name] = role }
    }

    private mutating func read(_ root: Node) throws(PolicyError) {
        let fields = try Fields(
            root, "the policy", allowed: ["version", "roles", "principals", "namespaces"])
        guard let version = fields["version"] else {
            throw PolicyError("version is missing; this is version 1", at: root)
        }
        guard version.scalar?.string == "1" else {
            throw PolicyError("version must be 1", at: version)
        }
        try readRoles(fields["roles"])
        try readNamespaces(fields["namespaces"])
        guard let principals = fields["principals"], let pairs = principals.mapping,
            !pairs.isEmpty
        else {
            throw PolicyError("principals must name somebody", at: fields["principals"] ?? root)
        }
        guard pairs.count <= Limits.principals else {
            throw PolicyError("there are more than \(Limits.principals) principals", at: principals)
        }
        for (name, entry) in pairs { try add(name, entry) }
        guard rules.contains(where: { $0.principal.may(.reloadPolicy, at: .admin) }) else {
            throw PolicyError(
                "nobody has policy.reload: give somebody the role admin, or nobody could change this"
            )
        }
    }

    // MARK: Roles

    private mutating func readRoles(_ node: Node?) throws(PolicyError) {
        guard let node else { return }
        guard let pairs = node.mapping else {
            throw PolicyError("roles must be names with lists of verbs", at: node)
        }
        guard pairs.count <= Limits.roles else {
            throw PolicyError("there are more than \(Limits.roles) roles", at: node)
        }
        for (key, list) in pairs {
            let name = try Self.name(key, "a role's name").description
            guard roles[name] == nil else {
                throw PolicyError(
                    "\(name) is a role that every policy has; take another name", at: key)
            }
            var verbs: Set<VerbName> = []
            for (word, place) in try Self.words(list, "role \(name)") {
                guard let verb = VerbName(rawValue: word) else {
                    throw PolicyError(
                        "there is no verb \(word.debugDescription)\(Self.hint(word))", at: place)
                }
                verbs.insert(verb)
            }
            guard !verbs.isEmpty else { throw PolicyError("role \(name) has no verbs", at: list) }
            roles[name] = Role(name: name, verbs: verbs)
        }
    }

    private static func hint(_ word: String) -> String {
        let part = word.prefix { $0 != "." }
        let near = VerbName.allCases.filter { $0.rawValue.hasPrefix("\(part).") }
        return near.isEmpty
            ? "; vaultctl policy verbs lists them"
            : "; there is \(near.map(\.rawValue).joined(separator: ", "))"
    }

    // MARK: Namespaces

    private mutating func readNamespaces(_ node: Node?) throws(PolicyError) {
        guard let node else { return }
        guard let pairs = node.mapping else {
            throw PolicyError("namespaces must be names with quotas", at: node)
        }
        guard pairs.count <= Limits.namespaces else {
            throw PolicyError("there are more than \(Limits.namespaces) namespaces", at: node)
        }
        for (key, entry) in pairs {
            let name = try namespace(key)
            guard quotas[name] == nil else { throw PolicyError("\(name) is there twice", at: key) }
            let fields = try Fields(
                entry, "\(name)",
                allowed: [
                    "max_images", "max_bytes", "uploads_per_minute", "upload_bytes_per_second",
                ])
            func number(
                _ field: String, in range: ClosedRange<Int>
            ) throws(PolicyError) -> Int? {
                guard let node = fields[field] else { return nil }
                guard let text = node.scalar?.string, let number = Int(text),
                    String(number) == text, range.contains(number)
                else {
                    throw PolicyError(
                        "\(name): \(field) is \(range.lowerBound) to \(range.upperBound)", at: node)
                }
                return number
            }
            quotas[name] = Quota(
                images: try number("max_images", in: Limits.quotaImages),
                bytes: try number("max_bytes", in: Limits.quotaBytes),
                uploadsPerMinute: try number("uploads_per_minute", in: Limits.requestsPerMinute),
                uploadBytesPerSecond: try number(
                    "upload_bytes_per_second", in: Limits.bytesPerSecond))
        }
    }

    // MARK: Principals

    private mutating func add(_ key: Node, _ entry: Node) throws(PolicyError) {
        let name = try Self.name(key, "a principal's name")
        guard !rules.contains(where: { $0.principal.name == name }) else {
            throw PolicyError("\(name) is there twice", at: key)
        }
        let fields = try Fields(
            entry, "\(name)",
            allowed: ["users", "groups", "units", "roles", "namespace", "tokens", "proxy"])
        let isProxy = try Self.flag(fields["proxy"], "\(name): proxy")
        let takesTokens = try Self.flag(fields["tokens"], "\(name): tokens")
        var verbs: Set<VerbName> = []
        var names: [String] = []
        for (word, place) in try Self.words(fields["roles"], "\(name): roles") {
            guard let role = roles[word] else {
                let known = roles.keys.sorted().joined(separator: ", ")
                throw PolicyError(
                    "there is no role \(word.debugDescription); there is \(known)", at: place)
            }
            verbs.formUnion(role.verbs)
            names.append(role.name)
        }
        if isProxy {
            guard verbs.isEmpty, !takesTokens else {
                throw PolicyError(
                    "\(name) is a proxy, which has no roles and no tokens of its own", at: entry)
            }
        } else {
            guard !verbs.isEmpty else { throw PolicyError("\(name) has no roles", at: entry) }
            guard verbs.contains(where: { $0.doors.count == 1 }) else {
                throw PolicyError("\(name) has only verbs that open no socket", at: entry)
            }
        }
        guard !takesTokens || verbs.contains(where: { $0.doors == [.images] }) else {
            throw PolicyError("\(name) takes tokens, but has no verb of images.sock", at: entry)
        }
        let rule = PrincipalRule(
            Principal(
                name: name, verbs: verbs, namespace: try namespace(fields["namespace"]),
                isProxy: isProxy),
            users: try members(fields["users"], "\(name): users", "user", accounts.user),
            groups: try members(fields["groups"], "\(name): groups", "group", accounts.group),
            units: Set(try Self.words(fields["units"], "\(name): units").map(\.word)), roles: names,
            takesTokens: takesTokens)
        if rule.users.isEmpty, rule.groups.isEmpty {
            guard takesTokens else {
                throw PolicyError(
                    "\(name) names no users and no groups, and takes no tokens", at: entry)
            }
            guard rule.principal.doors == [.images] else {
                throw PolicyError(
                    "\(name) is known by tokens alone, which images.sock takes alone", at: entry)
            }
        }
        try refuseHidden(rule, entry)
        rules.append(rule)
    }

    private func namespace(_ node: Node?) throws(PolicyError) -> NamespaceName {
        guard let node else { return .standard }
        guard let text = node.scalar?.string, let name = try? NamespaceName(text) else {
            throw PolicyError("a namespace's name is 1 to 32 of a-z, 0-9 and -", at: node)
        }
        return name
    }

    private func members(
        _ node: Node?, _ place: String, _ kind: String, _ number: (String) -> UInt32?
    ) throws(PolicyError) -> Set<UInt32> {
        var found: Set<UInt32> = []
        for (word, node) in try Self.words(node, place) {
            // One number, one spelling.
            let digits = UInt32(word).flatMap { String($0) == word ? $0 : nil }
            guard let id = digits ?? number(word) else {
                throw PolicyError("there is no \(kind) \(word.debugDescription)", at: node)
            }
            guard id != AccessPolicy.overflowUID else {
                throw PolicyError("65534 is nobody in particular, and never anybody", at: node)
            }
            found.insert(id)
        }
        return found
    }

    /// A user whom an earlier principal takes at the same door, whatever his unit, would never be this one.
    private func refuseHidden(_ rule: PrincipalRule, _ entry: Node) throws(PolicyError) {
        for earlier in rules where earlier.units.isEmpty {
            let doors = earlier.principal.doors.intersection(rule.principal.doors)
            let users = earlier.users.intersection(rule.users)
            guard let door = doors.map(\.name).min(), let user = users.min() else { continue }
            throw PolicyError(
                "user \(user) is \(earlier.principal.name) at \(door).sock already", at: entry)
        }
    }

    // MARK: Words

    private static func flag(_ node: Node?, _ place: String) throws(PolicyError) -> Bool {
        switch node?.scalar?.string {
        case "true": return true
        case "false": return false
        case nil where node == nil: return false
        default: throw PolicyError("\(place) is true or false", at: node ?? Node(""))
        }
    }

    private static func name(_ node: Node, _ what: String) throws(PolicyError) -> PrincipalName {
        guard let text = node.scalar?.string, let name = try? PrincipalName(text) else {
            throw PolicyError("\(what) is 1 to 32 of a-z, 0-9 and -, first a letter", at: node)
        }
        return name
    }

    private static func words(
        _ node: Node?, _ place: String
    ) throws(PolicyError) -> [(word: String, node: Node)] {
        guard let node else { return [] }
        guard let list = node.sequence else {
            throw PolicyError("\(place) must be a list, as [one, two]", at: node)
        }
        guard list.count <= Limits.principalMembers else {
            throw PolicyError("\(place) has more than \(Limits.principalMembers) entries", at: node)
        }
        var words: [(String, Node)] = []
        for item in list {
            guard let word = item.scalar?.string, !word.isEmpty,
                word.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw PolicyError("\(place) has an entry that is no word", at: item) }
            words.append((word, item))
        }
        return words
    }
}

/// The entries of a mapping, none of which is unknown.
private struct Fields {
    private var nodes: [String: Node] = [:]

    init(_ node: Node, _ what: String, allowed: Set<String>) throws(PolicyError) {
        guard let mapping = node.mapping else {
            throw PolicyError("\(what) must be a mapping", at: node)
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string, allowed.contains(name) else {
                let known = allowed.sorted().joined(separator: ", ")
                throw PolicyError("\(what) has an unknown key; there is \(known)", at: key)
            }
            guard nodes.updateValue(value, forKey: name) == nil else {
                throw PolicyError("\(what) has \(name) twice", at: key)
            }
        }
    }

    subscript(name: String) -> Node? { nodes[name] }
}
