// `metrics.sock`, and the loopback port where the settings ask for one: `GET /metrics`, and nothing else. Whoever can
// connect may read, so that a scraper needs no principal. A connection has one answer and ten seconds, there are
// few of them, and a thread of their own makes the pages: scrapers take nothing from those who have business here.

import HTTPTypes
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
package import Vault
import VaultAPI
import VaultFormat

/// Connections at all places where measures are read, and the thread that makes the pages.
package final class MetricsPlaces: Sendable {
    private let open = Mutex(0)
    fileprivate let executor = RequestExecutor(threads: 1)

    package init() {}

    /// Whether there is room for one more; counts it if so.
    func admit() -> Bool {
        open.withLock { open in
            guard open < Limits.metricsConnections else { return false }
            open += 1
            return true
        }
    }

    func release() { open.withLock { $0 -= 1 } }
}

package final class MetricsServer: Service {
    private let server: ConnectionServer<Void>

    /// - Parameter isPort: whether it listens at a port, which pages in a browser can reach, too.
    package init(
        listener: Int32, vault: Vault, service: ServiceFacts, places: MetricsPlaces,
        isPort: Bool, logger: Logger
    ) throws(ListenError) {
        let page = MetricsPage(
            report: MetricsReport(vault: vault, service: service), executor: places.executor,
            isPort: isPort)
        server = try ConnectionServer(
            listener: listener,
            rules: .init(
                admit: { _ in places.admit() ? () : nil },
                respond: { request, _, channel in try await page.send(request, on: channel) },
                release: { _ in places.release() }, seconds: Limits.metricsSeconds),
            logger: logger)
    }

    package func run() async throws { await server.run() }
}

/// What is answered there.
private struct MetricsPage: Sendable {
    let report: MetricsReport
    let executor: RequestExecutor
    let isPort: Bool

    /// Sends the one answer of a connection.
    func send(_ request: Request, on channel: any Channel) async throws {
        var answer = await answer(to: request)
        answer.fields[.connection] = "close"
        // RFC 9110 §9.3.2.
        if request.method == .head { answer.body = [] }
        try await FrameSender(channel).send(answer.parts)
        // What was sent with it would have the answer lost with the connection.
        var rest = Limits.smallBodyBytes
        for try await part in request.body {
            rest -= part.readableBytes
            if rest < 0 { break }
        }
        throw ConnectionEnds()
    }

    private func answer(to request: Request) async -> Answer {
        guard request.head.scheme != MalformedRequests.scheme else { return refusal(.badRequest) }
        guard !isPort || isFromHere(request) else { return refusal(.crossSite) }
        guard request.head.path == "/metrics" else { return refusal(.unknownRoute) }
        guard request.method == .get else {
            var answer = refusal(.methodNotAllowed)
            answer.fields[.allow] = "GET"
            return answer
        }
        report.service.probes.count(.metrics)
        // The catalog is asked, and may be slow.
        return await withTaskExecutorPreference(executor) { report.answer }
    }

    private func refusal(_ code: ErrorCode) -> Answer {
        .problem(ProblemDocument(code, request: .fresh()))
    }

    /// Whether it is sent to a loopback address by its name, and not for a page: one whose own name was made to mean
    /// this machine could read the answer.
    private func isFromHere(_ request: Request) -> Bool {
        let host = request.head.authority ?? ""
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } : host.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "[::1"].contains(name)
            && request.headers[fields: .origin].isEmpty
            && request.headers[values: .secFetchSite].allSatisfy { $0 == "none" }
    }
}

extension HTTPField.Name {
    // A constant that is a token: RFC 9110 §5.6.2.
    fileprivate static let secFetchSite = HTTPField.Name(HeaderName.fetchSite) ?? .origin
}
