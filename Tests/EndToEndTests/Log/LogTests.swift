import Testing

@Suite("The log")
struct LogTests {
    @Test("has an event for every request, also for each refusal")
    func everyRequest() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(110), ["Vault-Job: j"])
        _ = try vault.get(id)
        _ = try vault.ask("HEAD", "/v1/images/\(id)")
        _ = try vault.ask("GET", "/v1/images/\(id)/metadata", ["Vault-Job: j"])
        _ = try vault.ask("GET", "/v1/images")
        _ = try vault.get("zz")
        _ = try vault.get(String(repeating: "0", count: 64))
        _ = try vault.put(Sample.filler(50, 1))
        _ = try vault.ask("POST", "/v1/images", body: Sample.jpeg())
        _ = try vault.ask("GET", "/v1/nothing")
        _ = try vault.ask("PUT", "/v1/images")
        _ = try vault.ask("GET", "/v1/whoami")
        _ = try vault.ask("GET", "/v1/version")
        _ = try vault.ask("GET", "/v1/openapi.yaml")
        _ = try vault.ask("GET", "/v1/status", door: "admin")
        _ = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        _ = try vault.delete(id, ["Vault-Job: j"])
        let events = try vault.events().filter { $0["action"].text != "read.ended" }
        let words = events.map { event in
            [event["action"], event["outcome"], event["code"]].compactMap(\.text)
                .joined(separator: " ")
        }
        #expect(
            words == [
                "vault.created done", "service.started done", "image.put done", "read.begun done",
                "image.probe done", "metadata.read done", "image.list done",
                "read.begun refused invalid-id", "read.begun refused unknown-image",
                "image.put refused image-refused", "image.put refused missing-name",
                "request.refused refused unknown-route",
                "request.refused refused method-not-allowed", "identity.read done",
                "contract.read done", "contract.read done", "status.read done", "log.read done",
                "image.delete done", "log.read done",
            ])
    }

    @Test("does not count health and readiness as readings")
    func probes() throws {
        let vault = try TestVault()
        let before = try vault.events().count
        for _ in 0..<5 {
            _ = try vault.ask("GET", "/v1/health")
            _ = try vault.ask("GET", "/v1/ready")
        }
        // Reading the log is the one event that came meanwhile.
        #expect(try vault.events().count == before + 1)
    }

    @Test("names caller, request and image, as its answer did")
    func facts() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(111)
        let stored = try vault.put(image).json
        let id = try #require(stored["id"].text)
        let refusal = try vault.get(String(repeating: "0", count: 64))
        let events = try vault.events()
        let put = try #require(events.first { $0["action"].text == "image.put" })
        #expect(put["image"].text == id)
        #expect(put["bytes"].number == image.count)
        #expect(put["uid"].number == Int(OwnIdentity.uid))
        #expect(put["pid"].number == Int(OwnIdentity.pid))
        #expect(put["door"].text == "images")
        #expect(put["verdict"].text == "structure")
        #expect(put["inspector"].number == stored["verdict"]["inspector"].number)
        #expect(put["inspector"].number ?? 0 > 0)
        let policy = try vault.ask("GET", "/v1/status", door: "admin").json["validation"]["policy"]
        #expect(put["policy"] == policy)
        #expect(policy.text?.count == 16)
        let refused = events.first { $0["code"].text == "unknown-image" }
        #expect(refused?["request_id"] == refusal.json["request_id"])
    }

    @Test("has indexes without gaps, through restarts and kills")
    func dense() throws {
        let vault = try TestVault()
        for number in 0..<5 { _ = try vault.store(Sample.jpeg(112 + number)) }
        try vault.stop()
        try vault.start()
        _ = try vault.get("zz")
        try vault.crash()
        try vault.start()
        let indexes = try vault.events().map { $0["index"].number }
        #expect(indexes == Array(0..<indexes.count))
    }

    @Test("is read in pages, from the first event to the newest", arguments: [1, 4, 1000])
    func pages(limit: Int) throws {
        let vault = try TestVault()
        for _ in 0..<10 { _ = try vault.get("zz") }
        var seen: [Int] = []
        var after = ""
        // Each reading adds an event, so that pages of one never come to an end.
        while seen.count < 20 {
            let page = try vault.ask("GET", "/v1/events?limit=\(limit)\(after)", door: "audit")
            let events = page.json["events"].list.compactMap { $0["index"].number }
            #expect(events.count <= limit)
            seen += events
            guard let next = page.json["next"].number else { break }
            after = "&after=\(next)"
        }
        #expect(seen.count > 10)
        #expect(seen == Array(0..<seen.count))
    }

    @Test("shows its newest events, the reading itself among them")
    func newest() throws {
        let vault = try TestVault()
        _ = try vault.get("zz")
        let page = try vault.ask("GET", "/v1/events?newest=2", door: "audit").json
        let size = try #require(page["size"].number)
        let indexes = page["events"].list.compactMap { $0["index"].number }
        #expect(indexes.count == 2)
        #expect((indexes.last ?? 0) >= size - 2)
    }

    @Test(
        "refuses pages that cannot be",
        arguments: [
            "?limit=0", "?limit=1001", "?after=-1", "?after=x", "?newest=0", "?newest=1001",
            "?newest=1&limit=1", "?newest=1&after=1", "?after=18446744073709551616",
        ])
    func badPages(query: String) throws {
        let vault = try TestVault()
        let answer = try vault.ask("GET", "/v1/events\(query)", door: "audit")
        #expect(answer.code == "invalid-parameter", "\(answer.summary)")
    }

    @Test("says that an image is being read before a byte of it has left")
    func readBegun() throws {
        let vault = try TestVault()
        // So large that the answer cannot wait in the socket: vaultd is killed in its middle.
        let image = Sample.jpeg(bytes: 15 * Sample.frameBytes, 113)
        let id = try vault.store(image)
        let door = try vault.connect()
        // It stays open until the kill: a reader that goes away would end the reading.
        defer { withExtendedLifetime(door) {} }
        try door.send(Request.bytes("GET", "/v1/images/\(id)"))
        #expect(try door.read(1) == [UInt8(ascii: "H")])
        try vault.crash()
        try vault.start()
        let events = try vault.events().filter { $0["image"].text == id }
        let begun = try #require(events.first { $0["action"].text == "read.begun" })
        #expect(begun["outcome"].text == "done")
        #expect(begun["bytes"].number == image.count)
        #expect(!events.contains { $0["action"].text == "read.ended" })
    }

    @Test("says how a reading ended, and which one it was")
    func readEnded() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(114)
        _ = try vault.get(vault.store(image))
        let ended = try eventually("the end of the reading") {
            try vault.events().first { $0["action"].text == "read.ended" }
        }
        let begun = try vault.events().first { $0["action"].text == "read.begun" }
        #expect(ended["begun_at"] == begun?["index"])
        #expect(ended["bytes"].number == image.count)
        #expect(ended["outcome"].text == "done")
    }

    @Test("says that a reader went away before the end")
    func readBroken() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(bytes: 15 * Sample.frameBytes, 115))
        do {
            let door = try vault.connect()
            try door.send(Request.bytes("GET", "/v1/images/\(id)"))
            _ = try door.read(100)
        }
        let ended = try eventually("the end of the reading") {
            try vault.events().first { $0["action"].text == "read.ended" }
        }
        #expect(ended["outcome"].text == "failed")
        #expect(ended["code"].text == "download-incomplete")
    }
}
