// `vaultctl inspect`: the linter, without a daemon and with one.

import Foundation
import Glibc
import Testing
import VaultTestKit

@Suite("vaultctl inspect")
struct InspectCommandTests {
    /// A folder with a sound photo, a sound drawing, a broken photo and a text.
    private func samples() throws -> TestFolder {
        let folder = try TestFolder()
        try FileManager.default.createDirectory(
            atPath: folder.path("deep"), withIntermediateDirectories: true)
        try Disk.write(Sample.jpeg(800), to: folder.path("a.jpg"))
        try Disk.write(Sample.undecodablePNG, to: folder.path("deep/c.png"))
        try Disk.write(Sample.jpeg(801) + Sample.filler(90, 2), to: folder.path("b.jpg"))
        try Disk.write("no image", to: folder.path("notes.txt"))
        return folder
    }

    private func inspect(
        _ arguments: [String]
    ) throws -> (ending: Ending, output: String, errors: String) {
        try run(Machine.program("vaultctl"), ["inspect"] + arguments)
    }

    @Test("needs no daemon, and says of each file in a table what is wrong and what to do")
    func table() throws {
        let folder = try samples()
        let told = try inspect([folder.root])
        #expect(told.ending == .exited(3), "\(told.errors)")
        let lines = told.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 4, "\(told.output)")
        #expect(lines[0].hasPrefix("VERDICT"))
        let sound = try #require(lines.first { $0.contains("a.jpg") })
        #expect(sound.hasPrefix("accepted"))
        let trailed = try #require(lines.first { $0.contains("b.jpg") })
        #expect(trailed.hasPrefix("refused"))
        #expect(trailed.contains("trailer-data"))
        #expect(trailed.contains(" \(Sample.jpeg(801).count) "))
        #expect(trailed.contains("Save the picture anew"))
        #expect(lines.contains { $0.contains("c.png") && $0.contains("png-filter") })
        #expect(told.errors.contains("1 accepted, 2 refused"))
    }

    @Test("ends with 0 where all would be accepted, under the policy of its options")
    func options() throws {
        let folder = try samples()
        let all = try inspect(
            [folder.root, "--level", "structure", "--trailer", "truncate", "--json"])
        #expect(all.ending == .exited(0), "\(all.output)\(all.errors)")
        let rows = all.output.split(separator: "\n").map { JSON.parse($0) }
        #expect(rows.count == 3)
        let cut = try #require(rows.first { $0["file"].text?.hasSuffix("b.jpg") == true })
        #expect(cut["accepted"] == .bool(true))
        #expect(cut["transformed"] == .list([.text("trailer-truncated")]))
        #expect(cut["stored_bytes"].number == Sample.jpeg(801).count)
        #expect(cut["verdict"]["level"].text == "structure")
        #expect(cut["verdict"]["findings"].list.first?["code"].text == "trailer-data")
        let plain = try inspect([folder.path("a.jpg"), "--metadata", "strip", "--json"])
        #expect(
            JSON.parse(plain.output)["transformed"] == .list([.text("metadata-stripped")]))
    }

    @Test("judges each file by itself, whatever the one before was")
    func mixture() throws {
        let folder = try TestFolder()
        var paths: [String] = []
        for number in 0..<6 {
            let path = folder.path("\(number).jpg")
            let isSound = number % 2 == 0
            try Disk.write(isSound ? Sample.jpeg(810 + number) : [], to: path)
            paths.append(path)
        }
        let told = try inspect(paths + ["--json"])
        #expect(told.ending == .exited(3))
        let rows = told.output.split(separator: "\n").map { JSON.parse($0) }
        #expect(rows.map { $0["accepted"].bool } == [true, false, true, false, true, false])
        #expect(rows[1]["finding"]["code"].text == "upload-empty")
    }

    @Test("asks a vault where a socket is named, and hears the same")
    func daemon() throws {
        let folder = try samples()
        let vault = try TestVault(settings: "validation:\n  level: decode\n")
        let here = try inspect([folder.root, "--json"])
        let there = try inspect([folder.root, "--json", "--socket", vault.socket("images")])
        #expect(there.ending == .exited(3), "\(there.errors)")
        let rows = { (text: String) in Set(text.split(separator: "\n")) }
        #expect(rows(here.output) == rows(there.output))
        #expect(try vault.events().contains { $0["action"].text == "image.inspected" })
        #expect(vault.blobs.isEmpty)
        let mixed = try inspect(
            [folder.root, "--socket", vault.socket("images"), "--level", "decode"])
        #expect(mixed.ending == .exited(64))
    }

    @Test(
        "says which inspector cannot be used", arguments: ["/nonexistent/inspector", "/bin/true"])
    func missingInspector(program: String) throws {
        let folder = try samples()
        let told = try inspect([folder.path("a.jpg"), "--inspector", program])
        #expect(told.ending == .exited(6), "\(told.errors)")
        #expect(told.errors.contains(program))
    }

    @Test("tells files that cannot be read, and goes on")
    func unreadable() throws {
        let folder = try samples()
        let told = try inspect([folder.path("a.jpg"), folder.path("none.jpg"), "--json"])
        #expect(told.ending == .exited(1))
        #expect(told.errors.contains("none.jpg"))
        #expect(JSON.parse(told.output)["accepted"] == .bool(true))
    }
}

@Suite("vaultinspect --lint")
struct LinterTests {
    @Test(
        "serves behind a worker's walls: no second process, no file, no descriptor but its socket")
    func walls() throws {
        // Its own words for the kernel's: Seccomp 2 is a filter, NoNewPrivs 1 keeps it.
        let script = """
            import os, socket, subprocess, sys, time
            ours, theirs = socket.socketpair()
            child = subprocess.Popen([sys.argv[1], "--lint"], stdin=theirs,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            theirs.close()
            status = {}
            for _ in range(1000):
                lines = open(f"/proc/{child.pid}/status").read().splitlines()
                status = dict(line.split(":", 1) for line in lines if ":" in line)
                if status["Seccomp"].strip() == "2": break
                time.sleep(0.01)
            # Its descriptors are root's to see.
            files = sorted(os.listdir(f"/proc/{child.pid}/fd")) if os.geteuid() == 0 else ["0"]
            limits = open(f"/proc/{child.pid}/limits").read().splitlines()
            files_limit = [line.split()[3] for line in limits if line.startswith("Max open files")]
            ours.close()
            print(status["Seccomp"].strip(), status["NoNewPrivs"].strip(), ",".join(files),
                  files_limit[0])
            child.wait(10)
            """
        let words = try python(script, [Machine.program("vaultinspect")])
        #expect(words == "2 1 0 0\n")
    }
}
