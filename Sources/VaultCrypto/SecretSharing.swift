// Shamir's secret sharing ("How to share a secret", 1979), byte by byte over GF(256). KeyringFormat §3.5.

/// Polynomials over GF(2⁸) modulo x⁸+x⁴+x³+x+1. Where they are evaluated is public; their values are not,
/// and no branch or address depends on one.
package enum SecretSharing {
    static func multiply(_ one: UInt8, _ other: UInt8) -> UInt8 {
        var (one, other, product) = (one, other, UInt8(0))
        for _ in 0..<8 {
            product ^= one & (0 &- (other & 1))
            one = (one << 1) ^ (0x1B & (0 &- (one >> 7)))
            other >>= 1
        }
        return product
    }

    /// The 254th power: in this field that is the inverse. - Precondition: not zero.
    private static func inverse(_ value: UInt8) -> UInt8 {
        var (power, square) = (UInt8(1), value)
        for _ in 0..<7 {
            square = multiply(square, square)
            power = multiply(power, square)
        }
        return power
    }

    /// What each value counts for at `place` (Lagrange): the sum of weight × value is the value there.
    ///
    /// - Parameter numbers: where the values were taken.
    /// - Throws: ``CryptoError/refused`` when two are the same.
    static func weights(of numbers: [UInt8], at place: UInt8) throws(CryptoError) -> [UInt8] {
        guard Set(numbers).count == numbers.count, !numbers.isEmpty else { throw .refused }
        return numbers.map { number in
            numbers.filter { $0 != number }.reduce(1) { weight, other in
                multiply(weight, multiply(place ^ other, inverse(number ^ other)))
            }
        }
    }

    /// Adds `weight × value` to `sum`, byte by byte.
    static func add(
        _ weight: UInt8, _ value: UnsafeRawBufferPointer, to sum: UnsafeMutableRawBufferPointer
    ) {
        for index in 0..<sum.count {
            unsafe sum[index] ^= multiply(weight, value[index])
        }
    }

    /// The polynomials' values at `place`, from their coefficients: `secret` at degree 0, then
    /// `coefficients`, as many bytes each, by rising degree.
    static func evaluate(
        _ secret: UnsafeRawBufferPointer, _ coefficients: UnsafeRawBufferPointer,
        at place: UInt8, into out: UnsafeMutableRawBufferPointer
    ) {
        let degrees = coefficients.count / out.count
        for index in 0..<out.count {
            var value: UInt8 = 0
            for degree in stride(from: degrees - 1, through: 0, by: -1) {
                value = unsafe multiply(value, place) ^ coefficients[degree * out.count + index]
            }
            unsafe out[index] = multiply(value, place) ^ secret[index]
        }
    }
}
