// What a core of the daemon gives away: no key while it works, because its key memory is in none, and none at all
// once it is sealed.

import Foundation
import Testing

@Suite(
    "A core of the daemon",
    .enabled(
        if: Machine.isRoot && Machine.hasDebugger,
        "root and gdb take a core of a daemon that lets nobody else trace it"))
struct CoreTests {
    @Test("holds no key before a seal, though the memory does, and none of either after it")
    func keys() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(bytes: 3 << 20, 4))
        let keys = try vault.knownKeys()
        #expect(keys.count > 15)
        // Work with each kind of key; a request that holds some is under way.
        _ = try vault.ask("GET", "/v1/images?job=j")
        _ = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        let reader = try vault.connect()
        try reader.send(Request.bytes("GET", "/v1/images/\(id)"))
        _ = try reader.read(15)
        let daemon = try #require(vault.daemon).pid
        // The search finds what is there: a core that leaves nothing out has the keys, and every core has
        // the heap, where the state directory's path is.
        let path = Array(vault.state.utf8)
        let whole = try Core(of: daemon, whole: true, in: vault.folder)
        #expect(try whole.holds(anyOf: keys) != nil)
        let before = try Core(of: daemon, whole: false, in: vault.folder)
        #expect(try before.holds(anyOf: [path]) != nil)
        #expect(try before.holds(anyOf: keys) == nil)

        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        for isWhole in [true, false] {
            let after = try Core(of: daemon, whole: isWhole, in: vault.folder)
            #expect(try after.holds(anyOf: [path]) != nil)
            #expect(try after.holds(anyOf: keys) == nil)
        }
        _ = try reader.readToEnd()
    }
}
