// The register of measures: what was foreseen is kept, and nothing else ever gets on the page.

import CoreMetrics
import Glibc
import HTTPTypes
import Testing
import VaultAPI
import VaultFormat

@testable import VaultServer

@Suite("The register of measures")
struct MeasureRegisterTests {
    private static let shapes = [
        MeasureShape(
            name: "a_total", kind: .counter, help: "A.",
            labels: [("kind", ["x", "y"])]),
        MeasureShape(name: "b", kind: .gauge, help: "B.", labels: []),
        MeasureShape(
            name: "c_seconds", kind: .histogram(bounds: [1000, 2000], .microseconds), help: "C.",
            labels: []),
        MeasureShape(
            name: "d", kind: .histogram(bounds: [1, 2], .pieces), help: "D.", labels: []),
    ]

    private let register = MeasureRegister(Self.shapes)
    private var text: String { MetricFamily.text(register.families) }

    @Test("a counter only rises, and each set of labels has its own")
    func counter() {
        let one = Counter(label: "a_total", dimensions: [("kind", "x")], factory: register)
        let same = Counter(label: "a_total", dimensions: [("kind", "x")], factory: register)
        let other = Counter(label: "a_total", dimensions: [("kind", "y")], factory: register)
        one.increment()
        same.increment(by: 2)
        one.increment(by: -7)
        other.increment(by: 5)
        #expect(
            text
                == "# HELP a_total A.\n# TYPE a_total counter\na_total{kind=\"x\"} 3\na_total{kind=\"y\"} 5\n"
        )
    }

    @Test("a gauge goes up and down, and never below zero")
    func gauge() {
        let meter = Meter(label: "b", factory: register)
        meter.increment()
        meter.increment(by: 2.0)
        meter.decrement()
        #expect(text.hasSuffix("\nb 2\n"))
        Gauge(label: "b", factory: register).record(9)
        #expect(text.hasSuffix("\nb 9\n"))
        meter.decrement(by: 20.0)
        #expect(text.hasSuffix("\nb 0\n"))
        for value in [Double.nan, .infinity, 1e300] { meter.set(value) }
        #expect(text.hasSuffix("\nb 0\n"))
    }

    @Test("a timer's times are counted by the bounds of its shape, and told once there is one")
    func timer() {
        let timer = Timer(label: "c_seconds", factory: register)
        #expect(text.isEmpty)
        timer.recordMicroseconds(1500)
        timer.recordNanoseconds(Int64.max)
        timer.recordNanoseconds(-1)
        #expect(text.contains("c_seconds_bucket{le=\"0.001\"} 1\n"))
        #expect(text.contains("c_seconds_bucket{le=\"0.002\"} 2\n"))
        #expect(text.contains("c_seconds_bucket{le=\"+Inf\"} 3\n"))
    }

    @Test("a recorder's values are, too")
    func recorder() {
        Recorder(label: "d", factory: register).record(2)
        #expect(text.contains("d_bucket{le=\"1\"} 0\nd_bucket{le=\"2\"} 1\n"))
        #expect(text.contains("d_sum 2\n"))
    }

    @Test("a name, a label, a word or a kind that nobody foresaw is nowhere")
    func unforeseen() {
        Counter(label: "z_total", factory: register).increment()
        Counter(label: "a_total", factory: register).increment()
        Counter(label: "a_total", dimensions: [("kind", "ann@example.org")], factory: register)
            .increment()
        Counter(label: "a_total", dimensions: [("owner", "x")], factory: register).increment()
        Counter(
            label: "a_total", dimensions: [("kind", "x"), ("kind", "y")], factory: register
        ).increment()
        Counter(label: "b", factory: register).increment()
        Meter(label: "a_total", dimensions: [("kind", "x")], factory: register).increment()
        Timer(label: "d", factory: register).recordNanoseconds(1)
        Recorder(label: "c_seconds", factory: register).record(1)
        #expect(text.isEmpty)
    }

    @Test("a handle that is let go leaves its counts")
    func destroyed() {
        let counter = Counter(label: "a_total", dimensions: [("kind", "x")], factory: register)
        counter.increment()
        counter.destroy()
        #expect(text.contains("a_total{kind=\"x\"} 1\n"))
    }
}

