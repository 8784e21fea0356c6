// The texts of access tokens and fetch tickets, as a second implementation makes them.

import Testing
import VaultFormat
import VaultTestKit

@Suite("A bearer's text")
struct BearerTextTests {
    @Test("is the second implementation's, and nothing else is one")
    func vectors() throws {
        let vectors = try Vectors.load("bearers", as: BearerVectors.self)
        #expect(vectors.opens.count == 3 && vectors.refusals.count == 10)
        for vector in vectors.opens {
            let text = try BearerText(parsing: vector.text)
            #expect("\(text.kind)" == vector.kind, "\(vector.rule)")
            #expect(String(decoding: text.bytes, as: UTF8.self) == vector.text)
            let secret = Array(vector.text.utf8).dropFirst(4).prefix(BearerText.letters)
            #expect(BearerText(text.kind, secret: Array(secret)) == text, "\(vector.rule)")
        }
        for vector in vectors.refusals {
            #expect(throws: FormatError.invalidText(field: "bearer"), "\(vector.rule)") {
                try BearerText(parsing: vector.text)
            }
        }
    }

    @Test("shows nothing of its secret where it is printed")
    func printed() throws {
        let text = BearerText(.ticket, secret: [UInt8](repeating: 0x41, count: BearerText.letters))
        for words in ["\(text)", String(reflecting: text)] {
            #expect(words == "ivf_…")
        }
    }

    @Test("has scopes in one spelling")
    func scopes() throws {
        let scopes = TokenScopes([.probeImages, .getImages, .getImages])
        #expect(scopes.description == "images.get images.probe")
        #expect(try TokenScopes(scopes.description) == scopes)
        #expect(try TokenScopes("") == .all)
        #expect(TokenScopes.all.allows(.deleteImages) && scopes.allows(.getImages))
        #expect(!scopes.allows(.deleteImages))
        let twice = "images.get images.get"
        for text in ["images.probe images.get", twice, " ", "images.get ", "moon"] {
            #expect(throws: FormatError.self) { try TokenScopes(text) }
        }
    }
}
