// The status of a start that fails: 78 for what only a person can mend, 1 for what another start may find gone. The
// service manager starts the daemon again after the second alone.

import Foundation
import Glibc
import Testing

@Suite("The status of a start that fails")
struct StartStatusTests {
    @Test("a setting that cannot be used is not tried again")
    func settings() throws {
        let vault = try TestVault(starting: false)
        let child = try vault.launch(arguments: ["--set", "metrics.loopback_port=80"])
        #expect(try child.wait() == .exited(EX_CONFIG))
        #expect(child.errors.contains("metrics.loopback_port"))
    }

    @Test("a vault that another daemon serves may be free later")
    func served() throws {
        let vault = try TestVault()
        let first = try #require(vault.daemon)
        let second = try vault.launch()
        #expect(try second.wait() == .exited(1))
        #expect(second.errors.contains("another vaultd uses"))
        #expect(first.poll() == nil)
        first.signal(SIGTERM)
        #expect(try first.wait() == .exited(0))
    }

    @Test("a port for measures that somebody else has may be free later")
    func port() throws {
        let number = try Port.free()
        let settings = "metrics:\n  loopback_port: \(number)\n"
        let first = try TestVault(settings: settings)
        let second = try TestVault(settings: settings, starting: false)
        let child = try second.launch()
        #expect(try child.wait() == .exited(1))
        #expect(child.errors.contains("cannot bind port \(number)"))
        #expect(try first.stop() == .exited(0))
        try second.start()
        #expect(try second.stop() == .exited(0))
    }
}
