// Spans around requests, at a real door of a vault in this process, for a tracer that keeps them in memory.

import Foundation
import Glibc
import InMemoryTracing
import Logging
import Testing
import Tracing
import Vault
import VaultFormat
import VaultTestKit

@testable import VaultServer

@Suite("Tracing")
struct TracingTests {
    @Test("a request has a span, below the parent that its traceparent names")
    func span() async throws {
        let trace = Trace.new()
        let door = try TracedDoor()
        let answer = try await door.ask("GET /v1/health", ["traceparent: \(trace.field)"])
        #expect(answer.hasPrefix("HTTP/1.1 200 "))
        let spans = try await door.ended(Trace.tracer, in: trace.id)
        let span = try #require(spans.first { $0.operationName == "request" })
        #expect(span.parentSpanID == trace.parent)
        #expect(span.kind == .server)
        #expect(span.attributes["imagevault.verb"]?.toSpanAttribute() == .string("health"))
        #expect(span.attributes["imagevault.outcome"]?.toSpanAttribute() == .string("ok"))
        #expect(span.attributes["imagevault.door"]?.toSpanAttribute() == .string("images"))
        let steps = spans.filter { $0.parentSpanID == span.spanID }.map(\.operationName)
        #expect(Set(steps) == ["answer", "send"])
    }

    @Test("a refusal says so, and neither what was asked for nor by whom")
    func refusal() async throws {
        let trace = Trace.new()
        let door = try TracedDoor()
        let id = String(repeating: "ab", count: 32)
        let answer = try await door.ask(
            "GET /v1/images/\(id)",
            ["traceparent: \(trace.field)", "Vault-Owner: ann", "Vault-Actor: bob"])
        #expect(answer.hasPrefix("HTTP/1.1 404 "))
        let spans = try await door.ended(Trace.tracer, in: trace.id)
        let span = try #require(spans.first { $0.operationName == "request" })
        #expect(span.attributes["imagevault.outcome"]?.toSpanAttribute() == .string("refused"))
        #expect(span.attributes["imagevault.verb"]?.toSpanAttribute() == .string("images.get"))
        let all = spans.map { "\($0.operationName) \($0.attributes) \($0.events)" }.joined()
        for word in [id, "ann", "bob"] { #expect(!all.contains(word)) }
    }
}

/// A trace that a caller has begun.
private struct Trace {
    let id: String
    let parent: String
    var field: String { "00-\(id)-\(parent)-01" }

    static func new() -> Trace {
        _ = bootstrapped
        let digits = UUID().uuidString.replacing("-", with: "").lowercased()
        return Trace(id: digits, parent: String(digits.prefix(16)))
    }

    static let tracer = InMemoryTracer()

    /// Once a process, and before the first door.
    private static let bootstrapped: Void = InstrumentationSystem.bootstrap(
        MultiplexInstrument([TraceParentReader(), tracer]))
}

/// What a tracer's own reader of `traceparent` does.
private struct TraceParentReader: Instrument {
    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        let parts = extractor.extract(key: "traceparent", from: carrier)?.split(separator: "-")
        guard let parts, parts.count == 4 else { return }
        context.inMemorySpanContext = InMemorySpanContext(
            traceID: String(parts[1]), spanID: String(parts[2]), parentSpanID: nil)
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {}
}

/// `images.sock` of a vault in memory.
private final class TracedDoor: Sendable {
    private let vault: TestVault
    private let folder: TemporaryDirectory
    private let serving: Task<Void, any Error>

    init() throws {
        let vault = try TestVault()
        self.vault = vault
        folder = try TemporaryDirectory()
        let register = MeasureRegister()
        let counter = ConnectionCounter(descriptors: 1024)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = ServiceFacts(
            version: "0", vault: VaultID(checked: [UInt8](repeating: 7, count: 16)),
            startedMicroseconds: 0, stateDirectory: folder.root, connections: counter,
            resolvers: DoorAccess(users: []), register: register,
            host: { _ in HostFacts() })
        let policy = AccessPolicy(doors: [.images: (users: [getuid()], groups: [])])
        let server = try DoorServer(
            listener: try UnixSocket.listen(at: folder.path("s"), mode: 0o600, group: nil),
            handler: RequestHandler(
                door: .images, policy: PolicyHolder(policy), vault: vault.vault, service: service,
                executor: RequestExecutor(threads: 2), logger: logger),
            counter: counter, logger: logger)
        serving = Task { try await server.run() }
    }

    deinit {
        serving.cancel()
        vault.stop()
    }

    /// What a door answers to one request, on a connection of its own.
    func ask(_ line: String, _ fields: [String]) async throws -> String {
        let path = folder.path("s")
        let lines = ["\(line) HTTP/1.1", "Host: vault", "Connection: close"] + fields
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        return try await withCheckedThrowingContinuation { done in
            // Blocks, and therefore not on a thread of the executor.
            Thread.detachNewThread {
                done.resume(with: Result { try Self.exchange(request, at: path) })
            }
        }
    }

    private static func exchange(_ request: [UInt8], at path: String) throws -> String {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { place in
            unsafe place.copyBytes(from: path.utf8)
        }
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0, unsafe send(socket, request, request.count, 0) == request.count
        else { throw CocoaError(.fileReadUnknown) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = unsafe recv(socket, &chunk, chunk.count, 0)
            guard got > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += chunk[..<got]
        }
    }

    /// The spans of a trace, once the one of its request has ended: that is after its answer has left.
    func ended(_ tracer: InMemoryTracer, in trace: String) async throws -> [FinishedInMemorySpan] {
        while true {
            let spans = tracer.finishedSpans.filter { $0.traceID == trace }
            if spans.contains(where: { $0.operationName == "request" }) { return spans }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
