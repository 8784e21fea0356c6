import Testing

@Suite("A connection", .vault)
struct ConnectionTests {
    @Test("takes many requests, one after the other")
    func keepAlive() throws {
        let vault = try sharedVault()
        let door = try vault.connect()
        for number in 80..<90 {
            let image = Sample.jpeg(number)
            let stored = try door.ask(
                "POST", "/v1/images", [Request.name("a.jpg")], body: image)
            #expect(stored.status == 201)
            let id = try #require(stored.json["id"].text)
            #expect(try door.ask("GET", "/v1/images/\(id)").bytes == Bytes(image))
        }
    }

    @Test("takes requests before their turn, and answers them in theirs")
    func pipelining() throws {
        let vault = try sharedVault()
        let images = [Sample.jpeg(bytes: 2 * Sample.frameBytes, 91), Sample.jpeg(92)]
        let ids = try images.map { try vault.store($0) }
        let third = Sample.jpeg(93)
        let door = try vault.connect()
        try door.send(
            Request.bytes("GET", "/v1/images/\(ids[0])")
                + Request.bytes("POST", "/v1/images", [Request.name("a.jpg")], body: third)
                + Request.bytes("GET", "/v1/images/zz")
                + Request.bytes("GET", "/v1/images/\(ids[1])"))
        #expect(try door.answer()?.bytes == Bytes(images[0]))
        #expect(try door.answer()?.status == 201)
        #expect(try door.answer()?.code == "invalid-id")
        #expect(try door.answer()?.bytes == Bytes(images[1]))
    }

    @Test("goes on after a refusal that left nothing unread")
    func afterRefusal() throws {
        let door = try sharedVault().connect()
        for _ in 0..<3 {
            #expect(try door.ask("GET", "/v1/nothing").status == 404)
            #expect(try door.ask("GET", "/v1/health").status == 200)
        }
    }

    @Test("goes on after an image was refused, for its body was read")
    func afterRefusedImage() throws {
        let door = try sharedVault().connect()
        let refused = try door.ask(
            "POST", "/v1/images", [Request.name("a.jpg")], body: Sample.filler(9000, 4))
        #expect(refused.code == "image-refused")
        if refused["Connection"] == "close" {
            #expect(try door.readToEnd().isEmpty)
        } else {
            #expect(try door.ask("GET", "/v1/health").status == 200)
        }
    }

    @Test("whose request's body was not read never takes that body for a request")
    func unreadBody() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(94))
        // A body that is a request itself: if it were obeyed, the image would be gone.
        let smuggled = Request.bytes("DELETE", "/v1/images/\(id)")
        for target in ["/v1/nothing", "/v1/images?x=1", "/v1/images"] {
            let door = try vault.connect()
            try door.send(Request.bytes("POST", target, body: smuggled))
            #expect(try door.answer()?.status ?? 0 >= 400)
            let rest = String(decoding: try door.readToEnd(), as: UTF8.self)
            #expect(!rest.contains("200"), "\(target): \(rest)")
        }
        #expect(try vault.get(id).status == 200)
    }

    @Test("whose GET has a body never takes that body for a request")
    func bodyOfGet() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(95))
        let door = try vault.connect()
        try door.send(
            Request.bytes(
                "GET", "/v1/images/\(id)", body: Request.bytes("DELETE", "/v1/images/\(id)")))
        _ = try door.answer()
        door.finishSending()
        _ = try door.readToEnd()
        #expect(try vault.get(id).status == 200)
    }

    @Test("that both tells a length and is chunked is refused")
    func twoLengths() throws {
        let vault = try sharedVault()
        let door = try vault.connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images",
                [Request.name("a.jpg"), "Content-Length: 5", "Transfer-Encoding: chunked"]))
        try door.send("0\r\n\r\nGET /v1/health HTTP/1.1\r\nHost: v\r\n\r\n")
        let first = try door.answer()
        #expect(first.map { $0.status >= 400 } ?? true)
    }

    @Test("that tells two lengths is refused")
    func unequalLengths() throws {
        let door = try sharedVault().connect()
        try door.send(
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
                + Request.name("a.jpg") + "\r\n\r\nabcdef")
        let answer = try door.answer()
        #expect(answer.map { $0.status >= 400 } ?? true)
    }

    @Test("ends when its client asks for it")
    func close() throws {
        let door = try sharedVault().connect()
        #expect(try door.ask("GET", "/v1/health", ["Connection: close"]).status == 200)
        #expect(try door.readToEnd().isEmpty)
    }
}
