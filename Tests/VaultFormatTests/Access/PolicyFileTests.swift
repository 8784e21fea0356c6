// A policy's file: what it means, and each way in which it is refused.

import Testing
import VaultFormat
import VaultPolicy

private struct Accounts: AccountNames {
    func user(_ name: String) -> UInt32? { ["web": 33, "nobody": 65_534, "ann": 1001][name] }
    func group(_ name: String) -> UInt32? { ["images": 500, "staff": 501][name] }
}

@Suite("A policy's file")
struct PolicyFileTests {
    private static let whole = """
        version: 1
        roles:
          thumbnailer: [images.get, images.metadata]
        principals:
          web:
            users: [web, "1500"]
            groups: [images]
            roles: [backend]
            namespace: default
          worker:
            users: [web]
            units: [thumbs.service]
            roles: [auditor]
          thumbs:
            groups: [staff]
            roles: [thumbnailer, resolver]
          ann:
            users: [ann]
            roles: [admin, auditor]
        """

    private func rules(_ text: String) throws -> AccessPolicy {
        try PolicyFile.policy(of: text, accounts: Accounts())
    }

    private func name(
        _ policy: AccessPolicy, _ door: Door, _ uid: UInt32, _ groups: [UInt32] = [],
        _ unit: String? = nil
    ) -> String? {
        policy.principal(at: door, uid: uid, groups: groups, unit: unit)?.name.description
    }

    @Test(
        "says who somebody is by user before group, in its order, at doors that he has a verb for")
    func principals() throws {
        let policy = try rules(Self.whole)
        #expect(name(policy, .images, 33) == "web")
        #expect(name(policy, .images, 1500) == "web")
        #expect(name(policy, .images, 77, [9, 500]) == "web")
        #expect(name(policy, .images, 77, [501]) == "thumbs")
        #expect(name(policy, .images, 77, [501, 500]) == "web", "the first in the file")
        #expect(name(policy, .images, 77, [501], "x.service") == "thumbs")
        #expect(name(policy, .audit, 33, [], "x.service") == nil, "another unit's")
        #expect(name(policy, .audit, 33) == nil, "nobody's")
        #expect(name(policy, .audit, 33, [], "thumbs.service") == "worker")
        #expect(name(policy, .audit, 77, [501]) == "thumbs", "names.resolve is a verb there")
        #expect(name(policy, .admin, 1001) == "ann")
        #expect(name(policy, .images, 1001) == nil)
        #expect(name(policy, .admin, 33) == nil)
        #expect(name(policy, .images, 78) == nil)
        #expect(name(policy, .images, 65_534, [500]) == nil, "nobody in particular")
    }

    @Test("takes nobody who hides his unit for what he would be in another")
    func hiddenUnits() throws {
        let policy = try rules(
            """
            version: 1
            principals:
              narrow: {users: [web], units: [thumbs.service], roles: [backend-read]}
              wide: {users: [web], roles: [backend]}
              some: {groups: [images], units: [thumbs.service], roles: [backend-read]}
              others: {groups: [images], roles: [backend]}
              ann: {users: [ann], roles: [admin]}
            """)
        for (uid, groups) in [(UInt32(33), [UInt32]()), (77, [500])] {
            #expect(name(policy, .images, uid, groups) == nil)
            let narrow = name(policy, .images, uid, groups, "thumbs.service")
            #expect(narrow == (uid == 33 ? "narrow" : "some"))
            let wide = name(policy, .images, uid, groups, "shop.service")
            #expect(wide == (uid == 33 ? "wide" : "others"))
        }
        #expect(name(policy, .admin, 1001) == "ann", "no unit is asked for there")
    }

