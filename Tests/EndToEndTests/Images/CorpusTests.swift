// A corpus of real, broken and hostile images, sent to a real vault that decodes. `IMAGEVAULT_CORPUS` names
// the folder; without one, the folder beside the checkout is taken.

import Foundation
import Testing

private enum Corpus {
    static let root = URL(fileURLWithPath: #filePath)
        .appendingPathComponent("../../../..").standardizedFileURL
    static let folder =
        ProcessInfo.processInfo.environment["IMAGEVAULT_CORPUS"]
        ?? root.appendingPathComponent("../shared/images").standardizedFileURL.path
    static let manifest = folder + "/MANIFEST.csv"
    static let isHere = FileManager.default.fileExists(atPath: manifest)
}

@Suite("The corpus", .enabled(if: Corpus.isHere, "no images in \(Corpus.folder)"))
struct CorpusTests {
    @Test("of valid, broken and hostile images comes out within the bars")
    func bars() throws {
        let told = try run(
            Corpus.root.appendingPathComponent("Tools/corpus").path,
            [Corpus.folder, Corpus.manifest], environment: ["IMAGEVAULT_BIN": Machine.programs])
        #expect(told.ending == .exited(0), "\(told.output)\(told.errors)")
        #expect(told.output.contains("valid photos accepted"))
    }
}
