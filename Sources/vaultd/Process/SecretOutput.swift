// Secrets on their way to a terminal or a printer: not through buffers that outlive them.

import Glibc

enum SecretOutput {
    /// Writes to standard output, all of it: half a key on paper is none.
    ///
    /// - Throws: ``SettingsError``.
    static func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            // Inside the buffer: `done` is below its count.
            let count = unsafe Glibc.write(
                STDOUT_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let reason = unsafe String(cString: strerror(errno))
                throw SettingsError("not all of it could be written (\(reason)): do not use it")
            }
            done += count
        }
    }

    /// The digits of a line in groups of four behind its name, as a person copies them.
    static func writeSpaced(_ line: UnsafeRawBufferPointer) throws {
        let colon = unsafe (line.firstIndex(of: 0x3A) ?? -1) + 1
        try unsafe write(UnsafeRawBufferPointer(rebasing: line[..<colon]))
        for start in stride(from: colon, to: line.count, by: 4) {
            try unsafe Array(" ".utf8).withUnsafeBytes { try unsafe write($0) }
            let end = min(start + 4, line.count)
            try unsafe write(UnsafeRawBufferPointer(rebasing: line[start..<end]))
        }
    }
}