    @Test("has principals that tokens speak for, and proxies that may nothing for themselves")
    func bearers() throws {
        let policy = try rules(
            """
            version: 1
            principals:
              thumbs: {tokens: true, roles: [backend-read]}
              edge: {users: [web], proxy: true}
              web: {groups: [images], roles: [backend]}
              ann: {users: [ann], roles: [admin]}
            """)
        func bearer(_ name: String, isToken: Bool) throws -> String? {
            policy.bearer(try PrincipalName(name), isToken: isToken)?.name.description
        }
        #expect(try bearer("thumbs", isToken: true) == "thumbs")
        #expect(try bearer("web", isToken: true) == nil, "it takes none")
        #expect(try bearer("web", isToken: false) == "web", "its tickets are its own")
        for other in ["edge", "ann", "moon"] {
            #expect(try bearer(other, isToken: false) == nil, "\(other)")
        }
        let edge = try #require(policy.principal(at: .images, uid: 33, groups: [], unit: nil))
        #expect(edge.isProxy && VerbName.allCases.allSatisfy { !edge.may($0, at: .images) })
        #expect(policy.principal(at: .admin, uid: 33, groups: [], unit: nil) == nil)
        let thumbs = try #require(policy.bearer(try PrincipalName("thumbs"), isToken: true))
        let narrow = thumbs.limited(to: TokenScopes([.getImages, .deleteImages]))
        #expect(narrow.verbs == [.getImages], "no more than its own")
        let web = try #require(policy.bearer(try PrincipalName("web"), isToken: false))
        #expect(web.limited(to: TokenScopes([.readReceipts])).may(.readReceipts, at: .images))
    }

