import Foundation
import Glibc
import Synchronization
import Testing
import VaultAPI
import VaultClient
import VaultFormat

@Suite("The client")
struct ClientTests {
    private static func answer() throws -> String {
        String(decoding: try WireJSON.encode(try Samples.image()), as: UTF8.self)
    }

    @Test("sends a file's bytes with their length, name and claim, and understands the answer")
    func put() async throws {
        let body = try Self.answer()
        try await FakeDoor.with(answering: { _ in .json(201, body) }) { door, socket in
            let path = "\(door.directory)/x.jpg"
            let content = String(repeating: "0123456789", count: 60_000)
            try content.write(toFile: path, atomically: false, encoding: .utf8)
            let counted = Mutex(0)
            let image = try await VaultClient.with(socket) { client in
                try await client.put(
                    UploadFile(path), name: FileName("\u{E9}.jpg"),
                    claim: Claim(owner: nil, job: JobID("job_42"))
                ) { bytes in counted.withLock { $0 += bytes } }
            }
            #expect(try image == Samples.image())
            #expect(counted.withLock { $0 } == content.utf8.count)
            let request = try #require(door.heard.first)
            #expect(request.hasPrefix("POST /v1/images HTTP/1.1\r\n"))
            for field in [
                "Content-Disposition: attachment; filename=\"_.jpg\"; filename*=UTF-8''%C3%A9.jpg",
                "Vault-Job: job_42", "Content-Type: application/octet-stream",
            ] {
                #expect(request.contains("\r\n\(field)\r\n"))
            }
            #expect(request.lowercased().contains("\r\ncontent-length: 600000\r\n"))
            #expect(!request.contains("Vault-Owner"))
            #expect(request.hasSuffix("\r\n\r\n" + content))
        }
    }

    @Test("turns a problem document into an error with its code")
    func refusal() async throws {
        let problem = ProblemDocument(.unknownImage, request: try RequestID(bytes: Array(0..<8)))
        let body = String(decoding: try WireJSON.encode(problem), as: UTF8.self)
        let type = MediaType.problem
        try await FakeDoor.with(answering: { _ in .json(404, body, type: type) }) { _, socket in
            await #expect(throws: ClientError.refused(problem)) {
                try await VaultClient.with(socket) { _ = try await $0.metadata(Self.id()) }
            }
        }
    }

    @Test(
        "does not take another program's answer for a vault's",
        arguments: [(200, "<html>"), (500, "oops"), (302, ""), (200, "{}")])
    func stranger(status: Int, body: String) async throws {
        try await FakeDoor.with(answering: { _ in .json(status, body) }) { _, socket in
            await #expect(throws: ClientError.answerNotUnderstood(status: UInt(status))) {
                try await VaultClient.with(socket) { _ = try await $0.whoami() }
            }
        }
    }

    @Test("keeps a whole download under its name, for its owner only")
    func download() async throws {
        try await FakeDoor.with(answering: { _ in .json(200, "image bytes") }) { door, socket in
            let path = "\(door.directory)/out.jpg"
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            let bytes = try await VaultClient.with(socket) { client in
                try await client.download(Self.id(), to: path)
            }
            #expect(bytes == 11)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "image bytes")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            #expect(try Self.files(door) == ["door.sock", "out.jpg"])
        }
    }

    @Test("never takes a body that ended early for an image, and leaves nothing of it")
    func shortBody() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 20\r\n\r\n"
        let short = FakeDoor.Answer(bytes: head + "0123456789", closes: true)
        try await FakeDoor.with(answering: { _ in short }) { door, socket in
            let path = "\(door.directory)/out.jpg"
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            await #expect(throws: ClientError.answerIncomplete(received: 10, expected: 20)) {
                try await VaultClient.with(socket) { try await $0.download(Self.id(), to: path) }
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            #expect(try Self.files(door) == ["door.sock", "out.jpg"])
        }
    }

    @Test("refuses an image without a length, which could end anywhere")
    func noLength() async throws {
        let chunked = FakeDoor.Answer(
            bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        try await FakeDoor.with(answering: { _ in chunked }) { _, socket in
            await #expect(throws: ClientError.answerNotUnderstood(status: 200)) {
                try await VaultClient.with(socket) { client in
                    try await client.fetch(Self.id()) { _ in }
                }
            }
        }
    }

    @Test("says that the connection broke when there is no answer")
    func noAnswer() async throws {
        let nothing = FakeDoor.Answer(bytes: "", closes: true)
        try await FakeDoor.with(answering: { _ in nothing }) { _, socket in
            await #expect(throws: ClientError.connectionBroken(socket)) {
                try await VaultClient.with(socket) { _ = try await $0.delete(Self.id()) }
            }
        }
    }

    @Test("tells a missing, a dead and a wrong socket apart")
    func sockets() async throws {
        try await withTemporaryDirectory { directory in
            let missing = try SocketPath("\(directory)/none.sock")
            await #expect(throws: ClientError.socketMissing(missing)) {
                try await VaultClient.with(missing) { _ = try await $0.health() }
            }
            let dead = try SocketPath("\(directory)/dead.sock")
            try Self.leaveDeadSocket(dead.description)
            await #expect(throws: ClientError.socketRefused(dead)) {
                try await VaultClient.with(dead) { _ = try await $0.health() }
            }
            let wrong = try SocketPath(directory)
            await #expect(throws: ClientError.notASocket(wrong)) {
                try await VaultClient.with(wrong) { _ = try await $0.health() }
            }
        }
        #expect(throws: ClientError.socketPathTooLong(String(repeating: "a", count: 108))) {
            try SocketPath(String(repeating: "a", count: 108))
        }
    }

    @Test("sends and saves regular files only")
    func regularFiles() async throws {
        #expect(throws: ClientError.file(FileFault(path: "/dev/null", reason: .notRegular))) {
            try UploadFile("/dev/null")
        }
        #expect(throws: ClientError.file(FileFault(path: "/tmp", reason: .notRegular))) {
            try UploadFile("/tmp")
        }
        #expect(throws: ClientError.file(FileFault(path: "/dev/null", reason: .notRegular))) {
            _ = try DownloadFile(target: "/dev/null")
        }
    }

    private static func id() throws -> ImageID { try ImageID(hex: Samples.hex) }

    private static func files(_ door: FakeDoor) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: door.directory).sorted()
    }

    /// A socket file that nobody listens at, as a killed daemon leaves it.
    private static func leaveDeadSocket(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { space in
            unsafe space.copyBytes(from: path.utf8)
        }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }
}
