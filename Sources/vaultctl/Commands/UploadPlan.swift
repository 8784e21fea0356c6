// Which files a `put` is about. A named file is taken as it is; a directory gives the files in it
// and below whose names end like an image's. Symbolic links below a directory are not followed.

import Glibc
import VaultClient
import VaultFormat

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct UploadPlan: Sendable {
    struct Item: Sendable {
        let path: String
        let name: FileName
        /// Bytes, for the progress bar; the upload takes its own measure.
        let bytes: Int
    }

    private(set) var items: [Item] = []
    /// What could not be looked at or cannot be stored under its name.
    private(set) var faults: [FileFault] = []
    /// Files in directories that do not end like images.
    private(set) var passedOver = 0
    private(set) var isOneNamedFile = false

    var bytes: Int { items.reduce(0) { $0 + $1.bytes } }

    /// - Throws: ``ClientError`` when there are too many files.
    init(_ paths: [String]) throws(ClientError) {
        for path in paths {
            guard let status = Self.status(path, following: true) else {
                faults.append(FileFault(path: path, reason: .system(errno)))
                continue
            }
            if Self.isDirectory(status) {
                try search(path)
            } else {
                add(path, status)
                isOneNamedFile = paths.count == 1
            }
        }
    }

    private mutating func search(_ root: String) throws(ClientError) {
        var directories = [root]
        while let directory = directories.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
                faults.append(FileFault(path: directory, reason: .system(EACCES)))
                continue
            }
            for name in names.sorted() where !name.hasPrefix(".") {
                let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
                guard let status = Self.status(path, following: false) else { continue }
                if Self.isDirectory(status) {
                    directories.append(path)
                } else if status.st_mode & S_IFMT == S_IFREG, Self.endsLikeAnImage(name) {
                    add(path, status)
                } else {
                    passedOver += 1
                }
            }
            guard items.count <= Limits.filesOfOneUpload else {
                throw .file(FileFault(path: root, reason: .system(EMFILE)))
            }
        }
    }

    private mutating func add(_ path: String, _ status: stat) {
        let last = path.split(separator: "/").last.map { String($0) } ?? path
        guard let name = try? FileName(last) else {
            faults.append(FileFault(path: path, reason: .unusableName))
            return
        }
        items.append(Item(path: path, name: name, bytes: Int(status.st_size)))
    }

    private static func status(_ path: String, following: Bool) -> stat? {
        var status = stat()
        // The path lends its bytes, and the kernel fills `status`.
        let answer = unsafe following ? stat(path, &status) : lstat(path, &status)
        return answer == 0 ? status : nil
    }

    private static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    private static func endsLikeAnImage(_ name: String) -> Bool {
        name.split(separator: ".").last.flatMap {
            ImageType(fileExtension: $0.lowercased())
        } != nil
    }
}