    @Test("has quotas of namespaces, each in its bounds")
    func quotas() throws {
        let text = """
            version: 1
            namespaces:
              shop: {max_images: 10, max_bytes: 0, uploads_per_minute: 60, upload_bytes_per_second: 1024}
              default: {}
            principals:
              web: {users: [web], roles: [backend], namespace: shop}
              ann: {users: [ann], roles: [admin]}
            """
        let policy = try rules(text)
        let shop = try NamespaceName("shop")
        #expect(
            policy.quotas == [
                shop: Quota(
                    images: 10, bytes: 0, uploadsPerMinute: 60, uploadBytesPerSecond: 1024),
                .standard: .none,
            ])
        let web = policy.principal(at: .images, uid: 33, groups: [], unit: nil)
        #expect(web?.namespace == shop)
        for (old, new) in [
            ("max_images: 10", "max_images: -1"), ("max_images: 10", "max_images: 1e3"),
            ("max_bytes: 0", "max_bytes: 00"), ("uploads_per_minute: 60", "uploads_per_minute: 0"),
            ("upload_bytes_per_second: 1024", "upload_bytes_per_second: 1023"),
            ("max_bytes: 0", "bytes: 0"), ("default: {}", "default: {}\n  \"shop\": {}"),
            ("shop: {max", "No shop: {max"),
            ("namespace: shop", "namespace: No"), ("default: {}", "default: 5"),
        ] {
            #expect(throws: PolicyError.self, "\(new)") {
                try rules(text.replacing(old, with: new))
            }
        }
    }

    @Test(
        "refuses a proxy with rights, and tokens for nothing",
        arguments: [
            "{users: [web], proxy: true, roles: [backend]}",
            "{users: [web], proxy: true, tokens: true}",
            "{users: [web], proxy: 1, roles: [backend]}", "{tokens: true}", "{proxy: true}",
            "{tokens: true, roles: [auditor]}", "{users: [web], tokens: yes, roles: [backend]}",
            "{roles: [backend]}", "{tokens: true, roles: [backend, admin]}",
        ])
    func badBearers(entry: String) {
        #expect(throws: PolicyError.self) {
            try rules(
                "version: 1\nprincipals:\n  ann: {users: [ann], roles: [admin]}\n  one: \(entry)\n")
        }
    }

    @Test("gives exactly the verbs of the roles")
    func verbs() throws {
        let policy = try rules(Self.whole)
        let thumbs = try #require(policy.rules.first { $0.principal.name.description == "thumbs" })
        #expect(thumbs.principal.verbs == [.getImages, .readMetadata, .resolveNames])
        #expect(thumbs.principal.may(.getImages, at: .images))
        #expect(!thumbs.principal.may(.getImages, at: .audit))
        #expect(!thumbs.principal.may(.putImages, at: .images))
        let ann = try #require(policy.rules.last)
        #expect(!ann.principal.verbs.contains(.resolveNames), "no auditor has it by his role")
        #expect(ann.principal.may(.readReceipts, at: .admin))
        #expect(!ann.principal.may(.readReceipts, at: .images), "it opens no door")
    }

    @Test("lets a writer see nothing, and a reader change nothing")
    func narrowRoles() throws {
        let roles = Dictionary(uniqueKeysWithValues: Role.standard.map { ($0.name, $0.verbs) })
        // What a web tier says of its own people is about no image.
        let tier: Set<VerbName> = [.reportSecurity, .checkLimits, .readBlocks]
        #expect(roles["backend-write"] == tier.union([.putImages, .inspectImages]))
        #expect(
            roles["backend-read"]
                == tier.union([.getImages, .probeImages, .readMetadata, .createTickets]))
        #expect(roles["admin"]?.contains { $0.doors == [.images] } == false)
        #expect(roles["auditor"]?.contains { $0.doors == [.admin] } == false)
        let all = roles.values.reduce(into: Set()) { $0.formUnion($1) }
        #expect(all == Set(VerbName.allCases), "every verb is somebody's")
    }

    @Test(
        "is refused whole for one fault, with its line",
        arguments: [
            ("", "the file is empty"),
            ("version: [", "not YAML"),
            ("principals: {}", "version is missing"),
            ("version: 2\nprincipals: {}", "line 1: version must be 1"),
            ("version: 1\nprincipals: {}", "must name somebody"),
            ("version: 1\nprinciples: {}", "line 2: the policy has an unknown key"),
            ("version: 1\nversion: 1\nprincipals: {}", "twice"),
            ("version: 1\nroles: {r: [images.got]}\nprincipals: {}", "there is images.put"),
            ("version: 1\nroles: {r: []}\nprincipals: {}", "role r has no verbs"),
            ("version: 1\nroles: {admin: [log.read]}\nprincipals: {}", "that every policy has"),
            (Self.with("Web: {users: [web], roles: [backend]}"), "line 4: a principal's name"),
            (Self.with("w: {users: [wob], roles: [backend]}"), "there is no user \"wob\""),
            (Self.with("w: {groups: [wob], roles: [backend]}"), "there is no group \"wob\""),
            (Self.with("w: {users: [nobody], roles: [backend]}"), "65534"),
            (Self.with("w: {users: [\"65534\"], roles: [backend]}"), "65534"),
            (Self.with("w: {groups: [65534], roles: [backend]}"), "65534"),
            (Self.with("w: {users: [\"+33\"], roles: [backend]}"), "there is no user \"+33\""),
            (Self.with("w: {groups: [\"007\"], roles: [backend]}"), "there is no group \"007\""),
            (Self.with("w: {users: &a [web], roles: [backend]}"), "line 4: anchors are not taken"),
            (Self.with("w: {users: [web], roles: [boss]}"), "there is no role \"boss\""),
            (Self.with("w: {users: [web], roles: backend}"), "must be a list"),
            (Self.with("w: {users: [web], roles: []}"), "has no roles"),
            (Self.with("w: {users: [web], role: [backend]}"), "unknown key"),
            (Self.with("w: {roles: [backend]}"), "names no users and no groups"),
            (
                Self.with("w: {users: [web], roles: [backend], namespace: Clinic}"),
                "a namespace's name"
            ),
            (
                Self.with("w: {users: [ann], roles: [admin]}"),
                "user 1001 is ann at admin.sock already"
            ),
            (Self.with("w: {users: [[web]], roles: [backend]}"), "no word"),
            (
                "version: 1\nprincipals: {w: {users: [web], roles: [backend]}}",
                "nobody has policy.reload"
            ),
        ])
    func refusals(text: String, words: String) throws {
        let error = #expect(throws: PolicyError.self) { try rules(text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "none")")
    }

    /// An entry behind an admin, in line 4.
    private static func with(_ entry: String) -> String {
        "version: 1\nprincipals:\n  ann: {users: [ann], roles: [admin]}\n  \(entry)\n"
    }

    @Test("a verb that every socket takes opens none of them")
    func sharedVerbs() throws {
        let text =
            "version: 1\nroles: {r: [receipts.read, metrics.read]}\nprincipals:\n"
            + "  ann: {users: [ann], roles: [admin]}\n  w: {users: [web], roles: [r]}\n"
        let error = #expect(throws: PolicyError.self) { try rules(text) }
        #expect(error?.words == "w has only verbs that open no socket")
    }

    @Test("where there is none, the doors' settings are one principal a door")
    func doors() {
        let policy = AccessPolicy(doors: [.images: ([33], [500]), .admin: ([0], [])])
        #expect(name(policy, .images, 33) == "images")
        #expect(name(policy, .images, 4, [500]) == "images")
        #expect(name(policy, .admin, 33) == nil)
        #expect(name(policy, .admin, 0) == "admin")
        #expect(name(policy, .audit, 0) == nil)
    }
}
