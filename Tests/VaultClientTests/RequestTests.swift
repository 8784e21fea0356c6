import Testing
import VaultAPI
import VaultFormat

@Suite("A request's query and headers")
struct RequestTests {
    @Test("a listing's query is read back as it was written")
    func listRoundTrip() throws {
        let full = ImageListQuery(
            claim: Claim(owner: try OwnerID("u-1"), job: try JobID("job_42")),
            after: try PageCursor("abc_-9"), limit: 7)
        #expect(full.query == "?job=job_42&owner=u-1&after=abc_-9&limit=7")
        #expect(try ImageListQuery(query: full.query.dropFirst()) == full)
        #expect(try ImageListQuery(query: String?.none) == ImageListQuery())
        #expect(try ImageListQuery(query: "") == ImageListQuery())
    }

    @Test("an erasure names an owner, a job, or both, and nothing else")
    func erasure() throws {
        let whole = ErasureQuery(claim: Claim(owner: try OwnerID("u-1"), job: try JobID("j")))
        #expect(whole.query == "?job=j&owner=u-1")
        #expect(try ErasureQuery(query: whole.query.dropFirst()) == whole)
        #expect(try ErasureQuery(query: "job=j").claim == Claim(owner: nil, job: JobID("j")))
        for query in ["", "owner=", "owner=u&limit=1", "owner=u&owner=u", "owner=a%20b"] {
            #expect(throws: RequestError.self) { try ErasureQuery(query: query) }
        }
    }

    @Test("the log's query is read back as it was written")
    func eventRoundTrip() throws {
        for query in [EventListQuery.after(nil, limit: 5), .after(0, limit: 100), .newest(3)] {
            #expect(try EventListQuery(query: query.query.dropFirst()) == query)
        }
    }

    private static let badLimit = RequestError.invalidParameter(
        "limit", expected: "a number from 1 to 1000")

    @Test(
        "a listing refuses what the contract does not list",
        arguments: [
            ("limit=0", badLimit), ("limit=1001", badLimit), ("limit=01", badLimit),
            ("limit=%2B1", badLimit), ("limit=99999999999999999999", badLimit),
            ("limit=1&limit=1", .repeatedParameter("limit")),
            ("lim%69t=1&limit=1", .repeatedParameter("limit")),
            ("name=x", .unknownParameter("name")),
            ("=x", .unknownParameter("")),
            ("limit", .malformedQuery),
            ("limit=1&", .malformedQuery),
            ("&", .malformedQuery),
            ("limit=%4", .malformedQuery),
            ("job=%FF", .malformedQuery),
            ("job=a+b", .invalidJob),
            ("job=", .invalidJob),
            ("owner=a%20b", .invalidOwner),
            ("after=", .invalidParameter("after", expected: "the next of another page")),
            ("after=a%2Fb", .invalidParameter("after", expected: "the next of another page")),
        ])
    func refusedList(query: String, error: RequestError) {
        #expect(throws: error) { try ImageListQuery(query: query) }
    }

    @Test("newest stands alone", arguments: ["newest=1&limit=1", "after=0&newest=1"])
    func newestAlone(query: String) {
        #expect(throws: RequestError.invalidParameter("newest", expected: "alone")) {
            try EventListQuery(query: query)
        }
    }

    @Test("a path without parameters refuses them")
    func noParameters() throws {
        try QueryString.requireNone("")
        #expect(throws: RequestError.unknownParameter("x")) {
            try QueryString.requireNone("x=1")
        }
    }

    @Test("claim headers are taken once or not at all")
    func claim() throws {
        #expect(try Claim(jobFields: [], ownerFields: []).isUnnamed)
        let claim = try Claim(jobFields: ["j"], ownerFields: ["o"])
        #expect(claim == Claim(owner: try OwnerID("o"), job: try JobID("j")))
        #expect(throws: RequestError.invalidJob) {
            try Claim(jobFields: ["j", "j"], ownerFields: [])
        }
        #expect(throws: RequestError.invalidOwner) { try Claim(jobFields: [], ownerFields: [""]) }
    }

    @Test("an id in a path has one spelling")
    func identifier() throws {
        let hex = String(repeating: "0a", count: 32)
        #expect(try APIPath.imageID(hex).hex == hex)
        for wrong in [hex.uppercased(), String(hex.dropLast()), hex + "0", ""] {
            #expect(throws: RequestError.invalidIdentifier) { try APIPath.imageID(wrong) }
        }
    }

    @Test("a refusal names a parameter of plain letters and quotes nothing else")
    func noEcho() {
        #expect(RequestError.unknownParameter("page").detail?.hasPrefix("page ") == true)
        #expect(RequestError.unknownParameter("a\u{1B}[31m").detail == nil)
        #expect(RequestError.unknownParameter(String(repeating: "a", count: 33)).detail == nil)
    }
}
