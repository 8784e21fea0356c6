// Places for images on their way: so many of one principal, so many of all.

import Testing
import VaultFormat

@testable import VaultServer

@Suite("Places for readings")
struct ReadingPlacesTests {
    private let places = ReadingPlaces()

    private func take(_ name: String) throws -> ReadingPlaces.Place? {
        places.take(try PrincipalName(name))
    }

    @Test("one principal has so many and no more, and one that ends is the next one's")
    func each() throws {
        var held = try (0..<Limits.readingsEach).map { _ in try #require(try take("first")) }
        #expect(try take("first") == nil)
        let other = try #require(try take("second"))
        held.removeLast()
        let next = try #require(try take("first"))
        #expect(try take("first") == nil)
        withExtendedLifetime((held, other, next)) {}
    }

    @Test("all together have so many and no more, and what ends is anybody's")
    func all() throws {
        var held = try (0..<Limits.readings).map { index in
            try #require(try take(index < Limits.readingsEach ? "first" : "second"))
        }
        #expect(try take("third") == nil)
        held.removeFirst()
        let next = try #require(try take("third"))
        #expect(try take("first") == nil)
        withExtendedLifetime((held, next)) {}
        held = []
        #expect(try take("first") != nil)
    }
}
