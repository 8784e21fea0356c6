import Testing
import VaultAPI
import VaultFormat
import VaultTestKit

@Suite("The name in Content-Disposition")
struct ContentDispositionTests {
    @Test(
        "is read from every form that RFC 6266 and RFC 8187 allow",
        arguments: [
            ("attachment; filename=\"photo.jpg\"", "photo.jpg"),
            ("attachment; filename=photo.jpg", "photo.jpg"),
            ("ATTACHMENT;FILENAME=\"a b.png\"", "a b.png"),
            ("attachment ; filename = \"a.jpg\" ", "a.jpg"),
            ("attachment; filename=\"a\\\"b\\;c.jpg\"", "a\"b;c.jpg"),
            ("attachment; filename=\"a;b=c.jpg\"", "a;b=c.jpg"),
            ("attachment; filename=\"caf\u{E9}.jpg\"", "caf\u{E9}.jpg"),
            ("attachment; filename*=UTF-8''caf%C3%A9.jpg", "caf\u{E9}.jpg"),
            ("attachment; filename*=utf-8'de'%e2%82%ac.jpg", "\u{20AC}.jpg"),
            ("attachment; filename=\"x.jpg\"; filename*=UTF-8''y.jpg", "y.jpg"),
            ("attachment; filename*=UTF-8''y.jpg; filename=\"x.jpg\"", "y.jpg"),
            ("attachment; filename=\"\u{FFFD}.jpg\"; filename*=UTF-8''y.jpg", "y.jpg"),
            ("attachment; filename*=UTF-8''%EF%BF%BD.jpg", "\u{FFFD}.jpg"),
            ("attachment; filename=\"../../etc/passwd.jpg\"", "passwd.jpg"),
        ])
    func accepted(field: String, name: String) throws {
        #expect(try ContentDisposition.fileName(fields: [field]).text == name)
    }

    @Test(
        "is refused, with the rule, where the field is not one clear name",
        arguments: [
            ("inline; filename=\"a.jpg\"", NameFault.notAttachment),
            ("form-data; filename=\"a.jpg\"", .notAttachment),
            ("attachment; filename=\"a.jpg\"; filename=\"b.jpg\"", .repeatedParameter),
            ("attachment; filename*=UTF-8''a; FileName*=UTF-8''b", .repeatedParameter),
            ("attachment; filename*0=\"a.jpg\"", .unknownParameter),
            ("attachment; filename=\"a.jpg\"; size=3", .unknownParameter),
            ("attachment; filename=\"a.jpg", .syntax),
            ("attachment; filename=\"a.jpg\\", .syntax),
            ("attachment; filename=\"a.jpg\" x", .syntax),
            ("attachment; filename=a b.jpg", .syntax),
            ("attachment; filename=", .syntax),
            ("attachment; filename", .syntax),
            ("attachment;", .syntax),
            ("attachment; filename=\"a.jpg\";", .syntax),
            ("", .syntax),
            ("attachment;\r\n filename=\"a.jpg\"", .controlCharacter),
            ("attachment; filename=\"a\u{0}.jpg\"", .controlCharacter),
            ("attachment; filename*=ISO-8859-1''a.jpg", .charset),
            ("attachment; filename*=UTF-8'a.jpg", .charset),
            ("attachment; filename*=\"UTF-8''a.jpg\"", .charset),
            ("attachment; filename*=UTF-8''a%2.jpg", .percentEncoding),
            ("attachment; filename*=UTF-8''a%zz.jpg", .percentEncoding),
            ("attachment; filename*=UTF-8''caf\u{E9}.jpg", .percentEncoding),
            ("attachment; filename*=UTF-8''a'b.jpg", .percentEncoding),
            ("attachment; filename*=UTF-8''%FF.jpg", .notUTF8),
            ("attachment; filename*=UTF-8''%C0%AE.jpg", .notUTF8),
            ("attachment; filename=\"\u{FFFD}.jpg\"", .notUTF8),
            ("attachment; filename=\"\"", .unusable),
            ("attachment; filename=\"a\tb.jpg\"", .unusable),
            ("attachment; filename=\"..\"", .unusable),
            ("attachment; filename*=UTF-8''a%00.jpg", .unusable),
            ("attachment; filename*=UTF-8''a%E2%80%AEgpj.exe", .unusable),
        ])
    func refused(field: String, fault: NameFault) {
        #expect(throws: RequestError.invalidName(fault)) {
            try ContentDisposition.fileName(fields: [field])
        }
    }

    @Test("is missing without the field and without a parameter")
    func missing() {
        #expect(throws: RequestError.missingName) { try ContentDisposition.fileName(fields: []) }
        #expect(throws: RequestError.missingName) {
            try ContentDisposition.fileName(fields: ["attachment"])
        }
    }

    @Test("is refused when the field is there twice, even if both agree")
    func repeatedField() {
        #expect(throws: RequestError.invalidName(.repeatedHeader)) {
            try ContentDisposition.fileName(
                fields: ["attachment; filename=a.jpg", "attachment; filename=a.jpg"])
        }
    }

    @Test("is written in ASCII and read back as it was, whatever it holds")
    func roundTrip() throws {
        var random = SeededRandom()
        let alphabet = Array(
            "ab.%\"';= _-*\u{E9}\u{20AC}\u{65E5}\u{1F600}\u{FFFD}".unicodeScalars)
        for _ in 0..<2000 {
            let scalars = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                alphabet[Int.random(in: alphabet.indices, using: &random)]
            }
            guard let name = try? FileName(String(String.UnicodeScalarView(scalars))) else {
                continue
            }
            let field = ContentDisposition.field(for: name)
            #expect(field.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(try ContentDisposition.fileName(fields: [field]) == name)
        }
    }

    @Test("needs only the plain form for plain names")
    func plainForm() throws {
        let field = ContentDisposition.field(for: try FileName("photo 1.jpg"))
        #expect(field == "attachment; filename=\"photo 1.jpg\"")
    }

    @Test("never makes the reader trap, whatever the bytes")
    func noTrap() {
        var random = SeededRandom()
        let pieces = [
            "attachment", ";", " ", "filename", "*", "=", "\"", "\\", "UTF-8", "''", "%", "4",
        ]
        for _ in 0..<20_000 {
            let field = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pieces[Int.random(in: pieces.indices, using: &random)]
            }.joined()
            _ = try? ContentDisposition.fileName(fields: [field])
        }
    }
}
