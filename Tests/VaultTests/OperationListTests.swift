// What is told of operations: in pages, of rows that verify only, with an event that says of which.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Lists of operations")
struct OperationListTests {
    @Test("operations come newest first and in pages")
    func pages() async throws {
        let test = try TestVault()
        defer { test.stop() }
        var ids: [OperationID] = []
        for _ in 0..<3 {
            let answer = try await test.reinspect()
            try await test.cancel(answer)
            ids.append(try OperationID(bytes: answer.body))
        }
        let first = try await test.vault.operations(before: nil, limit: 2, test.call())
        #expect(first.operations.map(\.operation) == [ids[2], ids[1]])
        let next = try #require(first.next)
        let last = try await test.vault.operations(before: next, limit: 2, test.call())
        #expect(last.operations.map(\.operation) == [ids[0]] && last.next == nil)
    }

    @Test("what was found comes in the order in which it was, and in pages")
    func findings() async throws {
        let blobs = MemoryBlobStore()
        let test = try TestVault(blobs: blobs)
        defer { test.stop() }
        var images: [ImageID] = []
        for image in TestImages.numbered(0..<3) {
            let row = try await test.put(image).image
            try blobs.remove(row.blob)
            images.append(row.image)
        }
        let answer = try await test.reinspect()
        let id = try OperationID(bytes: answer.body)
        try await test.workToTheEnd()
        let first = try await test.vault.findings(of: id, after: 0, limit: 2, test.call())
        #expect(first.findings.map(\.image) == Array(images[..<2]))
        let next = try #require(first.next)
        let last = try await test.vault.findings(of: id, after: next, limit: 2, test.call())
        #expect(last.findings.map(\.image) == [images[2]] && last.next == nil)
    }

    @Test("whoever reads of one, or steers it, leaves an event that names it")
    func events() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let answer = try await test.reinspect()
        let id = try OperationID(bytes: answer.body)
        _ = try await test.operation(answer)
        _ = try await test.findings(answer)
        try await test.cancel(answer)
        let lines = try test.log().filter { $0.operation == id.hex }
        #expect(
            lines.map(\.summary) == [
                "operation.started done", "operation.read done", "operation.read done",
                "operation.cancelled done",
            ])
    }

    @Test("one row that was changed refuses the list, and hinders no new operation")
    func damaged() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.reinspect()
        memory.tamper { $0.operations[0].progress.done += 1 }
        #expect(try await refusal { _ = try await test.operations() } == .rowDamaged)
        try await test.reinspect()
        try await test.workToTheEnd()
        #expect(memory.tables.operations.map(\.state) == [.pending, .done])
    }

    @Test("a hundred of those that ended are remembered")
    func remembered() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        for _ in 0..<Limits.finishedOperations + 3 { try await test.cancel(test.reinspect()) }
        #expect(memory.tables.operations.count == Limits.finishedOperations + 1)
    }
}
