// Parts of an image, and readers that hold it already.

import Crypto
import Foundation
import Testing

@Suite("A part of an image", .vault)
struct RangeTests {
    private let image = Sample.jpeg(bytes: 600_000, 710)

    @Test(
        "is exactly the bytes that were asked for",
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=262143-262144", 262_143..<262_145),
            ("bytes=1-", 1..<600_000), ("bytes=-5", 599_995..<600_000),
            ("bytes=599999-700000", 599_999..<600_000), ("bytes=100-524288", 100..<524_289),
        ])
    func part(field: String, range: Range<Int>) throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let answer = try vault.connect().ask("GET", "/v1/images/\(id)", ["Range: \(field)"])
        #expect(answer.status == 206)
        #expect(answer.bytes == Bytes(Array(image[range])))
        #expect(
            answer["Content-Range"]
                == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(image.count)")
        #expect(answer["Accept-Ranges"] == "bytes")
        let read = try vault.events().contains { event in
            event["action"].text == "read.begun" && event["image"].text == id
                && event["bytes"].number == range.count
                && event["offset"].number == range.lowerBound
        }
        #expect(read)
    }

    @Test(
        "that is no single range is the whole",
        arguments: ["bytes=0-1,3-4", "rows=1-2", "bytes=5-3", "bytes=0-"])
    func whole(field: String) throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let answer = try vault.connect().ask("GET", "/v1/images/\(id)", ["Range: \(field)"])
        #expect(answer.status == 200)
        #expect(answer.bytes == Bytes(image))
    }

    @Test("outside the image is refused with its size")
    func outside() throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let answer = try vault.connect().ask(
            "GET", "/v1/images/\(id)", ["Range: bytes=\(image.count)-"])
        #expect(answer.status == 416)
        #expect(answer.code == "range-not-satisfiable")
        #expect(answer["Content-Range"] == "bytes */\(image.count)")
    }

    @Test("is the whole for a reader that holds another image")
    func ifRange() throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let door = try vault.connect()
        let part = try door.ask(
            "GET", "/v1/images/\(id)", ["Range: bytes=0-9", "If-Range: \"\(id)\""])
        #expect(part.status == 206)
        let all = try door.ask(
            "GET", "/v1/images/\(id)", ["Range: bytes=0-9", "If-Range: \"other\""])
        #expect(all.status == 200)
        #expect(all.bytes == Bytes(image))
    }

    @Test("carries the digest of the whole, and so does the whole")
    func digest() throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let digest =
            "sha-256=:\(Data(SHA256.hash(data: Data(image))).base64EncodedString()):"
        for field in [[], ["Range: bytes=0-9"]] {
            let answer = try vault.connect().ask("GET", "/v1/images/\(id)", field)
            #expect(answer["Repr-Digest"] == digest)
        }
    }

    @Test("and the whole go to nobody who holds the image: 304, no bytes, and an event")
    func unchanged() throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let tag = try #require(
            try vault.connect().ask("HEAD", "/v1/images/\(id)")["ETag"])
        #expect(tag == "\"\(id)\"")
        let door = try vault.connect()
        for method in ["GET", "HEAD"] {
            try door.send(
                Request.bytes(method, "/v1/images/\(id)", ["If-None-Match: W/\(tag)"]))
            let answer = try #require(try door.answer(toHead: true))
            #expect(answer.status == 304)
            #expect(answer["ETag"] == tag)
            #expect(try vault.event("read.unchanged", of: id) != nil)
        }
        #expect(try door.ask("GET", "/v1/images/\(id)", ["If-None-Match: \"x\""]).status == 200)
    }

    @Test("is unknown to a reader whose claim does not fit, whatever it holds")
    func unchangedNeedsClaim() throws {
        let vault = try sharedVault()
        let id = try vault.store(image)
        let answer = try vault.connect().ask(
            "GET", "/v1/images/\(id)", ["If-None-Match: \"\(id)\"", "Vault-Job: none-such"])
        #expect(answer.status == 404)
    }
}
