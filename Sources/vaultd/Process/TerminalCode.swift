// A QR code (ISO/IEC 18004) for a terminal: black on white whatever its colours are, two rows of modules in
// one line of text.

import CQRCode
import Glibc

/// Modules of a QR code, dark or light, wiped with their owner.
@safe final class TerminalCode {
    private let modules: UnsafeMutablePointer<UInt8>
    private let width: Int
    /// Light modules that have to be around a code.
    private static let margin = 4

    /// - Returns: nil when the bytes do not fit into a code, or memory ran out.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress,
            let code = unsafe QRcode_encodeData(
                CInt(bytes.count), base.assumingMemoryBound(to: UInt8.self), 0, QR_ECLEVEL_M)
        else { return nil }
        width = unsafe Int(code.pointee.width)
        unsafe modules = .allocate(capacity: width * width)
        unsafe modules.update(from: code.pointee.data, count: width * width)
        unsafe explicit_bzero(code.pointee.data, width * width)
        unsafe QRcode_free(code)
    }

    deinit {
        unsafe explicit_bzero(modules, width * width)
        unsafe modules.deallocate()
    }

    private func isDark(_ row: Int, _ column: Int) -> Bool {
        guard (0..<width).contains(row), (0..<width).contains(column) else { return false }
        // Inside: both are below the width.
        return unsafe modules[row * width + column] & 1 == 1
    }

    /// Lends each line of the picture, with its newline, to `write`.
    func draw(_ write: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let all = -Self.margin..<width + Self.margin
        for row in stride(from: all.lowerBound, to: all.upperBound, by: 2) {
            var line = Array("\u{1B}[38;5;16;48;5;231m".utf8)
            for column in all {
                switch (isDark(row, column), isDark(row + 1, column)) {
                case (true, true): line += Array("\u{2588}".utf8)
                case (true, false): line += Array("\u{2580}".utf8)
                case (false, true): line += Array("\u{2584}".utf8)
                case (false, false): line.append(0x20)
                }
            }
            line += Array("\u{1B}[0m\n".utf8)
            try unsafe line.withUnsafeMutableBytes { bytes in
                defer { unsafe bytes.baseAddress.map { unsafe explicit_bzero($0, bytes.count) } }
                try unsafe write(UnsafeRawBufferPointer(bytes))
            }
        }
    }
}
