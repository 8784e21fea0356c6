// One vault for all tests of a suite that only ask: it is stopped when the last of them has ended.

import Testing

struct SharedVault: SuiteTrait, TestScoping {
    @TaskLocal static var current: TestVault?
    let settings: String

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let vault = try TestVault(settings: settings)
        try await Self.$current.withValue(vault) { try await function() }
        try vault.crash()
    }
}

extension Trait where Self == SharedVault {
    static var vault: Self { .vault("validation:\n  level: structure\n") }

    /// `settings` are lines of YAML beside the paths.
    static func vault(_ settings: String) -> Self { Self(settings: settings) }
}

/// The vault of the running suite.
func sharedVault() throws -> TestVault { try #require(SharedVault.current) }