@Suite("The measures of requests")
struct RequestMeasuresTests {
    @Test("every verb and every outcome has a place of its own")
    func places() {
        let register = MeasureRegister()
        let measures = RequestMeasures(register)
        for verb in VerbLabel.allCases {
            for outcome in RequestOutcome.allCases {
                measures.began()
                measures.ended(verb, outcome, after: .milliseconds(3))
            }
        }
        let text = MetricFamily.text(register.families)
        for verb in VerbLabel.allCases {
            for outcome in RequestOutcome.allCases {
                let labels = "{verb=\"\(verb.text)\",outcome=\"\(outcome.rawValue)\"}"
                #expect(text.contains("imagevault_request_duration_seconds_count\(labels) 1\n"))
            }
        }
        #expect(text.contains("imagevault_requests_in_flight 0\n"))
    }

    @Test("what has begun is in flight until it ends")
    func inFlight() {
        let register = MeasureRegister()
        let measures = RequestMeasures(register)
        measures.began()
        measures.began()
        measures.ended(.health, .ok, after: .zero)
        #expect(
            MetricFamily.text(register.families).contains("\nimagevault_requests_in_flight 1\n"))
    }

    @Test("verbs that a policy has no name for have one here, and no two have the same")
    func labels() throws {
        let texts = VerbLabel.allCases.map(\.text)
        #expect(Set(texts).count == texts.count)
        #expect(texts.allSatisfy { $0.wholeMatch(of: /[a-z][a-z.-]*/) != nil })
        let health = try Verb(method: .get, path: "/v1/health", door: .images)
        #expect(health.label == .health)
        let image = try Verb(method: .get, path: "/v1/images/ann", door: .images)
        #expect(image.label.text == "images.get")
    }
}

@Suite("Requests of the last minute")
struct RecentRequestsTests {
    @Test("each is counted as what it was, and forgotten a minute later")
    func counts() {
        let recent = RecentRequests()
        recent.count(.named(.putImages), .ok, at: 0)
        recent.count(.named(.getImages), .ok, at: 1)
        recent.count(.named(.getImages), .ok, at: 59)
        recent.count(.named(.deleteImages), .ok, at: 59)
        recent.count(.health, .ok, at: 59)
        recent.count(.named(.putImages), .refused, at: 59)
        recent.count(.named(.getImages), .failed, at: 59)
        var all = RecentRequests.Counts()
        (all.stored, all.read, all.deleted, all.other) = (1, 2, 1, 1)
        (all.refused, all.failed) = (1, 1)
        #expect(recent.counts(at: 59) == all)
        all.stored = 0
        #expect(recent.counts(at: 60) == all)
        // Its slot is another's by then.
        recent.count(.named(.putImages), .ok, at: 61)
        (all.stored, all.read) = (1, 1)
        #expect(recent.counts(at: 61) == all)
        #expect(recent.counts(at: 200) == RecentRequests.Counts())
    }

    @Test("what ends is counted, over as many seconds as there were")
    func measured() {
        let measures = RequestMeasures(MeasureRegister())
        measures.began()
        measures.ended(.named(.getImages), .ok, after: .zero)
        let minute = measures.lastMinute
        #expect(minute.counts.read == 1)
        #expect((1...60).contains(minute.seconds))
    }
}

@Suite("A port for measures")
struct LoopbackSocketTests {
    @Test("is of this machine alone", arguments: LoopbackAddress.allCases)
    func loopback(address: LoopbackAddress) throws {
        guard let socket = try? LoopbackSocket.listen(at: address, port: 0) else {
            // A machine without IPv6 has no ::1.
            #expect(address == .six)
            return
        }
        defer { close(socket) }
        #expect(LoopbackSocket.isLoopback(socket))
    }

    @Test("that somebody else bound to every address is none")
    func everywhere() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        try #require(Glibc.listen(socket, 1) == 0)  // which binds it to 0.0.0.0
        #expect(!LoopbackSocket.isLoopback(socket))
    }

    @Test("is no Unix socket")
    func unix() {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        #expect(!LoopbackSocket.isLoopback(socket))
    }
}
