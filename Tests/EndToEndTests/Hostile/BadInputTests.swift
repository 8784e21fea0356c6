// Clients that lie, break off, dawdle or send what is no HTTP: each ends alone.

import Foundation
import Testing

@Suite("Against bad input", .vault)
struct BadInputTests {
    @Test("an upload that breaks off is logged, and stores nothing")
    func truncated() throws {
        let vault = try TestVault()
        do {
            let door = try vault.connect()
            let request = Request.bytes(
                "POST", "/v1/images", [Request.name("a.jpg")], body: Sample.jpeg(bytes: 9000))
            try door.send(Array(request.dropLast(1)))
        }
        try eventually("the event") {
            try vault.events().contains {
                $0["action"].text == "image.put" && $0["code"].text == "upload-incomplete"
            }
        }
        #expect(vault.blobs.isEmpty)
        #expect(try vault.ask("GET", "/v1/images").json["images"] == .list([]))
    }

    @Test("an upload whose sender stops sending half-way, but listens, is not stored")
    func halfClosed() throws {
        let vault = try TestVault()
        let door = try vault.connect()
        let request = Request.bytes(
            "POST", "/v1/images", [Request.name("a.jpg")], body: Sample.jpeg(bytes: 9000))
        try door.send(Array(request.dropLast(1)))
        door.finishSending()
        if let answer = try door.answer() {
            #expect(answer.status == 400)
        }
        #expect(try door.readToEnd().isEmpty)
        #expect(vault.blobs.isEmpty)
    }

    @Test("a client that says its last and then reads slowly gets all that was promised")
    func halfClosedSlowly() throws {
        let connection = try sharedVault().connect()
        // More than a socket's buffer takes.
        for _ in 0..<4 { try connection.send(Request.bytes("GET", "/v1/openapi.yaml")) }
        connection.finishSending()
        usleep(300_000)
        for _ in 0..<4 {
            let answer = try connection.answer()
            #expect(answer?.status == 200 && answer?.isComplete == true)
        }
    }

