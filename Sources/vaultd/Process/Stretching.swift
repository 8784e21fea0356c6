// vaultd as its own launcher and child: what stretches a passphrase has neither the vault's keys nor its
// files, and one life for one passphrase.

import CVaultSystem
import Glibc
import VaultCrypto
import VaultFormat
import VaultStorage

enum Stretching {
    /// Serves as launcher or child where that is what this process was started for.
    ///
    /// - Returns: the exit status, or nil for a process that is neither.
    static func run(_ arguments: ArraySlice<String>) -> Int32? {
        switch arguments {
        case ["--launcher"]:
            // The name is a C literal's worth of bytes that outlives the call, as the launcher wants.
            unsafe "vaultd-stretch".withCString { name in
                unsafe vault_run_launcher(name, Int32(Limits.stretchProcesses))
            }
        case let arguments where arguments.first == "--worker" && arguments.count == 2:
            stretchOnce(launcher: arguments.last.flatMap { pid_t($0) })
        default: nil
        }
    }

    private static func stretchOnce(launcher: pid_t?) -> Int32 {
        guard let launcher, vault_bind_life_to_launcher(launcher) == 0,
            unsafe vault_harden_process("vaultd-stretch") == 0, limitTime()
        else { return EX_OSERR }
        var head = [UInt8](repeating: 0, count: StretchWire.headBytes)
        guard unsafe head.withUnsafeMutableBytes({ unsafe readAll($0) }) else { return EX_DATAERR }
        do {
            let (parameters, salt, bytes) = try StretchWire.parse(head: head)
            let passphrase = try unsafe TypedSecret { room -> Int in
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<bytes])
                guard unsafe readAll(part) else { throw CryptoError.refused }
                return bytes
            }
            try unsafe passphrase.stretched(salt: salt, parameters) { unsafe writeAll($0) }
            return EX_OK
        } catch {
            return EX_UNAVAILABLE
        }
    }

    /// The daemon stops waiting; this ends a child that nobody waits for any more.
    private static func limitTime() -> Bool {
        let seconds = rlim_t(Limits.stretchSeconds)
        var limit = rlimit(rlim_cur: seconds, rlim_max: seconds)
        return unsafe setrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit) == 0
    }

    private static func readAll(_ out: UnsafeMutableRawBufferPointer) -> Bool {
        var filled = 0
        while filled < out.count {
            // Inside the buffer: `filled` is below its count.
            let got = unsafe read(
                Int32(VAULT_INHERITED_SOCKET), out.baseAddress?.advanced(by: filled),
                out.count - filled)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return false }
            filled += got
        }
        return true
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // The socket's buffer is empty and larger than this.
        unsafe write(Int32(VAULT_INHERITED_SOCKET), bytes.baseAddress, bytes.count) == bytes.count
    }
}
