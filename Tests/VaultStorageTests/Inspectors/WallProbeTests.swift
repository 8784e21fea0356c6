// Workers that try their walls, and what is told of them.

import Testing
import Vault
import VaultFormat
import VaultStorage

@Suite("A look at workers' walls")
struct WallProbeTests {
    @Test("a real worker gets its way with nothing, and says which libraries it has")
    func real() async throws {
        let (walls, libraries) = try await withPool { try await $0.tryWalls() }
        #expect(walls.filter == 2 && walls.hasNoNewPrivileges == true)
        #expect(walls.files == 0 && walls.processes == 0)
        #expect(Set(walls.attempts.keys) == Set(WorkerAct.allCases).subtracting([.none]))
        #expect(walls.attempts.values.allSatisfy { !$0 }, "\(walls.attempts)")
        #expect(libraries.map(\.library) == WorkerProbeAnswer.libraries)
        #expect(libraries.allSatisfy { $0.version > VersionNumber(0, 0) })
    }

    @Test("one that gets its way is told of, whatever the kernel says")
    func hostile() async throws {
        let (walls, _) = try await withPool("HostileWorker") { try await $0.tryWalls() }
        #expect(walls.attempts.values.allSatisfy { $0 } && walls.attempts.count == 5)
        #expect(walls.filter == 2)
    }

    @Test("the pool goes on with its uploads afterwards")
    func afterwards() async throws {
        try await withPool { pool in
            _ = try await pool.tryWalls()
            let answer = try await pool.examine(
                DecodeSamples.jpeg, type: .jpeg, policy: .default,
                namespace: "a")
            #expect(answer.outcome == .sound && pool.faultCount == 0)
        }
    }

    @Test("a question and its answer have one spelling each")
    func wire() throws {
        for act in WorkerAct.allCases {
            let probe = WorkerProbe(act)
            #expect(probe.encoded().count == WorkerRequest.byteCount)
            #expect(try WorkerProbe(parsing: probe.encoded()) == probe)
            #expect(throws: FormatError.self) { try WorkerRequest(parsing: probe.encoded()) }
            let answer = WorkerProbeAnswer(
                to: probe, .done, versions: [.zlib: VersionNumber(1, 2, 13)])
            let bytes = answer.encoded()
            #expect(bytes.count == WorkerAnswer.byteCount)
            #expect(try WorkerProbeAnswer(parsing: bytes, to: probe) == answer)
            for place in bytes.indices {
                var other = bytes
                other[place] ^= 0x80
                let read = try? WorkerProbeAnswer(parsing: other, to: probe)
                // Numbers of versions may be any; all else is refused.
                #expect(read == nil || (8..<38).contains(place), "\(place)")
                #expect(read?.encoded() == nil || read?.encoded() == other)
            }
        }
        let asked = WorkerProbe(.openFile)
        let answer = WorkerProbeAnswer(to: WorkerProbe(.allocate), .refused)
        #expect(throws: FormatError.unknownValue(field: "act")) {
            try WorkerProbeAnswer(parsing: answer.encoded(), to: asked)
        }
    }
}
