// Files of cases on a disk: made whole, added to at the end, and nobody else's.

import Foundation
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Files of cases")
struct LocalCaseFilesTests {
    private let directory: TestDirectory
    private let files: LocalCaseFiles
    private let id = IncidentID(checked: [UInt8](repeating: 0xAB, count: 16))
    private var path: String { directory("cases/\(id.hex).case") }

    init() throws {
        directory = try TestDirectory()
        files = try LocalCaseFiles(directory: directory("cases"))
    }

    @Test("have what was put into them, up to where they are asked for, and their owner's mode")
    func kept() throws {
        try files.create([1, 2, 3], for: id)
        try files.append([4], to: id, after: 3)
        #expect(try files.load(id, length: 4) == [1, 2, 3, 4])
        #expect(try files.load(id, length: 2) == [1, 2])
        #expect(throws: StorageError.damaged) { try files.load(id, length: 5) }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // Opened again, as after a restart.
        #expect(
            try LocalCaseFiles(directory: directory("cases")).load(id, length: 4) == [1, 2, 3, 4])
        files.discard(id)
        #expect(throws: StorageError.missing) { try files.load(id, length: 0) }
    }

    @Test("lose what a crash left behind their end, and nothing before it")
    func tail() throws {
        try files.create([1, 2, 3], for: id)
        try files.append([9, 9, 9], to: id, after: 3)
        try files.append([4], to: id, after: 3)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3, 4]))
        #expect(throws: StorageError.damaged) { try files.append([5], to: id, after: 5) }
        #expect(try files.load(id, length: 4) == [1, 2, 3, 4])
    }

    @Test("are neither made nor read where something else lies")
    func planted() throws {
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: directory("elsewhere"))
        #expect(throws: StorageError.self) { try files.load(id, length: 0) }
        #expect(throws: StorageError.self) { try files.append([1], to: id, after: 0) }
        try files.create([1], for: id)
        #expect(!FileManager.default.fileExists(atPath: directory("elsewhere")))
        #expect(try files.load(id, length: 1) == [1])
    }

    @Test("are listed, and what a crash left of one that is not whole goes")
    func listed() throws {
        #expect(try files.incidents().isEmpty)
        try files.create([1], for: id)
        let part = directory("cases/\(String(repeating: "c", count: 32)).case.new")
        #expect(FileManager.default.createFile(atPath: part, contents: Data([1])))
        #expect(FileManager.default.createFile(atPath: directory("cases/notes"), contents: nil))
        #expect(try files.incidents() == [id])
        #expect(!FileManager.default.fileExists(atPath: part))
        #expect(FileManager.default.fileExists(atPath: directory("cases/notes")))
    }
}
