import Testing

@Suite("Settings")
struct SettingsTests {
    @Test(
        "that nobody reads are refused by name",
        arguments: [
            ("validaton:\n  level: structure\n", "validaton.level"),
            ("validation:\n  levle: structure\n", "validation.levle"),
            (
                "namespaces:\n  No:\n    validation:\n      level: decode\n",
                "namespaces.No.validation.level"
            ),
        ])
    func unknownKeys(settings: String, key: String) throws {
        let vault = try TestVault(starting: false)
        try Disk.write(
            String(decoding: Disk.read(vault.configuration), as: UTF8.self)
                .replacing("validation:\n  level: structure\n", with: settings),
            to: vault.configuration)
        let words = try vault.refusalToStart()
        #expect(words.contains("\(key) is not a setting"))
    }

    @Test(
        "with a value that does not exist are refused by name",
        arguments: [
            "validation.level=structur", "validation.trailer=keep", "encryption.suite=aes",
            "validation.animation=maybe", "validation.metadata=drop", "validation.types=gif",
            "validation.types=jpeg,gif",
            "validation.max_scans=0", "validation.max_metadata_bytes=100",
            "namespaces.default.validation.level=none", "validation.max_bytes=0",
            "validation.max_bytes=many", "inspectors.workers=65",
            "log.level=loud", "doors.images.mode=0999", "doors.images.users=no-such-user",
            "doors.images.users=65534", "state_directory=relative",
            "retention.days=0", "retention.extend_only=perhaps", "retention.hold=maybe",
            "namespaces.shop.retention.days=36501",
            "namespaces.my-shop.validation.level=loud",
        ])
    func badValues(setting: String) throws {
        let vault = try TestVault(starting: false)
        let words = try vault.refusalToStart(arguments: ["--set", setting])
        #expect(words.contains(setting.prefix { $0 != "=" }))
    }

    @Test("on the command line must have a known key")
    func unknownFlag() throws {
        let vault = try TestVault(starting: false)
        let words = try vault.refusalToStart(arguments: ["--set", "validation.levle=decode"])
        #expect(words.contains("known key"))
    }

    @Test("of the file hold where nothing overrides them")
    func file() throws {
        #expect(try level(environment: [:], arguments: []) == "structure")
    }

    @Test("of the environment win over the file")
    func environment() throws {
        let variables = ["IMAGEVAULT_VALIDATION_LEVEL": "decode"]
        #expect(try level(environment: variables, arguments: []) == "decode")
    }

    @Test("of the command line win over the environment")
    func flags() throws {
        let variables = ["IMAGEVAULT_VALIDATION_LEVEL": "decode"]
        let flags = ["--set", "validation.level=structure"]
        #expect(try level(environment: variables, arguments: flags) == "structure")
    }

    @Test(
        "name the sockets' modes",
        arguments: [("0600", 0o600), ("0666", 0o666)] as [(String, UInt32)])
    func socketModes(text: String, mode: UInt32) throws {
        let vault = try TestVault(settings: "doors:\n  images:\n    mode: \"\(text)\"\n")
        #expect(try Disk.mode(vault.socket("images")) == mode)
    }

    @Test("leave sockets to their owner and group where no mode is named")
    func socketDefaults() throws {
        let vault = try TestVault()
        for door in ["images", "admin", "audit"] {
            #expect(try Disk.mode(vault.socket(door)) == 0o660)
        }
    }

    /// The level that a vault with `structure` in its file serves with.
    private func level(environment: [String: String], arguments: [String]) throws -> String? {
        let vault = try TestVault(arguments: arguments, environment: environment)
        let status = try vault.ask("GET", "/v1/status", door: "admin")
        return status.json["validation"]["level"].text
    }
}
