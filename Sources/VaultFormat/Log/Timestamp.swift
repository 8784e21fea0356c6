/// UTC times as text: RFC 3339 with six digits of a second and `Z`.
package enum Timestamp {
    /// - Parameter microseconds: since 1970-01-01T00:00:00Z; years outside 0 to 9999 are clamped.
    package static func text(microseconds: Int64) -> String {
        let bounded = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
        let (seconds, fraction) = floorDivide(bounded, 1_000_000)
        let (days, second) = floorDivide(seconds, 86_400)
        let (year, month, day) = civil(days)
        var text: [UInt8] = []
        text.reserveCapacity(27)
        append(year, 4, "-", to: &text)
        append(month, 2, "-", to: &text)
        append(day, 2, "T", to: &text)
        append(second / 3600, 2, ":", to: &text)
        append(second / 60 % 60, 2, ":", to: &text)
        append(second % 60, 2, ".", to: &text)
        append(fraction, 6, "Z", to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether it has the form that ``text(microseconds:)`` gives.
    package static func isText(_ text: String) -> Bool {
        let form = Array("0000-00-00T00:00:00.000000Z".utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return text.utf8.count == form.count
            && zip(text.utf8, form).allSatisfy { byte, wanted in
                wanted == UInt8(ascii: "0") ? digits.contains(byte) : byte == wanted
            }
    }

    /// - Returns: nil for what ``text(microseconds:)`` makes of no number.
    package static func microseconds(_ text: String) -> Int64? {
        guard isText(text) else { return nil }
        let fields = text.utf8.split { !(0x30...0x39).contains($0) }.map { digits in
            digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        }
        let seconds =
            days(fields[0], fields[1], fields[2]) * 86_400 + fields[3] * 3600 + fields[4] * 60
            + fields[5]
        let microseconds = seconds * 1_000_000 + fields[6]
        // A day or an hour that is none would have another text.
        return Self.text(microseconds: microseconds) == text ? microseconds : nil
    }

    /// Days since 1970-01-01: the other way round of ``civil(_:)``.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, 400)
        let dayOfYear = (153 * (month <= 2 ? month + 9 : month - 3) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Days since 1970-01-01 as a proleptic Gregorian date, by years that begin in March so that
    /// the leap day is the last of its year.
    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let leapDays = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leapDays) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func append(
        _ value: Int64, _ width: Int, _ sign: Unicode.Scalar, to text: inout [UInt8]
    ) {
        var power: Int64 = 1
        for _ in 1..<width { power *= 10 }
        while power > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / power % 10))
            power /= 10
        }
        text.append(UInt8(ascii: sign))
    }
}
