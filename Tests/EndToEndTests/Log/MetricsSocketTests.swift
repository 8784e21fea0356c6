// Where a scraper reads: metrics.sock, and a port of this machine where the settings ask for one.

import Foundation
import Glibc
import Testing

@Suite("Where measures are read")
struct MetricsSocketTests {
    @Test("metrics.sock answers GET /metrics, and nothing else")
    func routes() throws {
        let vault = try TestVault()
        let page = try vault.ask("GET", "/metrics", door: "metrics")
        #expect(page.status == 200)
        #expect(page["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(page["Connection"] == "close")
        for path in [
            "/", "/v1/metrics", "/metrics/", "/metrics?x=1", "//metrics", "/v1/health",
            "/v1/status", "/v1/images",
        ] {
            #expect(try vault.ask("GET", path, door: "metrics").status == 404, "\(path)")
        }
        for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] {
            let answer = try vault.ask(
                method, "/metrics", body: method == "HEAD" ? nil : [1, 2, 3], door: "metrics")
            #expect(answer.status == 405 && answer["Allow"] == "GET", "\(method)")
        }
        let door = try vault.connect("metrics")
        try door.send("no HTTP\r\n\r\n")
        #expect(try door.answer()?.status == 400)
        withExtendedLifetime(vault) {}
    }

    @Test("the page is well formed and has what happened, and leaves no event")
    func page() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1), ["Vault-Owner: ann"])
        _ = try vault.get(id)
        _ = try vault.get(String(repeating: "0", count: 64))
        let count = "imagevault_request_duration_seconds_count"
        let expected = [
            ("images.put", "ok"), ("images.get", "ok"), ("images.get", "refused"),
        ].map { "\(count){verb=\"\($0)\",outcome=\"\($1)\"}" }
        // A request is counted when its answer has left.
        let page = try eventually("the measures of what was done") {
            let page = try vault.scrape()
            let isOver =
                page["imagevault_requests_in_flight"] == 0
                && page["imagevault_log_waiting_events"] == 0
                && expected.allSatisfy { page[$0] != nil }
            return isOver ? page : nil
        }
        for series in expected { #expect(page[series] == 1, "\(series)") }
        #expect((page["imagevault_commit_batch_events_sum"] ?? 0) >= 3)
        for flush in ["commit", "commit_flush", "blob_flush"] {
            #expect((page["imagevault_\(flush)_duration_seconds_count"] ?? 0) >= 1, "\(flush)")
        }
        #expect(page["imagevault_log_oldest_waiting_seconds"] == 0)
        #expect(page["imagevault_inspections_busy"] == 0)
        #expect(page["imagevault_inspections_waiting"] == 0)
        let size = page["imagevault_log_events_total"]
        #expect(try vault.scrape()["imagevault_log_events_total"] == size)
    }

    @Test("no image, no owner, no job and no actor is in it")
    func names() throws {
        let vault = try TestVault()
        let id = try vault.store(
            Sample.jpeg(1), name: "holiday.jpg",
            ["Vault-Owner: ann-owner", "Vault-Job: job-77", "Vault-Actor: actor-5"])
        _ = try vault.get(id, ["Vault-Owner: nobody-else"])
        // A request is counted when its answer has left; the page that has it has what was before, too.
        let text = try eventually("the measures of what was done") {
            let page = try vault.ask("GET", "/metrics", door: "metrics")
            let text = String(decoding: page.body, as: UTF8.self)
            return text.contains("verb=\"images.get\"")
                && text.contains("\nimagevault_requests_in_flight 0\n") ? text : nil
        }
        for word in [id, "holiday", "ann-owner", "job-77", "actor-5", "nobody-else"] {
            #expect(!text.contains(word), "\(word)")
        }
    }

    @Test("a sealed vault's page says so")
    func sealed() throws {
        let vault = try TestVault()
        _ = try vault.ask("POST", "/v1/seal", door: "admin")
        #expect(try vault.scrape()["imagevault_sealed"] == 1)
    }

    @Test(
        "the file's mode is the setting's",
        arguments: [("0600", 0o600), ("0666", 0o666)] as [(String, UInt32)])
    func mode(text: String, mode: UInt32) throws {
        let vault = try TestVault(settings: "metrics:\n  mode: \"\(text)\"\n")
        #expect(try Disk.mode(vault.socket("metrics")) == mode)
        withExtendedLifetime(vault) {}
    }

    @Test(
        "whoever comes when there are too many is turned away; the slow ones end, and the doors stay open"
    )
    func tooMany() throws {
        let vault = try TestVault()
        let slow = try eventually("somebody who is turned away") {
            let slow = try (0..<8).map { _ in try vault.connect("metrics") }
            // One trickles; the others say nothing.
            try? slow[0].send("GET /metrics HTTP/1.1\r\nHost: v")
            // Those before are taken in their turn. If they were over already, others try.
            let late = try vault.connect("metrics")
            try? late.send(Request.bytes("GET", "/metrics"))
            return try late.readToEnd().starts(with: Array("HTTP/1.1 503 ".utf8)) ? slow : nil
        }
        #expect(try vault.ask("GET", "/v1/health").status == 200)
        _ = try vault.store(Sample.jpeg(3))
        for connection in slow { #expect(try connection.readToEnd().isEmpty) }
        #expect(try vault.scrape()["imagevault_images"] != nil)
    }

    @Test("who takes its time gets the whole page, and one page a connection")
    func slowly() throws {
        let vault = try TestVault()
        let door = try vault.connect("metrics")
        for byte in Request.bytes("GET", "/metrics") { try door.send([byte]) }
        try? door.send(Request.bytes("GET", "/metrics"))
        let answer = try #require(try door.answer())
        #expect(answer.status == 200 && answer.isComplete)
        #expect(try door.readToEnd().isEmpty)
        withExtendedLifetime(vault) {}
    }

    // MARK: The port

    // Only root may look at the descriptors of a process that refuses to be traced.
    @Test("there is none unless the settings ask for one", .enabled(if: Machine.isRoot))
    func noPort() throws {
        let vault = try TestVault()
        let pid = try #require(vault.daemon).pid
        #expect(try Port.listening(by: pid).isEmpty)
        withExtendedLifetime(vault) {}
    }

    @Test("is at the address that is asked for, and only there")
    func port() throws {
        let number = try Port.free()
        let vault = try TestVault(settings: "metrics:\n  loopback_port: \(number)\n")
        let places = try Port.listening().map(\.address).filter { $0.hasSuffix(":\(hex(number))") }
        #expect(places == ["0100007F:\(hex(number))"])
        #expect(try Port.get(number, "localhost").hasPrefix("HTTP/1.1 200 "))
        #expect(try Port.get(number, "127.0.0.1:\(number)").contains("\nimagevault_sealed 0\n"))
        withExtendedLifetime(vault) {}
    }

    @Test("no answer to HEAD has a body, whatever it says")
    func head() throws {
        let number = try Port.free()
        let vault = try TestVault(settings: "metrics:\n  loopback_port: \(number)\n")
        for (path, status) in [("/metrics", 405), ("/", 404)] {
            let answer = try Port.get(number, "localhost", asking: "HEAD \(path)")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(path)")
            #expect(answer.hasSuffix("\r\n\r\n"), "\(path)")
        }
        withExtendedLifetime(vault) {}
    }

    @Test(
        "answers no page whose name was made to mean this machine, and none that says where it comes from"
    )
    func rebinding() throws {
        let number = try Port.free()
        let vault = try TestVault(settings: "metrics:\n  loopback_port: \(number)\n")
        for (host, field) in [
            ("evil.example", ""), ("evil.example:\(number)", ""), ("127.0.0.1.evil.example", ""),
            ("localhost", "Origin: http://localhost:3000\r\n"),
            ("localhost", "Sec-Fetch-Site: cross-site\r\n"),
        ] {
            let answer = try Port.get(number, host, field)
            #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(host) \(field)")
            #expect(!answer.contains("imagevault_"))
        }
        withExtendedLifetime(vault) {}
    }

    @Test(
        "no address but one of this machine can be set",
        arguments: ["0.0.0.0", "::", "192.168.1.1", "10.0.0.1", "localhost", "127.0.0.1:80"])
    func otherAddresses(address: String) throws {
        let vault = try TestVault(starting: false)
        let words = try vault.refusalToStart(arguments: [
            "--set", "metrics.loopback_port=9464", "--set", "metrics.loopback_address=\(address)",
        ])
        #expect(words.contains("metrics.loopback_address"))
    }

    @Test(
        "no port that is none can be set, and no address without a port",
        arguments: [
            "metrics.loopback_port=0", "metrics.loopback_port=80", "metrics.loopback_port=65536",
            "metrics.loopback_address=127.0.0.1", "metrics.mode=0999",
            "metrics.group=no-such-group",
        ])
    func badSettings(setting: String) throws {
        let vault = try TestVault(starting: false)
        let words = try vault.refusalToStart(arguments: ["--set", setting])
        #expect(words.contains(setting.prefix { $0 != "=" }))
    }

    @Test(
        "one that is handed over is served where it is of this machine, and refused where it is not",
        .enabled(if: Machine.has("python3")), arguments: [true, false])
    func handedOver(isLoopback: Bool) throws {
        let number = try Port.free()
        let vault = try TestVault(
            settings: "metrics:\n  loopback_port: \(number)\n", starting: false)
        vault.wrapper = [
            "python3", "-c", Self.handingOver, isLoopback ? "127.0.0.1" : "0.0.0.0", "\(number)",
        ]
        if isLoopback {
            try vault.start()
            #expect(try Port.get(number, "localhost").hasPrefix("HTTP/1.1 200 "))
        } else {
            #expect(try vault.refusalToStart().contains("metrics.port"))
        }
        withExtendedLifetime(vault) {}
    }

    // Scrapers would be taken in, and never be answered.
    @Test(
        "one that is handed over without having been asked for is refused",
        .enabled(if: Machine.has("python3")))
    func handedOverUnasked() throws {
        let vault = try TestVault(starting: false)
        vault.wrapper = ["python3", "-c", Self.handingOver, "127.0.0.1", "\(try Port.free())"]
        #expect(try vault.refusalToStart().contains("metrics.loopback_port"))
        withExtendedLifetime(vault) {}
    }

    /// Binds the port, and becomes vaultd with it as descriptor 3.
    private static let handingOver = """
        import os, socket, sys
        port = socket.socket()
        port.bind((sys.argv[1], int(sys.argv[2])))
        port.listen(16)
        descriptor = os.dup(port.fileno())
        os.dup2(descriptor, 3, inheritable=True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="metrics.port")
        os.execv(sys.argv[3], sys.argv[3:])
        """

    private func hex(_ number: UInt16) -> String {
        let digits = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension TestVault {
    /// The page as a scraper reads it.
    func scrape() throws -> MetricsPage {
        try eventually("a place at metrics.sock") {
            let door = try connect("metrics")
            guard (try? door.send(Request.bytes("GET", "/metrics"))) != nil,
                let answer = try door.answer()
            else { return nil }
            guard answer.status == 200 else { throw TestFailure("no page: \(answer.summary)") }
            return try MetricsPage(String(decoding: answer.body, as: UTF8.self))
        }
    }
}

/// TCP, as this machine's kernel shows it.
enum Port {
    /// One that nobody listens at now.
    static func free() throws -> UInt16 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let told = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard told else { throw TestFailure("no port: \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// The whole answer.
    static func get(
        _ port: UInt16, _ host: String, _ field: String = "", asking: String = "GET /metrics"
    ) throws -> String {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = loopback(port)
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let request = Array("\(asking) HTTP/1.1\r\nHost: \(host)\r\n\(field)\r\n".utf8)
        guard connected == 0, unsafe send(socket, request, request.count, 0) == request.count
        else { throw TestFailure("nobody at port \(port): \(errno)") }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = unsafe recv(socket, &chunk, chunk.count, 0)
            guard got > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += chunk[..<got]
        }
    }

    /// The addresses that a process listens at.
    static func listening(by pid: pid_t) throws -> [String] {
        let folder = "/proc/\(pid)/fd"
        let own = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
        return try listening().filter { own.contains("socket:[\($0.inode)]") }.map(\.address)
    }

    /// Every address that somebody listens at, as proc(5) writes it.
    static func listening() throws -> [(address: String, inode: String)] {
        try ["tcp", "tcp6"].map { "/proc/self/net/\($0)" }.filter(Disk.exists).flatMap { file in
            String(decoding: try Disk.read(file), as: UTF8.self).split(separator: "\n").dropFirst()
                .compactMap { line in
                    let words = line.split(separator: " ").map { String($0) }
                    return words.count > 9 && words[3] == "0A" ? (words[1], words[9]) : nil
                }
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
