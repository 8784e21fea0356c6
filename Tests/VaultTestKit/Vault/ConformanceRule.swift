// Rules that every adapter of a port keeps, as values: a test runs them against its own adapter.

/// One rule, and how to see whether a new, empty adapter keeps it.
package struct ConformanceRule<Subject>: Sendable, CustomStringConvertible {
    /// The rule as a sentence.
    package let description: String
    /// - Throws: ``Broken`` when it is not kept, or what the adapter threw.
    package let check: @Sendable (Subject) throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (Subject) throws -> Void) {
        self.description = description
        self.check = check
    }
}

/// A rule that was not kept.
package struct Broken: Error, CustomStringConvertible {
    package let description: String

    init(_ what: String, _ file: StaticString, _ line: UInt) {
        description = "\(what) (\(file):\(line))"
    }
}

/// - Throws: ``Broken`` unless `condition` holds.
package func require(
    _ condition: Bool, _ what: @autoclosure () -> String, file: StaticString = #fileID,
    line: UInt = #line
) throws {
    if !condition { throw Broken(what(), file, line) }
}

/// - Throws: ``Broken`` unless both are the same.
package func same<T: Equatable>(
    _ found: T, _ expected: T, file: StaticString = #fileID, line: UInt = #line
) throws {
    if found != expected { throw Broken("found \(found), expected \(expected)", file, line) }
}

/// - Throws: ``Broken`` unless `body` throws exactly `error`.
package func refuses<E: Error & Equatable>(
    _ error: E, file: StaticString = #fileID, line: UInt = #line, _ body: () throws -> Void
) throws {
    do {
        try body()
    } catch let found as E where found == error {
        return
    } catch let found {
        throw Broken("threw \(found), not \(error)", file, line)
    }
    throw Broken("threw nothing, not \(error)", file, line)
}
