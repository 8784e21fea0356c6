// The vocabulary is complete: every code of the structure level is provoked by a test, and has a name and a summary.

import Testing
import VaultFormat
import VaultTestKit

struct FindingCodeTests {
    /// Codes that are provoked one by one in `UploadNameTests` and `JPEGTrailerTests`.
    private static let elsewhere: Set<FindingCode> = [
        .uploadEmpty, .uploadTooLarge, .signatureUnknown, .typeNotAllowed, .extensionMismatch,
        .declaredTypeMismatch, .trailerData,
    ]

    /// Codes that only the isolated worker gives; they are provoked where it is tested.
    private static let decoded: Set<FindingCode> = [
        .contentDisagrees, .decodeBroken, .decodeDamaged, .decodeMemory, .pngDataDamaged,
        .pngDataLong, .pngDataTrailer, .pngFilter, .pngTextDamaged,
    ]

    @Test func `every code of the structure level is provoked by a test`() {
        let broken = BrokenJPEG.all + BrokenPNG.all + HiddenContent.all
        let provoked = Set(broken.map(\.code) + UploadNameTests.refused.map(\.1))
        let known = provoked.union(Self.elsewhere).union(Self.decoded)
        #expect(Set(FindingCode.allCases).subtracting(known).isEmpty)
    }

    @Test(arguments: FindingCode.allCases)
    func `a code is kebab-case and has a sentence`(_ code: FindingCode) {
        #expect(code.rawValue.allSatisfy { ("a"..."z").contains($0) || $0 == "-" })
        #expect(code.summary != code.rawValue)
        #expect(code.summary.hasSuffix("."))
    }

    @Test func `stored numbers and names keep their meaning`() {
        #expect(ImageType.allCases.map(\.rawValue) == [1, 2])
        #expect(ImageType.allCases.map(\.mediaType) == ["image/jpeg", "image/png"])
        #expect(ImageType.allCases.map(\.fileExtension) == ["jpg", "png"])
        #expect(InspectionLevel.allCases.map(\.rawValue) == [1, 2])
        #expect(InspectionLevel.allCases.map(\.name) == ["structure", "decode"])
        #expect(InspectionLevel(name: "decode") == .decode)
        #expect(InspectionLevel(name: "") == nil)
    }
}
