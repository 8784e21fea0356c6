// Times as text, against dates that are known from elsewhere.

import Foundation
import Testing
import VaultFormat
import VaultTestKit

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "known times have their known text",
        arguments: [
            (Int64(0), "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (-1_000_000, "1969-12-31T23:59:59.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (951_868_800_000_000, "2000-03-01T00:00:00.000000Z"),
            (1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
            (1_677_628_800_000_000, "2023-03-01T00:00:00.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
            (-2_203_891_200_000_000, "1900-03-01T00:00:00.000000Z"),
            (-62_135_596_800_000_000, "0001-01-01T00:00:00.000000Z"),
            (-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (1_234_567_890_000_007, "2009-02-13T23:31:30.000007Z"),
        ])
    func known(microseconds: Int64, text: String) {
        #expect(Timestamp.text(microseconds: microseconds) == text)
        #expect(Timestamp.microseconds(text) == microseconds)
    }

    @Test(
        "a text of no moment is no time",
        arguments: [
            "2023-02-29T00:00:00.000000Z", "2024-02-30T00:00:00.000000Z",
            "2100-02-29T00:00:00.000000Z", "2024-13-01T00:00:00.000000Z",
            "2024-00-01T00:00:00.000000Z", "2024-01-00T00:00:00.000000Z",
            "2024-01-01T24:00:00.000000Z", "2024-01-01T00:60:00.000000Z",
            "2024-01-01T00:00:60.000000Z", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00.000000Z",
            "9999-99-99T99:99:99.999999Z", "",
        ])
    func noTime(text: String) {
        #expect(Timestamp.microseconds(text) == nil)
    }

    @Test("times outside years 0 to 9999 are the nearest time inside")
    func clamped() {
        #expect(Timestamp.text(microseconds: .max) == "9999-12-31T23:59:59.999999Z")
        #expect(Timestamp.text(microseconds: .min) == "0000-01-01T00:00:00.000000Z")
    }

    @Test("any second from 1900 to 9999 has the calendar's text")
    func calendar() {
        var random = SeededRandom()
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for _ in 0..<2000 {
            let seconds = Int64.random(in: -2_208_988_800...253_402_300_799, using: &random)
            let date = Date(timeIntervalSince1970: Double(seconds))
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second], from: date)
            let numbers = [
                parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second,
            ]
            let text = Timestamp.text(microseconds: seconds * 1_000_000)
            let spelled = text.dropLast(8).split { "-T:".contains($0) }.map { Int($0) }
            #expect(spelled == numbers, "\(seconds)")
        }
    }

    @Test("later times have later text")
    func ordered() {
        var random = SeededRandom()
        for _ in 0..<1000 {
            let range = -62_167_219_200_000_000...Int64(253_402_300_799_999_998)
            let time = Int64.random(in: range, using: &random)
            #expect(Timestamp.text(microseconds: time) < Timestamp.text(microseconds: time + 1))
            #expect(Timestamp.microseconds(Timestamp.text(microseconds: time)) == time)
        }
    }
}
