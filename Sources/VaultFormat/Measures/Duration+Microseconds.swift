// Times as the vault counts them.

extension Duration {
    /// Zero for what is below none, the highest for what is beyond it.
    package var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = whole.addingReportingOverflow(
            UInt64(attoseconds / 1_000_000_000_000))
        return overflow || carry ? .max : sum
    }
}
