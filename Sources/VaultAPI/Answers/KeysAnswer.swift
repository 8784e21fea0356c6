// `GET /v1/keys`: the epochs, what is wrapped under each, and the work on it.

package struct KeysAnswer: Codable, Hashable, Sendable {
    /// Of the keyring; rises with each change to it.
    package var generation: UInt64
    package var epochs: [StatusAnswer.Epoch]
    /// Days since the primary epoch was made.
    package var primaryAgeDays: Int
    /// The walk over all keys that is not at its end.
    @Nullable package var operation: OperationAnswer?
    /// Keys a second, of that walk's phase; null while nobody can tell.
    @Nullable package var keysPerSecond: Int?
    /// Seconds until that phase is at its end at this rate.
    @Nullable package var secondsLeft: Int?

    package init(
        generation: UInt64, epochs: [StatusAnswer.Epoch], primaryAgeDays: Int,
        operation: OperationAnswer?, rate: Double?
    ) {
        self.generation = generation
        self.epochs = epochs
        self.primaryAgeDays = primaryAgeDays
        self.operation = operation
        let rate = rate.flatMap { $0 >= 1 ? $0 : nil }
        keysPerSecond = rate.map { Int($0) }
        secondsLeft = operation.flatMap { operation in
            rate.map { Int(Double(max(0, operation.total - operation.done)) / $0) }
        }
    }

    private enum CodingKeys: String, CodingKey {
        case generation, epochs, operation
        case primaryAgeDays = "primary_age_days"
        case keysPerSecond = "keys_per_second"
        case secondsLeft = "seconds_left"
    }
}
