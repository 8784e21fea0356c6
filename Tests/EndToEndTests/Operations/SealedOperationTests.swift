// A vault that is sealed while it works: the work waits for the key, and comes to the same end.

import Foundation
import Testing

@Suite("Sealed in the middle of a re-inspection")
struct SealedOperationTests {
    @Test("it goes on when the vault is unsealed, and takes no image for a damaged one")
    func goesOn() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=100"])
        let images = 150
        for number in 0..<images { _ = try vault.store(Sample.jpeg(number)) }
        let key = try Disk.read(vault.rootKey)
        let started = try vault.inspect("{}")
        // The seal comes at another place of a step each time.
        for _ in 0..<4 {
            let before = try vault.operation(started)["done"].number ?? 0
            try eventually("progress") {
                let operation = try vault.operation(started)
                return (operation["done"].number ?? 0) > before || operation["state"].text == "done"
            }
            #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
            #expect(try vault.unseal(key).status == 200)
        }
        let operation = try vault.finished(started)
        #expect(operation["state"].text == "done", "\(operation)")
        #expect(operation["done"].number == images)
        #expect(operation["found"].number == 0)
        #expect(operation["failures"].number == 0)
        // At least once something was done before a seal, and something after it.
        let events = try vault.events()
        let seals = events.indices.filter { events[$0]["action"].text == "vault.sealed" }
        #expect(seals.count == 4)
        let steps = events.indices.filter { events[$0]["action"].text == "operation.advanced" }
        #expect(seals.contains { seal in steps.contains { $0 < seal } && seal < steps.last ?? 0 })
    }
}
