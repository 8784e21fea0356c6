// Secrets on their way to a terminal or a printer: not through buffers that outlive them.

import Glibc

enum SecretOutput {
    /// Writes to standard output.
    static func write(_ bytes: UnsafeRawBufferPointer) {
        var done = 0
        while done < bytes.count {
            // Inside the buffer: `done` is below its count.
            let count = unsafe Glibc.write(
                STDOUT_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            done += count
        }
    }

    /// The digits of a line in groups of four behind its name, as a person copies them.
    static func writeSpaced(_ line: UnsafeRawBufferPointer) {
        let colon = unsafe (line.firstIndex(of: 0x3A) ?? -1) + 1
        unsafe write(UnsafeRawBufferPointer(rebasing: line[..<colon]))
        for start in stride(from: colon, to: line.count, by: 4) {
            unsafe [0x20].withUnsafeBytes {
                unsafe write(UnsafeRawBufferPointer(rebasing: $0[..<1]))
            }
            unsafe write(UnsafeRawBufferPointer(rebasing: line[start..<min(start + 4, line.count)]))
        }
    }
}
