// What `Tools/vectors.py` knows of the formats, for tests that need the keys of a vault.

import Foundation

enum SecondImplementation {
    /// Runs a script in which `vectors` is the second implementation.
    ///
    /// - Throws: ``TestFailure`` with what it said, unless it ended well.
    @discardableResult
    static func run(_ script: String, _ arguments: [String]) throws -> String {
        let tools = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Tools").path
        let interpreter = ProcessInfo.processInfo.environment["IMAGEVAULT_PYTHON"] ?? "python3"
        let head = "import sys\nsys.path.insert(0, sys.argv.pop(1))\nimport vectors\n"
        let (ending, output, errors) = try EndToEndTests.run(
            interpreter, ["-B", "-c", head + script, tools] + arguments)
        guard ending == .exited(0) else { throw TestFailure("vectors.py: \(errors)") }
        return output
    }
}

extension TestVault {
    /// Every key and secret that the vault's two key files lead to, in halves, so that one that was half
    /// overwritten is found too.
    func knownKeys() throws -> [[UInt8]] {
        let script = """
            for file, secret in zip(sys.argv[1::2], sys.argv[2::2]):
                for key in vectors.known_keys(open(file, "rb").read(), open(secret).read()):
                    print(key.hex())
            """
        let output = try SecondImplementation.run(
            script, ["\(state)/keyring", rootKey, "\(state)/log-key", logKey])
        return output.split(separator: "\n").flatMap { line -> [[UInt8]] in
            let digits = Array(line.utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            return [Array(bytes[..<16]), Array(bytes[16...])]
        }
    }
}
