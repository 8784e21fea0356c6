// Bodies of requests that are no images.

import Testing
import VaultAPI
import VaultFormat

@Suite("The body of a request as JSON")
struct RequestJSONTests {
    private struct Sample: RequestObject, Hashable {
        static let members: Set = ["label", "count"]
        static let shape = "a JSON object with label and count"
        let label: String
        let count: Int?
    }

    @Test("is the object that the verb takes")
    func understood() throws {
        let sample = try RequestJSON.decode(Sample.self, from: Array(#"{"label":"a"}"#.utf8))
        #expect(sample == Sample(label: "a", count: nil))
    }

    @Test(
        "is refused as a whole for a member that is not known, missing or of another kind",
        arguments: [
            "", "{}", "[]", "null", "{", #"{"label":1}"#, #"{"label":"a","x":1}"#,
            #"{"label":"a","Count":1}"#, #"{"label":"a"} {"#, #"{"label":"a","count":1.5}"#,
        ])
    func refused(text: String) {
        let error = #expect(throws: RequestError.self) {
            try RequestJSON.decode(Sample.self, from: Array(text.utf8))
        }
        #expect(error == .invalidBody(expected: Sample.shape))
        #expect(error?.code == .invalidBody)
        #expect(error?.detail == "The body must be a JSON object with label and count.")
    }
}
