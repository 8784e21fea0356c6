// A state directory that was damaged, or that belongs to another vault, is refused at the start.

import Glibc
import Testing

@Suite("At its start the daemon refuses")
struct StoreDamageTests {
    @Test("a keyring with a byte flipped, or does not open it", arguments: [0, 9, 40, 200, -1])
    func flippedKeyring(offset: Int) throws {
        let vault = try TestVault(starting: false)
        try Disk.flip("\(vault.state)/keyring", at: offset)
        try vault.launch()
        let daemon = try #require(vault.daemon)
        // What the format can tell is refused; what only the key can tell leaves the vault sealed.
        try eventually("an end or a sealed vault") {
            daemon.poll() != nil || daemon.errors.contains("\"serving\"")
        }
        if daemon.poll() != nil {
            #expect(
                daemon.errors.contains("keyring-damaged") || daemon.errors.contains("different"))
        } else {
            #expect(daemon.errors.contains("keyring-refused"))
            #expect(try vault.ask("GET", "/v1/ready").code == "sealed")
        }
    }

    @Test("a keyring that was cut", arguments: [0, 1, 100, 400])
    func cutKeyring(bytes: Int) throws {
        let vault = try TestVault(starting: false)
        let path = "\(vault.state)/keyring"
        try Disk.write(Array(Disk.read(path).prefix(bytes)), to: path)
        #expect(try vault.refusalToStart().contains("keyring-damaged"))
    }

    @Test("a keyring with bytes behind its end")
    func longKeyring() throws {
        let vault = try TestVault(starting: false)
        let path = "\(vault.state)/keyring"
        try Disk.write(Disk.read(path) + [0], to: path)
        #expect(try vault.refusalToStart().contains("keyring-damaged"))
    }

    @Test("a keyring that is not there", arguments: ["keyring", "log-key"])
    func missingKeyring(name: String) throws {
        let vault = try TestVault(starting: false)
        try Disk.remove("\(vault.state)/\(name)")
        #expect(try vault.refusalToStart().contains("keyring-damaged"))
    }

    @Test("another vault's keyring, and the keyring and log key exchanged")
    func otherKeyring() throws {
        let vault = try TestVault(starting: false)
        let other = try TestVault(starting: false)
        let own = try Disk.read("\(vault.state)/keyring")
        try Disk.write(Disk.read("\(other.state)/keyring"), to: "\(vault.state)/keyring")
        #expect(try vault.refusalToStart().contains("different vaults"))
        try Disk.write(Disk.read("\(vault.state)/log-key"), to: "\(vault.state)/keyring")
        try Disk.write(own, to: "\(vault.state)/log-key")
        #expect(try vault.refusalToStart().contains("keyring-damaged"))
    }

    @Test("a catalog that is not there")
    func missingCatalog() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove(vault.catalog)
        #expect(try vault.refusalToStart().contains("catalog-damaged"))
        #expect(!Disk.exists(vault.catalog))
    }

    @Test("another vault's catalog")
    func otherCatalog() throws {
        let vault = try TestVault(starting: false)
        let other = try TestVault(starting: false)
        try vault.replaceCatalog(with: Catalog.whole(other.catalog))
        #expect(try vault.refusalToStart().contains("catalog-damaged"))
    }

    @Test("a catalog that is no database, or empty", arguments: ["", "not a database at all, no"])
    func noDatabase(content: String) throws {
        let vault = try TestVault(starting: false)
        try vault.replaceCatalog(with: Array(content.utf8))
        #expect(try vault.refusalToStart().contains("catalog-damaged"))
    }

    @Test("a catalog whose log does not hold together", arguments: ["size + 2", "size * 2"])
    func brokenFrontier(size: String) throws {
        let vault = try TestVault(starting: false)
        try Catalog.change(vault.catalog, "UPDATE log SET size = \(size)")
        #expect(try vault.refusalToStart().contains("catalog-damaged"))
    }

    @Test("a state directory that is a link to nowhere or not there")
    func noState() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove(vault.state)
        let words = try vault.refusalToStart()
        #expect(words.contains(vault.state))
    }

    @Test("a socket path that is too long")
    func longPath() throws {
        let vault = try TestVault(starting: false)
        let long = vault.folder.path(String(repeating: "d", count: 100))
        let words = try vault.refusalToStart(arguments: ["--set", "run_directory=\(long)"])
        #expect(words.contains("too long"))
    }
}
