// The rules of step 0 and 1: what the caller says, and whether the bytes agree.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

struct UploadNameTests {
    static let refused: [(String, FindingCode)] = [
        ("", .nameEmpty), ("photos/", .nameEmpty),
        (String(repeating: "a", count: 252) + ".jpg", .nameTooLong),
        (String(repeating: "é", count: 126) + ".jpg", .nameTooLong),
        ("a\u{0}.jpg", .nameControl), ("a\n.jpg", .nameControl), ("a\u{7F}.jpg", .nameControl),
        ("a\u{85}.jpg", .nameControl), ("a\u{2028}.jpg", .nameControl),
        ("a\u{202E}gpj.exe", .nameBidi), ("a\u{2066}.jpg", .nameBidi), ("a\u{200F}.jpg", .nameBidi),
        ("C:\\photo.jpg", .nameBackslash),
        ("photo", .extensionNotAllowed), ("photo.", .extensionNotAllowed),
        ("photo.jpg.", .extensionNotAllowed), ("photo.jpg ", .extensionNotAllowed),
        (".jpg", .extensionNotAllowed), ("a.gif", .extensionNotAllowed),
        ("a.jpg.exe", .extensionNotAllowed), ("photo.jpg::$DATA", .extensionNotAllowed),
    ]

    @Test(arguments: refused)
    func `a name that breaks a rule is refused by its code`(_ name: String, _ code: FindingCode) {
        #expect(Self.refusal(of: name) == code)
    }

    static let kept: [(String, String, ImageType)] = [
        ("photo.jpg", "photo.jpg", ImageType.jpeg), ("PHOTO.JPEG", "PHOTO.JPEG", .jpeg),
        ("a.b.Png", "a.b.Png", .png), ("../../etc/x.jpg", "x.jpg", .jpeg),
        ("写真 1.jpg", "写真 1.jpg", .jpeg), ("a.php.jpg", "a.php.jpg", .jpeg),
        (
            String(repeating: "a", count: 251) + ".jpg",
            String(repeating: "a", count: 251) + ".jpg",
            .jpeg
        ),
    ]

    @Test(arguments: kept)
    func `the last component is the name and its last extension the type`(
        _ given: String, _ text: String, _ type: ImageType
    ) throws {
        let name = try UploadName(given)
        #expect(name.text == text)
        #expect(name.type == type)
    }

    static let declarations: [(String?, DeclaredType)] = [
        (nil, DeclaredType.undeclared), ("", .undeclared),
        ("application/octet-stream", .undeclared),
        ("image/jpeg", .image(.jpeg)), ("IMAGE/JPG; q=1", .image(.jpeg)),
        ("image/png", .image(.png)), ("text/html", .other), ("image/gif", .other),
        (String(repeating: "x", count: 300), .other),
    ]

    @Test(arguments: declarations)
    func `a declared type is read without its parameters`(
        _ header: String?, _ type: DeclaredType
    ) {
        #expect(DeclaredType(mediaType: header) == type)
    }

    @Test func `name, declared type and bytes must agree`() throws {
        let bytes = TestJPEG.gray.bytes
        let jpeg = try UploadName("a.jpg")
        let png = try UploadName("a.png")
        #expect(code(bytes, jpeg, .image(.jpeg)) == nil)
        #expect(code(bytes, nil, .undeclared) == nil)
        #expect(code(bytes, png, .undeclared) == .extensionMismatch)
        #expect(code(bytes, jpeg, .image(.png)) == .declaredTypeMismatch)
        #expect(code(bytes, jpeg, .other) == .declaredTypeMismatch)
    }

    @Test func `size, signature and allowed types are checked first`() {
        let bytes = TestJPEG.gray.bytes
        #expect(ImageInspectionTests.refusal(of: [])?.finding.code == .uploadEmpty)
        let small = policy { $0.maxBytes = bytes.count - 1 }
        #expect(
            ImageInspectionTests.refusal(of: bytes, policy: small)?.finding.code == .uploadTooLarge)
        let unknown = ImageInspectionTests.refusal(of: [0x20] + bytes)
        #expect(unknown?.finding == Finding(code: .signatureUnknown, offset: 0))
        #expect(unknown?.type == nil)
        let onlyPNG = policy { $0.allowedTypes = [.png] }
        #expect(
            ImageInspectionTests.refusal(of: bytes, policy: onlyPNG)?.finding.code
                == .typeNotAllowed)
    }

    private func code(
        _ bytes: [UInt8], _ name: UploadName?, _ declared: DeclaredType
    ) -> FindingCode? {
        ImageInspectionTests.refusal(of: bytes, name: name, declaredType: declared)?.finding.code
    }

    static func refusal(of name: String) -> FindingCode? {
        do throws(InspectionRefusal) {
            _ = try UploadName(name)
            return nil
        } catch {
            return error.finding.code
        }
    }
}
