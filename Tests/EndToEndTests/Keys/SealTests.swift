// Sealing a daemon at work: what it breaks off, what it erases, and that it holds.

import Foundation
import Testing

@Suite("A seal")
struct SealTests {
    private static func seal(_ vault: TestVault) throws -> Answer {
        try vault.ask("POST", "/v1/seal", door: "admin")
    }

    @Test("holds over a restart with the key file there, until an unsealing, which holds too")
    func holds() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        let answer = try Self.seal(vault)
        #expect(answer.status == 200 && answer.json["sealed"].bool == true, "\(answer.summary)")
        #expect(try vault.get(id).code == "sealed")
        #expect(try vault.ask("GET", "/v1/checkpoint", door: "audit").code == "sealed")
        #expect(try vault.ask("GET", "/v1/ready").code == "sealed")
        try vault.stop()
        try vault.start()
        #expect(try vault.get(id).code == "sealed")
        #expect(vault.journal.contains("sealed by command"))
        #expect(try vault.ask("GET", "/v1/checkpoint", door: "audit").code == "sealed")
        #expect(try vault.unseal(Disk.read(vault.rootKey)).status == 200)
        #expect(try vault.get(id).bytes == Bytes(image))
        #expect(try vault.ask("GET", "/v1/checkpoint", door: "audit").status == 200)
        try vault.stop()
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
        let events = try vault.events()
        #expect(events.map { $0["index"].number } == Array(0..<events.count))
        let seal = try #require(events.first { $0["action"].text == "vault.sealed" })
        #expect(seal["uid"].number == Int(OwnIdentity.uid))
        #expect(events.contains { $0["action"].text == "vault.unsealed" })
    }

    @Test("breaks off an answer in flight, which is never whole and never a short success")
    func reading() throws {
        let vault = try TestVault()
        // Far more than sockets hold: most of it is still to be opened when the keys go.
        let image = Sample.jpeg(bytes: 3 << 20, 2)
        let id = try vault.store(image)
        let reader = try vault.connect()
        try reader.send(Request.bytes("GET", "/v1/images/\(id)"))
        #expect(try reader.read(15) == Array("HTTP/1.1 200 OK".utf8))
        #expect(try Self.seal(vault).status == 200)
        let rest = try reader.readToEnd()
        #expect(rest.count < image.count)
        try eventually("the end of the reading in the log") {
            try vault.events().contains {
                $0["action"].text == "read.ended" && $0["code"].text == "sealed"
            }
        }
    }

    @Test("refuses an upload in flight")
    func upload() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 2 << 20, 3)
        let sender = try vault.connect()
        let request = Request.bytes("POST", "/v1/images", [Request.name("a.jpg")], body: image)
        try sender.send(Array(request.prefix(1 << 20)))
        #expect(try Self.seal(vault).status == 200)
        try sender.send(Array(request.dropFirst(1 << 20)))
        let answer = try #require(try sender.answer())
        #expect(answer.code == "sealed" && answer.status == 503, "\(answer.summary)")
    }

    @Test(
        "leaves no key in the daemon's memory, nor anything that leads to one",
        .enabled(if: Machine.isRoot, "only root reads the memory of a daemon"))
    func memory() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 3 << 20, 4)
        let id = try vault.store(image)
        let keys = try vault.knownKeys()
        #expect(keys.count > 15)
        // Work that uses each kind of key, and two requests that hold some when the seal comes.
        _ = try vault.ask("GET", "/v1/images?job=j")
        _ = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        let reader = try vault.connect()
        try reader.send(Request.bytes("GET", "/v1/images/\(id)"))
        _ = try reader.read(15)
        let daemon = try #require(vault.daemon)
        #expect(try ProcessMemory(of: daemon.pid).holds(anyOf: keys) != nil)
        #expect(try Self.seal(vault).status == 200)
        for process in [daemon.pid] + Family.children(of: daemon.pid) {
            let found = try ProcessMemory(of: process).holds(anyOf: keys)
            #expect(found == nil, "\(Family.name(of: process)) holds key \(found ?? -1)")
        }
        _ = try reader.readToEnd()
        // Nor does a start that finds the mark.
        try vault.stop()
        try vault.start()
        let again = try #require(vault.daemon)
        #expect(try ProcessMemory(of: again.pid).holds(anyOf: keys) == nil)
        #expect(try vault.get(id).code == "sealed")
    }

    @Test("is given by vaultctl")
    func command() throws {
        let vault = try TestVault()
        let sealed = try vault.vaultctl("seal")
        #expect(sealed.ending == .exited(0) && sealed.output == "sealed\n", "\(sealed.errors)")
        #expect(try vault.ask("GET", "/v1/ready").code == "sealed")
    }
}
