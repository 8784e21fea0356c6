// Paths as the system has them: what a directory holds, where links lead.

import Glibc
import VaultFormat

enum SystemPaths {
    /// At most ``VaultFormat/Limits/doctorFiles``, sorted; none where it cannot be read.
    static func names(in directory: String) -> [String] {
        guard let opened = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(opened) }
        var names: [String] = []
        // An entry is the library's until the next one is read; its name ends inside it.
        while let entry = unsafe readdir(opened), names.count < Limits.doctorFiles {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { bytes in
                unsafe String(cString: UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Without links; nil where nothing is there.
    static func resolved(_ path: String) -> String? {
        // The answer is made for the caller, who frees it.
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// What a symbolic link says.
    static func target(of link: String) -> String? {
        // No more than the room is written, and no end is.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { room, count in
            guard let start = room.baseAddress else { return }
            let length = unsafe start.withMemoryRebound(to: CChar.self, capacity: room.count) {
                unsafe readlink(link, $0, room.count)
            }
            count = max(0, length)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    static func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    /// Where this process stands.
    static var current: String? { resolved(".") }
}
