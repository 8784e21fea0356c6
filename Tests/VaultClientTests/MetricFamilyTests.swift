import Testing
import VaultAPI
import VaultFormat

@Suite("The text of measures")
struct MetricFamilyTests {
    @Test("a family has its help and its type before its samples, a line each")
    func family() {
        let family = MetricFamily(
            "a_total", .counter, "Things.",
            [.init(.count(.max), ["kind": "x", "label": "y"]), .init(.count(0), ["kind": "z"])])
        #expect(
            MetricFamily.text([family]) == """
                # HELP a_total Things.
                # TYPE a_total counter
                a_total{kind="x",label="y"} 18446744073709551615
                a_total{kind="z"} 0

                """)
    }

    @Test("a family without a sample is left out")
    func empty() {
        let families = [
            MetricFamily("a", .gauge, "A.", count: nil), MetricFamily("b", .gauge, "B.", count: 1),
        ]
        #expect(MetricFamily.text(families) == "# HELP b B.\n# TYPE b gauge\nb 1\n")
    }

    @Test("no label and no help can end its line or its quotes")
    func escapes() {
        let family = MetricFamily(
            "a", .gauge, "A \\ and\na line.", [.init(.count(1), ["b": "\"\\\n"])])
        #expect(
            MetricFamily.text([family])
                == "# HELP a A \\\\ and\\na line.\n# TYPE a gauge\na{b=\"\\\"\\\\\\n\"} 1\n")
    }

    @Test(
        "a moment is told in seconds, to the microsecond",
        arguments: [
            (0, "0.000000"), (1, "0.000001"), (1_795_000_000_250_000, "1795000000.250000"),
            (-1, "-0.000001"), (-1_500_000, "-1.500000"),
        ] as [(Int64, String)])
    func moments(microseconds: Int64, text: String) {
        let family = MetricFamily(
            "a", .gauge, "A.", [.init(.moment(microseconds: microseconds))])
        #expect(MetricFamily.text([family]).hasSuffix("\na \(text)\n"))
    }

    @Test("a histogram tells how many values do not exceed each bound, in seconds, and their sum")
    func histogram() {
        var histogram = Histogram(bounds: [500, 25_000, 10_000_000])
        for value: UInt64 in [1, 500, 9000, 20_000_000] { histogram.record(value) }
        let family = MetricFamily.histograms(
            "a_seconds", "A.", in: .microseconds,
            [(labels: [.init(name: "b", value: "c")], histogram: histogram)])
        #expect(
            MetricFamily.text([family]) == """
                # HELP a_seconds A.
                # TYPE a_seconds histogram
                a_seconds_bucket{b="c",le="0.0005"} 2
                a_seconds_bucket{b="c",le="0.025"} 3
                a_seconds_bucket{b="c",le="10"} 3
                a_seconds_bucket{b="c",le="+Inf"} 4
                a_seconds_sum{b="c"} 20.009501
                a_seconds_count{b="c"} 4

                """)
    }

    @Test("a histogram of pieces tells its bounds and its sum as they are")
    func pieces() {
        var histogram = Histogram(bounds: [1, 100])
        histogram.record(70)
        let family = MetricFamily.histograms("a", "A.", in: .pieces, [([], histogram)])
        #expect(
            MetricFamily.text([family]) == """
                # HELP a A.
                # TYPE a histogram
                a_bucket{le="1"} 0
                a_bucket{le="100"} 1
                a_bucket{le="+Inf"} 1
                a_sum 70
                a_count 1

                """)
    }
}