    @Test("a whole request whose sender stops sending afterwards is answered")
    func halfClosedAfterwards() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(300)
        let id = try vault.store(image)
        let door = try vault.connect()
        try door.send(Request.bytes("GET", "/v1/images/\(id)"))
        door.finishSending()
        #expect(try door.answer()?.bytes == Bytes(image))
    }

    @Test("a length that is too short stores no image, and its rest is no request")
    func shortLength() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 9000)
        let door = try vault.connect()
        try door.send(
            Request.bytes(
                "POST", "/v1/images",
                [Request.name("a.jpg"), "Content-Length: \(image.count - 100)"]))
        try door.send(image)
        #expect(try door.answer()?.code == "image-refused")
        // What follows the told length is read as the next request, and is none.
        let rest = try door.readToEnd()
        #expect(rest.isEmpty || String(decoding: rest, as: UTF8.self).hasPrefix("HTTP/1.1 400"))
        #expect(vault.blobs.isEmpty)
    }

    @Test(
        "what is no HTTP ends its own connection and no other",
        arguments: [
            "\r\n\r\n\r\n", "garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /v1/health HTTP/1.1\r\nHost: v\r\nBad Header: x\r\n\r\n",
            "GET /v1/health HTTP/1.1\r\nHost: v\r\nX: a\r\n b\r\n\r\n",
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nContent-Length: -1\r\n\r\n",
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: gzip\r\n\r\n",
            "POST /v1/images HTTP/1.1\r\nHost: v\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ])
    func noHTTP(bytes: String) throws {
        let vault = try sharedVault()
        let door = try vault.connect()
        try door.send(bytes)
        door.finishSending()
        let words = String(decoding: try door.readToEnd(), as: UTF8.self)
        #expect(words.isEmpty || words.hasPrefix("HTTP/1.1"), "\(words)")
        #expect(!words.hasPrefix("HTTP/1.1 5"), "\(words)")
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("what is no HTTP gets a problem document, an event and the end of its connection")
    func malformed() throws {
        let vault = try TestVault()
        let door = try vault.connect()
        #expect(try door.ask("GET", "/v1/health").status == 200)
        try door.send("GET /v1/health HTTP/1.1\r\nHost: v\r\nContent-Length: ~\r\n\r\n")
        let answer = try #require(try door.answer())
        #expect(answer.status == 400)
        #expect(answer.code == "bad-request")
        #expect(answer["Connection"] == "close")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(try door.readToEnd().isEmpty)
        let event = try #require(try vault.events().last { $0["action"].text == "request.refused" })
        #expect(event["code"].text == "bad-request")
        #expect(event["request_id"].text == answer.json["request_id"].text)
    }

    @Test("random bytes end their own connection and no other")
    func randomBytes() throws {
        let vault = try sharedVault()
        for number in 0..<50 {
            let door = try vault.connect()
            let noise = Sample.filler(500, number).map { $0 &* 37 &+ UInt8(number) }
            try? door.send(noise)
            door.finishSending()
            _ = try door.readToEnd()
        }
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("a head that is too large is refused, whether in one field or in many")
    func hugeHead() throws {
        let vault = try sharedVault()
        let heads = [
            "X-Long: " + String(repeating: "x", count: 100_000),
            (0..<200).map { "X-\($0): y" }.joined(separator: "\r\n"),
            (0..<60).map { "X-\($0): \(String(repeating: "y", count: 1000))" }.joined(
                separator: "\r\n"),
        ]
        for head in heads {
            let door = try vault.connect()
            try? door.send(Request.bytes("GET", "/v1/health", [head]))
            let answer = try door.answer()
            #expect(answer.map { (400..<500).contains($0.status) } ?? true)
        }
        let door = try vault.connect()
        try? door.send("GET /" + String(repeating: "u", count: 200_000))
        door.finishSending()
        let words = String(decoding: try door.readToEnd(), as: UTF8.self)
        #expect(!words.hasPrefix("HTTP/1.1 200"))
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("300 connections that say nothing keep nobody else out")
    func idleConnections() throws {
        let vault = try TestVault()
        let idle = try (0..<300).map { _ in try vault.connect() }
        let halfway = try (0..<50).map { _ in
            let door = try vault.connect()
            try door.send("POST /v1/images HTTP/1.1\r\nHost: v\r\nConte")
            return door
        }
        let image = Sample.jpeg(301)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
        try eventually("the count of connections") {
            let status = try vault.ask("GET", "/v1/status", door: "admin").json
            return status["connections"].number ?? 0 > idle.count + halfway.count
        }
    }

    @Test("connections that their clients close are let go, wherever they stood")
    func letGo() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(bytes: 15 * Sample.frameBytes, 306))
        let upload = Request.bytes(
            "POST", "/v1/images", [Request.name("a.jpg")], body: Sample.jpeg(bytes: 60_000))
        let beginnings = [
            [], Array("POST /v1/im".utf8), Array(upload.prefix(30_000)),
            Request.bytes("GET", "/v1/images/\(id)"), Request.bytes("GET", "/v1/health"),
        ]
        for number in 0..<50 {
            let door = try vault.connect()
            try door.send(beginnings[number % beginnings.count])
        }
        try eventually("the end of every connection but the asking one") {
            try vault.ask("GET", "/v1/status", door: "admin").json["connections"].number == 1
        }
    }

    @Test("uploads that have stopped half-way keep nobody else out")
    func stalledUploads() throws {
        let vault = try TestVault()
        let request = Request.bytes(
            "POST", "/v1/images", [Request.name("a.jpg")], body: Sample.jpeg(bytes: 60_000))
        let stalled = try (0..<40).map { _ in
            let door = try vault.connect()
            try door.send(Array(request.prefix(30_000)))
            return door
        }
        let image = Sample.jpeg(302)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
        _ = stalled.count
    }

    @Test("a slow sender is served at its own pace, a piece at a time")
    func slowSender() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(303)
        let door = try vault.connect()
        let request = Request.bytes("POST", "/v1/images", [Request.name("a.jpg")], body: image)
        for start in stride(from: 0, to: request.count, by: 61) {
            try door.send(Array(request[start..<min(start + 61, request.count)]))
            usleep(2000)
        }
        #expect(try door.answer()?.status == 201)
    }

    @Test("a reader that does not read keeps nobody else out")
    func slowReader() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(bytes: 15 * Sample.frameBytes, 304))
        let readers = try (0..<40).map { _ in
            let door = try vault.connect()
            try door.send(Request.bytes("GET", "/v1/images/\(id)"))
            return door
        }
        let image = Sample.jpeg(305)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
        #expect(try readers[0].answer()?.isComplete == true)
    }

    @Test("a client that sends many requests and reads no answer keeps nobody else out")
    func deafClient() throws {
        let vault = try TestVault()
        let door = try vault.connect()
        try door.send((0..<2000).flatMap { _ in Request.bytes("GET", "/v1/health") })
        #expect(try vault.ask("GET", "/v1/health").status == 200)
        for _ in 0..<2000 { #expect(try door.answer()?.status == 200) }
    }
}
