import Crypto
import Foundation
import Testing

@Suite("An upload", .vault)
struct UploadTests {
    @Test("of a JPEG comes back byte for byte")
    func jpeg() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(bytes: 50_000, 10)
        let answer = try vault.get(vault.store(image))
        #expect(answer.status == 200)
        #expect(answer.bytes == Bytes(image))
        #expect(answer["Content-Type"] == "image/jpeg")
    }

    @Test("of a PNG comes back byte for byte")
    func png() throws {
        let vault = try sharedVault()
        let image = Sample.png(11)
        let answer = try vault.get(vault.store(image, name: "p.png"))
        #expect(answer.bytes == Bytes(image))
        #expect(answer["Content-Type"] == "image/png")
    }

    @Test(
        "of any number of frames comes back byte for byte",
        arguments: [-1, 0, 1, Sample.frameBytes, Sample.frameBytes + 1, 5 * Sample.frameBytes])
    func frames(beyond: Int) throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(bytes: Sample.frameBytes + beyond, 12)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
    }

    @Test("needs no header but Host, the length and the name")
    func headers() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(13)
        let door = try vault.connect()
        try door.send(
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nContent-Length: \(image.count)\r\n"
                + "Content-Disposition: attachment; filename=\"a.jpg\"\r\n\r\n")
        try door.send(image)
        #expect(try door.answer()?.status == 201)
    }

    @Test("is answered with what it is and what was stored")
    func answer() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(14)
        let answer = try vault.put(
            image, name: "holiday 1.jpeg", ["Vault-Job: job_42", "Vault-Owner: user-8421"])
        #expect(answer.status == 201)
        let json = answer.json
        let digest = SHA256.hash(data: image).map { String(format: "%02x", $0) }.joined()
        for side in ["received", "stored"] {
            #expect(json[side]["bytes"].number == image.count)
            #expect(json[side]["sha256"].text == digest)
        }
        #expect(json["id"].text?.wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(json["id"].text != digest)
        #expect(json["type"].text == "image/jpeg")
        #expect(json["width"].number == 40)
        #expect(json["height"].number == 24)
        #expect(json["transformed"] == .list([]))
        #expect(json["safe_name"].text == "holiday_1.jpg")
        #expect(json["name"].text == "holiday 1.jpeg")
        #expect(json["job"].text == "job_42")
        #expect(json["owner"].text == "user-8421")
        #expect(json["created"].text?.hasSuffix("Z") == true)
        #expect(json["verdict"]["level"].text == "structure")
        #expect(json["verdict"]["findings"] == .list([]))
    }

    @Test("without a claim says so with nulls")
    func unclaimed() throws {
        let json = try sharedVault().put(Sample.jpeg(15)).json
        #expect(json.members.isSuperset(of: ["job", "owner"]))
        #expect(json["job"] == .null)
        #expect(json["owner"] == .null)
    }

    @Test("may be chunked, in chunks of any size")
    func chunked() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(bytes: 30_000, 16)
        let door = try vault.connect()
        try door.send(
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n"
                + Request.name("a.jpg") + "\r\n\r\n")
        var rest = image[...]
        for size in [1, 2, 15, 4096, 20_000, 30_000] {
            let chunk = rest.prefix(size)
            rest = rest.dropFirst(size)
            try door.send(
                Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8))
        }
        try door.send("0\r\n\r\n")
        let answer = try #require(try door.answer())
        #expect(answer.status == 201, "\(answer.summary)")
        #expect(try vault.get(#require(answer.json["id"].text)).bytes == Bytes(image))
    }

    @Test("that is sent again has the same id and the same form of answer")
    func again() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(17)
        let first = try vault.put(image, name: "first.jpg").json
        let second = try vault.put(image, name: "second.jpg").json
        #expect(first["id"] == second["id"])
        #expect(first.members == second.members)
        #expect(second["name"].text == "second.jpg")
        #expect(try vault.get(#require(first["id"].text)).bytes == Bytes(image))
    }

    @Test("that expects it is told to continue before the body is sent")
    func expecting() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(18)
        let door = try vault.connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images",
                [
                    Request.name("a.jpg"), "Expect: 100-continue",
                    "Content-Length: \(image.count)",
                ]))
        #expect(try door.answer()?.status == 100)
        try door.send(image)
        #expect(try door.answer()?.status == 201)
    }

    @Test("that expects it is refused without being told to continue")
    func expectingTooMuch() throws {
        let door = try sharedVault().connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images", ["Expect: 100-continue", "Content-Length: 1000"]))
        let answer = try #require(try door.answer())
        #expect(answer.status == 400)
        #expect(answer.code == "missing-name")
    }

    @Test("of no bytes is refused", arguments: ["Content-Length: 0", "Transfer-Encoding: chunked"])
    func empty(field: String) throws {
        let door = try sharedVault().connect()
        try door.send(Request.bytes("POST", "/v1/images", [Request.name("a.jpg"), field]))
        if field.hasPrefix("Transfer") { try door.send("0\r\n\r\n") }
        let answer = try #require(try door.answer())
        #expect(answer.status == 400)
        #expect(answer.code == "empty-body")
    }

    @Test("that is no image is refused with its finding")
    func noImage() throws {
        let answer = try sharedVault().put(Sample.filler(5000, 1))
        #expect(answer.status == 422)
        #expect(answer.code == "image-refused")
        #expect(answer.json["finding"]["code"].text == "signature-unknown")
    }

    @Test("of the wrong declared type or extension is refused")
    func mismatch() throws {
        let vault = try sharedVault()
        let declared = try vault.put(Sample.jpeg(19), ["Content-Type: image/png"])
        #expect(declared.json["finding"]["code"].text == "declared-type-mismatch")
        let twice = try vault.put(
            Sample.jpeg(19), ["Content-Type: image/jpeg", "Content-Type: image/jpeg"])
        #expect(twice.json["finding"]["code"].text == "declared-type-mismatch")
        let named = try vault.put(Sample.jpeg(19), name: "a.png")
        #expect(named.json["finding"]["code"].text == "extension-mismatch")
    }

    @Test("with data behind the image is refused with its place")
    func trailer() throws {
        let image = Sample.jpeg(20)
        let answer = try sharedVault().put(image + Sample.filler(100, 2))
        #expect(answer.json["finding"]["code"].text == "trailer-data")
        #expect(answer.json["finding"]["offset"].number == image.count)
    }

    @Test("that a test cannot tell from another vault's has another id there")
    func otherVault() throws {
        let other = try TestVault()
        #expect(try other.store(Sample.jpeg(21)) != sharedVault().store(Sample.jpeg(21)))
    }
}
