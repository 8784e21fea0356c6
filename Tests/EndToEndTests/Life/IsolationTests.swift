// What a running vault gives to its launcher and workers, as the kernel tells it: nothing but a socket.

import Foundation
import Glibc
import Testing
import VaultFormat

@Suite("A running vault", .vault)
struct IsolationTests {
    /// A process as `/proc` shows it to root.
    private struct Running {
        let pid: pid_t

        func text(_ name: String) -> String {
            String(decoding: (try? Disk.read("/proc/\(pid)/\(name)")) ?? [], as: UTF8.self)
        }

        func status(_ name: String) -> String? {
            text("status").split(separator: "\n").first { $0.hasPrefix("\(name):") }
                .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }

        /// Of all its threads.
        var children: [Running] {
            let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            return (threads ?? []).flatMap { text("task/\($0)/children").split(separator: " ") }
                .compactMap { pid_t($0) }.map(Running.init(pid:))
        }

        var descriptors: [Int32] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? [])
                .compactMap { Int32($0) }.sorted()
        }

        /// The soft limit of a resource, by its name in `/proc`.
        func limit(_ name: String) -> String? {
            text("limits").split(separator: "\n").first { $0.hasPrefix(name) }
                .flatMap { $0.dropFirst(name.count).split(separator: " ").first.map(String.init) }
        }
    }

    private func daemon() throws -> Running {
        Running(pid: try #require(sharedVault().daemon).pid)
    }

    /// What the event loops hold of their own says nothing; the launcher closes it all the same.
    @Test(
        "closes its files, its sockets and its workers' handles on exec",
        .enabled(if: Machine.isRoot, "for root only"))
    func closeOnExec() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(900))
        _ = try vault.get(id)
        let daemon = try daemon()
        var seen = 0
        for descriptor in daemon.descriptors where descriptor > STDERR_FILENO {
            let path = "/proc/\(daemon.pid)/fd/\(descriptor)"
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            let kinds = [vault.folder.root + "/", "socket:", "anon_inode:[pidfd]"]
            guard let target, kinds.contains(where: target.hasPrefix),
                let flags = daemon.text("fdinfo/\(descriptor)").split(separator: "\n")
                    .first(where: { $0.hasPrefix("flags:") })
            else { continue }
            let number = Int(flags.split(separator: "\t").last ?? "", radix: 8) ?? 0
            #expect(number & Int(O_CLOEXEC) != 0, "\(target): \(flags)")
            seen += 1
        }
        #expect(seen > 5)
    }

    @Test(
        "gives its launcher and workers one socket, no environment and no way back",
        .enabled(if: Machine.isRoot, "for root only"))
    func workers() throws {
        let launchers = try daemon().children
        #expect(Set(launchers.map { $0.status("Name") }) == ["vaultinspect", "vaultd-slot"])
        for launcher in launchers {
            #expect(launcher.text("environ").isEmpty)
            #expect(launcher.status("NoNewPrivs") == "1")
            #expect(launcher.status("Threads") == "1")
            #expect(launcher.descriptors.contains(3))
        }
        let launcher = try #require(launchers.first { $0.status("Name") == "vaultinspect" })
        let workers = try eventually("a worker behind its walls") {
            let workers = launcher.children.filter { $0.status("Seccomp") == "2" }
            return workers.isEmpty ? nil : workers
        }
        for worker in workers {
            #expect(worker.text("environ").isEmpty)
            #expect(worker.descriptors == [3])
            #expect(worker.status("NoNewPrivs") == "1")
            #expect(worker.status("Threads") == "1")
            let limits = [
                "Max address space": "\(Limits.workerAddressSpaceBytes)",
                "Max cpu time": "\(Limits.workerCPUSeconds)", "Max core file size": "0",
                "Max file size": "0", "Max processes": "0", "Max open files": "0",
            ]
            for (name, value) in limits { #expect(worker.limit(name) == value, "\(name)") }
        }
    }

    @Test("replaces the worker that refused an image, and keeps one that did not")
    func recycling() throws {
        let vault = try TestVault(
            settings: "validation:\n  level: decode\ninspectors:\n  workers: 1\n")
        let daemon = try #require(vault.daemon)
        let launcher = try #require(Running(pid: daemon.pid).children.first)
        func workers() -> Set<pid_t> { Set(launcher.children.map(\.pid)) }
        _ = try vault.store(Sample.jpeg(901))
        let serving = try eventually("a worker and its spare") {
            workers().count == 2 ? workers() : nil
        }
        _ = try vault.store(Sample.jpeg(902))
        #expect(workers() == serving)
        #expect(try vault.put(Sample.undecodablePNG, name: "a.png").status == 422)
        try eventually("another worker") { !serving.isSubset(of: workers()) }
    }
}
