// A span around each request and its two halves, for whoever bootstrapped a tracer. Without one a request pays for
// looking at a nil, and `traceparent` goes into the log alone.

import Tracing
import VaultAPI
import VaultFormat

/// The tracer of this process, found once: it is bootstrapped before a door is open, or never.
struct RequestTracing: Sendable {
    private let tracer: any Tracer
    private let instrument: any Instrument

    /// Nil where no tracer was bootstrapped.
    init?() {
        tracer = InstrumentationSystem.tracer
        instrument = InstrumentationSystem.instrument
        if tracer is NoOpTracer { return nil }
    }

    /// Runs `body` in the span of a request, whose parent is what `traceparent` says. What it is told is bounded, and
    /// neither an image nor a principal.
    func request(
        _ exchange: Exchange, _ body: () async throws -> Reply
    ) async throws -> Reply {
        var parent = ServiceContext.topLevel
        instrument.extract(
            exchange.values(HeaderName.traceParent), into: &parent, using: TraceParent())
        return try await tracer.withAnySpan("request", context: parent, ofKind: .server) { span in
            span.attributes["imagevault.door"] = exchange.door.name
            var outcome = RequestOutcome.failed
            defer {
                span.attributes["imagevault.verb"] = exchange.progress.verb.text
                span.attributes["imagevault.outcome"] = outcome.rawValue
            }
            let reply = try await body()
            outcome = reply.outcome
            return reply
        }
    }

    func step<R>(_ name: String, _ body: () async throws -> R) async throws -> R {
        try await tracer.withAnySpan(name) { _ in try await body() }
    }
}

extension RequestTracing? {
    /// As ``RequestTracing/request(_:_:)``; without a tracer only the body.
    func request(
        _ exchange: Exchange, _ body: () async throws -> Reply
    ) async throws -> Reply {
        guard let self else { return try await body() }
        return try await self.request(exchange, body)
    }

    /// A part of a request.
    func step<R>(_ name: String, _ body: () async throws -> R) async throws -> R {
        guard let self else { return try await body() }
        return try await self.step(name, body)
    }
}

/// The one header that a trace is taken from. Two of them are none.
private struct TraceParent: Extractor {
    func extract(key: String, from fields: [String]) -> String? {
        key.lowercased() == HeaderName.traceParent && fields.count == 1 ? fields.first : nil
    }
}
