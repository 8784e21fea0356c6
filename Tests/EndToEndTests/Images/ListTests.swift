import Testing

@Suite("A list", .vault)
struct ListTests {
    @Test("goes through every claim once, in pages, to the end", arguments: [1, 3, 7, 100])
    func pages(limit: Int) throws {
        let vault = try sharedVault()
        let job = "pages\(limit)"
        let ids = try (0..<7).map { try vault.store(Sample.jpeg(50 + $0), ["Vault-Job: \(job)"]) }
        var seen: [String] = []
        var after = ""
        var pages = 0
        while true {
            let page = try vault.ask("GET", "/v1/images?job=\(job)&limit=\(limit)\(after)")
            #expect(page.status == 200)
            #expect(page.json["images"].list.count <= limit)
            seen += page.json["images"].list.compactMap { $0["id"].text }
            pages += 1
            guard let next = page.json["next"].text else { break }
            after = "&after=\(next)"
            try #require(pages < 20)
        }
        #expect(seen == ids)
        #expect(pages == (7 + limit - 1) / limit)
    }

    @Test("shows the claims that fit a job, an owner, or both")
    func filters() throws {
        let vault = try TestVault()
        let both = try vault.store(Sample.jpeg(60), ["Vault-Job: j", "Vault-Owner: o"])
        let job = try vault.store(Sample.jpeg(61), ["Vault-Job: j"])
        let owner = try vault.store(Sample.jpeg(62), ["Vault-Owner: o"])
        let none = try vault.store(Sample.jpeg(63))
        func ids(_ query: String) throws -> [String] {
            try vault.ask("GET", "/v1/images\(query)").json["images"].list.compactMap {
                $0["id"].text
            }
        }
        #expect(try ids("") == [both, job, owner, none])
        #expect(try ids("?job=j") == [both, job])
        #expect(try ids("?owner=o") == [both, owner])
        #expect(try ids("?job=j&owner=o") == [both])
        #expect(try ids("?job=o").isEmpty)
    }

    @Test("has an entry a claim, in the form of the upload's answer")
    func entries() throws {
        let vault = try TestVault()
        let first = try vault.put(Sample.jpeg(64), name: "one.jpg", ["Vault-Job: a"])
        let second = try vault.put(Sample.jpeg(64), name: "two.jpg", ["Vault-Job: b"])
        let page = try vault.ask("GET", "/v1/images")
        #expect(page.json["images"].list == [first.json, second.json])
        #expect(page.json["next"] == .null)
    }

    @Test(
        "refuses parameters that it does not know, or that are out of range",
        arguments: [
            ("?limit=0", "invalid-parameter"), ("?limit=1001", "invalid-parameter"),
            ("?limit=ten", "invalid-parameter"), ("?limit=1&limit=2", "invalid-parameter"),
            ("?after=nonsense!", "invalid-parameter"), ("?after=r0", "invalid-parameter"),
            ("?after=x5", "invalid-parameter"), ("?name=a", "unknown-parameter"),
            ("?job=a%20b", "invalid-job"), ("?owner=", "invalid-owner"), ("?limit", "bad-request"),
        ])
    func parameters(query: String, code: String) throws {
        let answer = try sharedVault().ask("GET", "/v1/images\(query)")
        #expect(answer.status == 400)
        #expect(answer.code == code, "\(answer.summary)")
    }
}
