// When vaultd is gone, so are its launcher and its workers, whatever they are doing.

import Foundation
import Testing
import VaultFormat
import VaultTestKit

@testable import VaultStorage

@Suite struct WorkerLifeTests {
    @Test func aKilledVaultLeavesNoWorkerBehind() async throws {
        let host = Process()
        let output = Pipe()
        host.executableURL = URL(fileURLWithPath: try Built.path("HostileWorker"))
        host.arguments = ["host"]
        host.standardOutput = output
        try host.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let launcher = try #require(pid_t(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        let workers = children(of: launcher)
        #expect(workers.count == 1)
        #expect(([launcher] + workers).allSatisfy(isAlive))

        // A service manager that stops the service does not take the workers from vaultd.
        for pid in [launcher] + workers { kill(pid, SIGTERM) }
        // Not by a task, which may be woken late among many: the worker spins, and its time is short.
        usleep(200_000)
        #expect(([launcher] + workers).allSatisfy(isAlive))

        kill(host.processIdentifier, SIGKILL)
        host.waitUntilExit()

        for pid in [launcher] + workers { #expect(try await ends(pid), "pid \(pid) lives on") }
    }

    @Test func aPoolLeavesNoProcessBehind() async throws {
        let before = Set(children(of: getpid()))
        let started = try await withPool { pool in
            _ = try await pool.examine(
                Samples.jpegStart, type: .jpeg, policy: .structure, namespace: "a")
            return children(of: getpid()).filter { !before.contains($0) }
        }
        // Launchers of suites that run beside this one may be among them; they end too.
        for pid in started { #expect(try await ends(pid), "pid \(pid) lives on") }
    }

    private func ends(_ pid: pid_t) async throws -> Bool {
        for _ in 0..<6_000 where isAlive(pid) { try await Task.sleep(for: .milliseconds(10)) }
        return !isAlive(pid)
    }

    /// A process that only waits to be reaped is not alive.
    private func isAlive(_ pid: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
            return false
        }
        return stat.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}
