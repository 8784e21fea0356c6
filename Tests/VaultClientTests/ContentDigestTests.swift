import Testing
import VaultAPI
import VaultFormat

@Suite("The digest of an upload")
struct ContentDigestTests {
    /// SHA-256 of nothing.
    private static let empty = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
    private static let emptyHex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test(
        "is found among others, in one field or in several",
        arguments: [
            [empty], [" " + empty + "\t"], ["md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, " + empty],
            ["sha-512=:AAAA:", empty], [empty + ",unixsum=:AAA=:"],
        ])
    func found(fields: [String]) throws {
        #expect(try ContentDigest.sha256(fields: fields)?.hex == Self.emptyHex)
    }

    @Test(
        "of another algorithm says nothing",
        arguments: [[], ["sha-512=:AAAA:"], ["sha-2567=:AAAA:"], [""]])
    func absent(fields: [String]) throws {
        #expect(try ContentDigest.sha256(fields: fields) == nil)
    }

    @Test(
        "is refused when it is none, or there twice",
        arguments: [
            ["sha-256="], ["sha-256=:"], ["sha-256=::"], ["sha-256=:AAAA:"], ["sha-256=AAAA"],
            [String(empty.dropLast())], [empty + ";x"], [empty, empty], [empty + "," + empty],
            ["sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=:"],
            ["sha-256=:" + String(repeating: "A", count: 600) + ":"],
        ])
    func refused(fields: [String]) {
        #expect(throws: RequestError.invalidDigest) { try ContentDigest.sha256(fields: fields) }
    }
}
