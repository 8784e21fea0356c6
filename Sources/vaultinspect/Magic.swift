// libmagic's opinion of the first bytes: JPEG, PNG or something else. The text, archive and
// executable tests are off: they parse much and could not change the answer.

import CMagic
import VaultFormat

@safe final class Magic {
    private let cookie: magic_t

    /// Loads the default database, once, while files can still be opened. Nil when that fails.
    init?() {
        // libmagic owns what it returns; `cookie` is closed in deinit and used by one thread.
        guard let opened = unsafe magic_open(Magic.flags) else { return nil }
        guard unsafe magic_load(opened, nil) == 0 else {
            unsafe magic_close(opened)
            return nil
        }
        unsafe cookie = opened
    }

    deinit { unsafe magic_close(cookie) }

    private static let flags =
        MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_APPTYPE
        | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_CSV
        | MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_ENCODING | MAGIC_NO_CHECK_JSON

    func detect(_ prefix: Span<UInt8>) -> DetectedType {
        unsafe prefix.withUnsafeBufferPointer { buffer in
            // libmagic reads `count` bytes and returns a string it keeps until the next call.
            guard let name = unsafe magic_buffer(cookie, buffer.baseAddress, buffer.count) else {
                return .other
            }
            return switch unsafe String(cString: name) {
            case "image/jpeg": .jpeg
            case "image/png": .png
            default: .other
            }
        }
    }
}
