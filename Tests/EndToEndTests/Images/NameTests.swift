import Foundation
import Testing

@Suite("The name of an upload", .vault)
struct NameTests {
    @Test(
        "is taken from every form of Content-Disposition",
        arguments: [
            ("attachment; filename=\"plain.jpg\"", "plain.jpg"),
            ("attachment; filename=token.jpg", "token.jpg"),
            ("ATTACHMENT;FileName=\"case.jpg\"", "case.jpg"),
            ("attachment; filename=\"raw é.jpg\"", "raw é.jpg"),
            ("attachment; filename=\"quote \\\" inside.jpg\"", "quote \" inside.jpg"),
            ("attachment; filename*=UTF-8''caf%C3%A9.jpg", "café.jpg"),
            ("attachment; filename*=utf-8'de'%E6%97%A5.jpg", "日.jpg"),
            ("attachment; filename=\"old.jpg\"; filename*=UTF-8''n%C3%A9w.jpg", "néw.jpg"),
            ("attachment; filename*=UTF-8''n%C3%A9w.jpg; filename=\"old.jpg\"", "néw.jpg"),
            ("attachment; filename=\"C:/dir/last.jpg\"", "last.jpg"),
        ])
    func forms(field: String, name: String) throws {
        let vault = try sharedVault()
        let answer = try vault.ask(
            "POST", "/v1/images", ["Content-Disposition: \(field)"],
            body: Sample.jpeg(10_000 + field.utf8.reduce(0) { $0 + Int($1) }))
        #expect(answer.status == 201, "\(answer.summary)")
        #expect(answer.json["name"].text == name)
    }

    @Test(
        "is refused where it cannot be kept",
        arguments: [
            "inline; filename=\"a.jpg\"", "attachment; filename=\"a.jpg\"; filename=\"b.jpg\"",
            "attachment; filename=\"unfinished.jpg", "attachment; filename=\"\"",
            "attachment; filename=\"..\"", "attachment; filename=\"rtl\u{202E}gpj.jpg\"",
            "attachment; filename*=ISO-8859-1''a.jpg", "attachment; filename*=UTF-8''%C3.jpg",
            "attachment; filename*=UTF-8''%0D%0A.jpg", "attachment; filename*=UTF-8''%zz.jpg",
            "attachment; name=\"a\"; filename=\"a.jpg\"",
            "attachment; filename=\"\(String(repeating: "n", count: 252)).jpg\"",
        ])
    func unusable(field: String) throws {
        let answer = try sharedVault().ask(
            "POST", "/v1/images", ["Content-Disposition: \(field)"], body: Sample.jpeg())
        #expect(answer.status == 400)
        #expect(answer.code == "invalid-name")
    }

    @Test("must be there", arguments: [[], ["Content-Disposition: attachment"]])
    func missing(fields: [String]) throws {
        let answer = try sharedVault().ask("POST", "/v1/images", fields, body: Sample.jpeg())
        #expect(answer.status == 400)
        #expect(answer.code == "missing-name")
    }

    @Test("must be there once")
    func repeated() throws {
        let fields = [Request.name("a.jpg"), Request.name("a.jpg")]
        let answer = try sharedVault().ask("POST", "/v1/images", fields, body: Sample.jpeg())
        #expect(answer.code == "invalid-name")
    }

    @Test("in bytes that are no UTF-8 is refused")
    func noText() throws {
        let door = try sharedVault().connect()
        let image = Sample.jpeg()
        try door.send("POST /v1/images HTTP/1.1\r\nHost: v\r\nContent-Length: \(image.count)\r\n")
        try door.send(Array("Content-Disposition: attachment; filename=\"".utf8) + [0xE9])
        try door.send(Array(".jpg\"\r\n\r\n".utf8) + image)
        #expect(try door.answer()?.code == "invalid-name")
    }

    @Test(
        "comes back in Content-Disposition, plain and extended",
        arguments: [
            ("attachment; filename=\"plain.jpg\"", "attachment; filename=\"plain.jpg\""),
            (
                "attachment; filename*=UTF-8''caf%C3%A9.jpg",
                "attachment; filename=\"caf_.jpg\"; filename*=UTF-8''caf%C3%A9.jpg"
            ),
        ])
    func back(field: String, expected: String) throws {
        let vault = try sharedVault()
        let stored = try vault.ask(
            "POST", "/v1/images", ["Content-Disposition: \(field)"],
            body: Sample.jpeg(700 + field.count))
        let answer = try vault.get(#require(stored.json["id"].text))
        #expect(answer["Content-Disposition"] == expected)
    }

    @Test(
        "is not all that is checked: jobs and owners have their letters",
        arguments: [
            ("Vault-Job", "invalid-job", "a b"), ("Vault-Job", "invalid-job", "ä"),
            ("Vault-Job", "invalid-job", String(repeating: "j", count: 65)),
            ("Vault-Owner", "invalid-owner", "../x"), ("Vault-Owner", "invalid-owner", ""),
            ("Vault-Owner", "invalid-owner", String(repeating: "o", count: 65)),
        ])
    func labels(field: String, code: String, value: String) throws {
        let answer = try sharedVault().put(Sample.jpeg(), ["\(field): \(value)"])
        #expect(answer.status == 400)
        #expect(answer.code == code)
    }

    @Test("goes with a job and an owner of up to 64 letters")
    func longLabels() throws {
        let label = String(repeating: "Az09_-Zz", count: 8)
        let answer = try sharedVault().put(
            Sample.jpeg(800), ["Vault-Job: \(label)", "Vault-Owner: \(label)"])
        #expect(answer.json["job"].text == label)
        #expect(answer.json["owner"].text == label)
    }

    @Test("goes with one job and one owner")
    func repeatedLabels() throws {
        let vault = try sharedVault()
        let jobs = try vault.put(Sample.jpeg(), ["Vault-Job: a", "Vault-Job: b"])
        #expect(jobs.code == "invalid-job")
        let owners = try vault.put(Sample.jpeg(), ["Vault-Owner: a", "Vault-Owner: b"])
        #expect(owners.code == "invalid-owner")
    }
}
