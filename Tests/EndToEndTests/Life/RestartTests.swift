// What a service manager sees of a daemon that ends, or does not come up, and what its unit makes of that.

import Foundation
import Glibc
import Testing

@Suite("The unit and the daemon's end")
struct RestartTests {
    /// Which statuses keep `Restart=on-failure` from trying again, as the unit says it.
    private static let lasting: [Int32] = {
        let unit = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Tools/systemd/imagevault.service")
        let lines = (try? String(contentsOf: unit, encoding: .utf8)) ?? ""
        let key = "RestartPreventExitStatus="
        return lines.split(separator: "\n").filter { $0.hasPrefix(key) }
            .flatMap { $0.dropFirst(key.count).split(separator: " ").compactMap { Int32($0) } }
    }()

    @Test("What only a person can mend is not tried again, and is said")
    func lasting() throws {
        let vault = try TestVault(starting: false)
        let absent = vault.folder.path("absent")
        try Self.expectLasting(
            ["--config", vault.configuration, "--set", "state_directory=\(absent)"],
            says: ["there is no vault in \(absent)", "vaultd init"])
        try Self.expectLasting(
            ["--config", vault.configuration, "--set", "validation.level=paranoid"],
            says: ["validation.level"])
        try Self.expectLasting(
            ["--config", vault.folder.path("none.yaml")], says: ["none.yaml cannot be read"])
        try Self.expectLasting([], says: ["--config"])
        try Disk.write("no key file", to: "\(vault.state)/keyring")
        try Self.expectLasting(["--config", vault.configuration], says: ["keyring-damaged"])
    }

    @Test("What may pass is tried again: a daemon that is not gone yet")
    func passing() throws {
        let vault = try TestVault()
        let second = try ChildProcess(
            Machine.program("vaultd"), ["serve", "--config", vault.configuration])
        let ending = try second.wait()
        #expect(!Self.lasting.isEmpty)
        #expect(ending != .exited(0))
        #expect(!Self.lasting.contains { ending == .exited($0) }, "\(ending)")
        #expect(second.errors.contains("another vaultd"))
    }

    @Test("A key file that is missing is said, and is no end: the vault is served sealed")
    func missingKey() throws {
        let folder = try TestFolder()
        let manager = try NotifySocket(in: folder)
        let vault = try TestVault(environment: ["NOTIFY_SOCKET": manager.path])
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try vault.stop()
        let key = try Disk.read(vault.rootKey)
        try Disk.remove(vault.rootKey)
        while manager.said(within: 0) != nil {}
        try vault.start()
        #expect(try manager.next() == "READY=1")
        #expect(vault.journal.contains(vault.rootKey))
        #expect(try vault.get(id).code == "sealed")
        #expect(try vault.stop() == .exited(0))
        try Disk.write(key, to: vault.rootKey)
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("A daemon that was killed starts again as it is, and says when it is ready")
    func killed() throws {
        let folder = try TestFolder()
        let manager = try NotifySocket(in: folder)
        let vault = try TestVault(environment: ["NOTIFY_SOCKET": manager.path])
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        for _ in 0..<2 {
            #expect(try manager.next() == "READY=1")
            try vault.crash()
            try vault.start()
        }
        #expect(try vault.get(id).bytes == Bytes(image))
        #expect(try vault.stop() == .exited(0))
        #expect(try manager.next() == "READY=1")
        #expect(try manager.next() == "STOPPING=1")
    }

    private static func expectLasting(_ arguments: [String], says words: [String]) throws {
        let (ending, _, errors) = try run(Machine.program("vaultd"), ["serve"] + arguments)
        #expect(lasting.contains { ending == .exited($0) }, "\(ending): \(errors)")
        for word in words { #expect(errors.contains(word), "\(errors)") }
    }
}
