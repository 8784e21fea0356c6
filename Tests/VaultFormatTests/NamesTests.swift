// Names that callers give: what is kept, what is refused, and what is shown.

import Testing
import VaultFormat
import VaultTestKit

@Suite("Names")
struct NamesTests {
    @Test(
        "a namespace is 1 to 32 of a-z 0-9 -",
        arguments: [
            "", "A", "a_b", "a b", "é", "a\u{301}", "\u{663}", String(repeating: "a", count: 33),
        ])
    func namespaceRefused(text: String) {
        #expect(throws: FormatError.invalidText(field: "namespace")) { try NamespaceName(text) }
    }

    @Test("a namespace keeps its text and its order of bytes")
    func namespaceKept() throws {
        let longest = String(repeating: "z", count: 32)
        #expect(try NamespaceName(longest).description == longest)
        #expect(try NamespaceName("a-1") < NamespaceName("a0"))
        #expect(NamespaceName.standard.description == "default")
    }

    @Test(
        "jobs and owners are 1 to 64 of A-Z a-z 0-9 _ -",
        arguments: [
            "", "a.b", "a/b", "a b", "a\n", "é", "\u{FF21}", String(repeating: "a", count: 65),
        ])
    func labelRefused(text: String) {
        #expect(throws: FormatError.invalidText(field: "job")) { try JobID(text) }
        #expect(throws: FormatError.invalidText(field: "owner")) { try OwnerID(text) }
    }

    @Test("an epoch is never zero")
    func epochZero() {
        #expect(throws: FormatError.outOfRange(field: "epoch")) { try EpochNumber(0) }
    }

    @Test(
        "a file name is kept as sent, without what stands before its last separator",
        arguments: [
            ("photo.jpg", "photo.jpg"), ("/tmp/photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"), ("a/b/c", "c"), ("übung 名前.png", "übung 名前.png"),
            ("e\u{301}.jpg", "e\u{301}.jpg"), ("  .jpg ", "  .jpg "), ("...", "..."),
            ("\u{1F469}\u{200D}\u{1F52C}.jpg", "\u{1F469}\u{200D}\u{1F52C}.jpg"),
        ])
    func fileNameKept(sent: String, kept: String) throws {
        #expect(Array(try FileName(sent).text.utf8) == Array(kept.utf8))
    }

    @Test(
        "a file name that is no name is refused",
        arguments: [
            "", ".", "..", "a/", "a\\", "a\\b.jpg", "a/..", "a\0b", "a\nb", "a\u{7F}b", "a\u{85}b",
            "a\u{202E}gpj.b", "a\u{2066}b", "a\u{200F}b", "a\u{61C}b", "a\u{2028}b", "\u{FEFF}a",
            "a\u{FFFF}", "bad\u{1}/good.jpg", String(repeating: "a", count: 256),
            String(repeating: "é", count: 128),
        ])
    func fileNameRefused(sent: String) {
        #expect(throws: FormatError.invalidText(field: "name")) { try FileName(sent) }
    }

    @Test("a file name of 255 bytes is kept, however long the path before it")
    func fileNameLongest() throws {
        let name = String(repeating: "a", count: 255)
        #expect(try FileName(String(repeating: "b/", count: 300) + name).text == name)
    }

    @Test(
        "a safe name has the type's extension and nothing that a shell or file system minds",
        arguments: [
            ("photo.JPG", "photo.jpg"), ("photo", "photo.jpg"), (".jpg", "image.jpg"),
            ("-rf.png", "rf.jpg"), ("..hidden", "image.jpg"), ("a b  c.png", "a_b_c.jpg"),
            ("a$(x);`y`.png", "a_x_y_.jpg"), ("\u{661}\u{662}.png", "image.jpg"),
            ("x\u{661}\u{FF11}.png", "x_.jpg"), ("名前.png", "image.jpg"), ("a.php.jpg", "a.php.jpg"),
            ("a..", "a..jpg"), ("__a.jpg", "a.jpg"), ("%2e%2e.jpg", "2e_2e.jpg"),
        ])
    func safeName(sent: String, safe: String) throws {
        #expect(try FileName(sent).safeName(fileExtension: "jpg") == safe)
    }

    @Test("a safe name has at most 100 bytes and only safe ones, whatever was sent")
    func safeNameBounds() throws {
        var random = SeededRandom()
        for _ in 0..<500 {
            let sent = random.text(of: "aZ09._- é名\u{661}$'\"&\u{1F600}", 1...60)
            guard let name = try? FileName(sent) else { continue }
            let safe = Array(name.safeName(fileExtension: "jpeg").utf8)
            let alphanumeric = Array(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
            #expect(safe.count <= 100)
            #expect(alphanumeric.contains(safe[0]))
            #expect(safe.allSatisfy { (alphanumeric + Array("._-".utf8)).contains($0) })
            #expect(safe.suffix(5) == Array(".jpeg".utf8)[...])
        }
        let long = try FileName(String(repeating: "a", count: 255))
        #expect(long.safeName(fileExtension: "jpg").utf8.count == 100)
    }
}
