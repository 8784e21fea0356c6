import Testing

@Suite("The byte limit", .vault("validation:\n  level: structure\n  max_bytes: 100000\n"))
struct LimitTests {
    private static let limit = 100_000

    @Test("takes an upload of exactly that many bytes", arguments: [false, true])
    func exact(chunked: Bool) throws {
        let image = Sample.jpeg(bytes: Self.limit, chunked ? 1 : 2)
        let answer = try upload(image, chunked: chunked)
        #expect(answer.status == 201, "\(answer.summary)")
    }

    @Test("refuses one byte more", arguments: [false, true])
    func oneMore(chunked: Bool) throws {
        let answer = try upload(Sample.jpeg(bytes: Self.limit + 1), chunked: chunked)
        #expect(answer.status == 413)
        #expect(answer.code == "body-too-large")
    }

    @Test("acts on what Content-Length says, before a byte of the body")
    func early() throws {
        let door = try sharedVault().connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images",
                [Request.name("a.jpg"), "Content-Length: \(Self.limit + 1)"]))
        #expect(try door.answer()?.code == "body-too-large")
    }

    @Test("acts while a chunked upload is still coming")
    func streaming() throws {
        let door = try sharedVault().connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images", [Request.name("a.jpg"), "Transfer-Encoding: chunked"]))
        let chunk = Sample.filler(0x4000, 3)
        for _ in 0..<7 { try door.send(Array("4000\r\n".utf8) + chunk + Array("\r\n".utf8)) }
        // The last chunk is never sent, and yet there is an answer.
        #expect(try door.answer()?.code == "body-too-large")
    }

    @Test("is told to a sender who goes on sending, before the connection ends")
    func stillSending() throws {
        let vault = try sharedVault()
        let answer = try vault.put([UInt8](repeating: 7, count: 4 << 20))
        #expect(answer.code == "body-too-large")
        #expect(answer["Connection"] == "close")
    }

    @Test("is also the limit of a length that no number can hold")
    func absurd() throws {
        for length in ["9223372036854775807", "18446744073709551616", "99999999999999999999999"] {
            let door = try sharedVault().connect()
            try door.send(
                Request.bytes(
                    "POST", "/v1/images", [Request.name("a.jpg"), "Content-Length: \(length)"]))
            let status = try door.answer()?.status ?? 400
            #expect([400, 413].contains(status), "\(length)")
        }
        #expect(try sharedVault().ask("GET", "/v1/health").status == 200)
    }

    private func upload(_ image: [UInt8], chunked: Bool) throws -> Answer {
        guard chunked else { return try sharedVault().put(image) }
        let door = try sharedVault().connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images", [Request.name("a.jpg"), "Transfer-Encoding: chunked"]))
        try door.send(
            Array("\(String(image.count, radix: 16))\r\n".utf8) + image
                + Array("\r\n0\r\n\r\n".utf8))
        return try #require(try door.answer())
    }
}
