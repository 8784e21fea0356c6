import Testing
import VaultAPI
import VaultFormat

@Suite("A door", .vault)
struct RouteTests {
    @Test(
        "serves the contract that the code was written to", arguments: ["images", "admin", "audit"])
    func contract(door: String) throws {
        let answer = try sharedVault().ask("GET", "/v1/openapi.yaml", door: door)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/yaml")
        #expect(answer.bytes == Bytes(Contract.openAPI))
    }

    @Test("says that it is alive and ready", arguments: ["images", "admin", "audit"])
    func health(door: String) throws {
        let vault = try sharedVault()
        let health = try vault.ask("GET", "/v1/health", door: door)
        #expect(health.status == 200)
        #expect(health.json["status"].text == "ok")
        let ready = try vault.ask("GET", "/v1/ready", door: door)
        #expect(ready.status == 200)
        #expect(ready.json["status"].text == "ready")
    }

    @Test("answers only what is its own")
    func separation() throws {
        let vault = try sharedVault()
        let own = [
            "images": ["/v1/images"], "admin": ["/v1/status"],
            "audit": ["/v1/events", "/v1/checkpoint"],
        ]
        for (home, targets) in own {
            for target in targets {
                for door in own.keys {
                    let answer = try vault.ask("GET", target, door: door)
                    #expect(answer.status == (door == home ? 200 : 404), "\(target) at \(door)")
                    if door != home { #expect(answer.code == "unknown-route") }
                }
            }
        }
    }

    @Test(
        "knows no path but those of its contract",
        arguments: [
            "/", "/v1", "/v1/", "/v1/images/", "/v1/image", "/v2/images", "/v1//images",
            "/v1/images/x/y", "/v1/openapi.json", "/V1/images", "/v1/health/", "/v1/../v1/health",
            "*", "http://vault/v1/nothing",
        ])
    func unknownPaths(target: String) throws {
        let answer = try sharedVault().ask("GET", target)
        #expect([400, 404].contains(answer.status), "\(target): \(answer.summary)")
        #expect(["unknown-route", "invalid-id"].contains(answer.code), "\(target)")
    }

    @Test(
        "tells which methods a path takes",
        arguments: [
            ("PUT", "/v1/images", "POST, GET, DELETE"),
            ("POST", "/v1/images/x", "GET, HEAD, DELETE"),
            ("PATCH", "/v1/images/x", "GET, HEAD, DELETE"),
            ("POST", "/v1/images/x/metadata", "GET"), ("DELETE", "/v1/health", "GET"),
            ("OPTIONS", "/v1/images", "POST, GET, DELETE"),
            ("TRACE", "/v1/images", "POST, GET, DELETE"), ("POST", "/v1/receipts", "GET"),
        ])
    func methods(method: String, target: String, allowed: String) throws {
        let answer = try sharedVault().ask(method, target)
        #expect(answer.status == 405, "\(answer.summary)")
        #expect(answer.code == "method-not-allowed")
        #expect(answer["Allow"] == allowed)
    }

    @Test(
        "refuses a parameter where none is taken",
        arguments: [
            "/v1/health?x=1", "/v1/ready?x=1", "/v1/version?x", "/v1/whoami?x=1",
            "/v1/openapi.yaml?x=1",
        ])
    func parameters(target: String) throws {
        let answer = try sharedVault().ask("GET", target)
        #expect(answer.status == 400)
        #expect(["unknown-parameter", "bad-request"].contains(answer.code))
    }

    @Test("refuses a parameter of an upload: names do not go into addresses")
    func uploadParameters() throws {
        let answer = try sharedVault().ask(
            "POST", "/v1/images?job=secret", [Request.name("a.jpg")], body: Sample.jpeg())
        #expect(answer.code == "unknown-parameter")
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("secret"))
    }

    @Test("gives every refusal a code of the registry, its status, a number and a remedy")
    func problems() throws {
        let vault = try sharedVault()
        let answers = try [
            vault.get("zz"), vault.get(String(repeating: "0", count: 64)),
            vault.ask("GET", "/v1/nothing"), vault.ask("PUT", "/v1/images"),
            vault.ask("GET", "/v1/images?limit=0"), vault.put(Sample.filler(100, 1)),
            vault.ask("POST", "/v1/images", body: Sample.jpeg()),
            vault.ask("GET", "/v1/events?newest=0", door: "audit"),
        ]
        for answer in answers {
            let json = answer.json
            let code = try #require(json["code"].text.flatMap(ErrorCode.init(rawValue:)))
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(answer["Cache-Control"] == "no-store")
            #expect(answer.status == code.description.status)
            #expect(json["status"].number == answer.status)
            #expect(json["type"].text == "urn:imagevault:error:\(code.rawValue)")
            #expect(json["title"].text == code.description.title)
            #expect(json["fix"].text?.isEmpty == false)
            #expect(json["retryable"].bool == code.description.retryable)
            #expect(json["request_id"].text?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
        }
        #expect(Set(answers.map { $0.json["request_id"] }).count == answers.count)
    }

    @Test("tells a caller who it is")
    func identity() throws {
        let answer = try sharedVault().ask("GET", "/v1/whoami", door: "audit")
        #expect(answer.json["uid"].number == Int(OwnIdentity.uid))
        #expect(answer.json["gid"].number == Int(OwnIdentity.gid))
        #expect(answer.json["pid"].number == Int(OwnIdentity.pid))
        #expect(answer.json["door"].text == "audit")
    }

    @Test("tells an admin the state of everything")
    func status() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(70)
        _ = try vault.store(image)
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        #expect(status["sealed"].bool == false)
        #expect(status["images"]["count"].number == 1)
        #expect(status["images"]["references"].number == 1)
        #expect(status["keys"]["epochs"].list.first?["wraps"].number == 2)
        #expect(status["keys"]["epochs"].list.first?["state"].text == "primary")
        #expect(status["keys"]["slots"].list.count == 1)
        let fingerprint = try #require(status["log"]["key_fingerprint"].text)
        #expect(vault.initWords.contains(fingerprint))
    }
}
