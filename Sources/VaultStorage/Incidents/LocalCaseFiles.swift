// The files of cases: one an incident, made whole, and added to at its end. Nobody but the vault reads them.

import Foundation
import Glibc
package import Vault
package import VaultFormat

package struct LocalCaseFiles: CaseFiles {
    private let directory: String

    /// Opens the directory, and makes it where it is missing.
    package init(directory: String) throws(StorageError) {
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw StorageError(errno: errno)
        }
        self.directory = directory
    }

    package func create(_ bytes: [UInt8], for incident: IncidentID) throws(StorageError) {
        let (path, temporary) = (path(incident), path(incident) + ".new")
        unsafe unlink(temporary)
        do throws(StorageError) {
            let file = try Self.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
            defer { close(file) }
            try Self.write(bytes, to: file)
            guard unsafe rename(temporary, path) == 0 else { throw StorageError(errno: errno) }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        try flushDirectory()
    }

    package func append(
        _ bytes: [UInt8], to incident: IncidentID, after length: Int
    ) throws(StorageError) {
        let file = try Self.open(path(incident), O_WRONLY)
        defer { close(file) }
        guard try Self.size(of: file) >= length else { throw .damaged }
        guard ftruncate(file, off_t(length)) == 0, lseek(file, 0, SEEK_END) == off_t(length)
        else { throw StorageError(errno: errno) }
        try Self.write(bytes, to: file)
    }

    package func discard(_ incident: IncidentID) {
        unsafe unlink(path(incident))
    }

    package func incidents() throws(StorageError) -> [IncidentID] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
            throw .unavailable(EIO)
        }
        for name in names where name.hasSuffix(".case.new") {
            unsafe unlink("\(directory)/\(name)")
        }
        return names.compactMap { name in
            guard name.hasSuffix(".case") else { return nil }
            return try? IncidentID(hex: String(name.dropLast(5)))
        }
    }

    package func load(
        _ incident: IncidentID, length: Int
    ) throws(StorageError) -> [UInt8] {
        guard (0...Limits.caseBytes).contains(length) else { throw .damaged }
        let file = try Self.open(path(incident), O_RDONLY)
        defer { close(file) }
        guard try Self.size(of: file) >= length else { throw .damaged }
        var bytes = [UInt8](repeating: 0, count: length)
        var count = 0
        while count < length {
            // Inside the array: `count` is below its length.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw StorageError(errno: errno) }
            guard got > 0 else { throw .damaged }
            count += got
        }
        return bytes
    }

    private func path(_ incident: IncidentID) -> String { "\(directory)/\(incident.hex).case" }

    private static func open(_ path: String, _ flags: Int32) throws(StorageError) -> Int32 {
        // A pipe that somebody planted would keep who opens it waiting.
        let file = unsafe Glibc.open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw errno == ENOENT ? .missing : StorageError(errno: errno) }
        return file
    }

    private static func size(of file: Int32) throws(StorageError) -> Int {
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw StorageError(errno: errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .damaged }
        return Int(facts.st_size)
    }

    private static func write(_ bytes: [UInt8], to file: Int32) throws(StorageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(file, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StorageError(errno: errno) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw StorageError(errno: errno) }
    }

    private func flushDirectory() throws(StorageError) {
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError(errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageError(errno: errno) }
    }
}
