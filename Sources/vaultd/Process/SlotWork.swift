// vaultd as its own launcher and child: what stretches a passphrase or asks a token has none of the vault's keys
// in its memory, and one life for one question. Who stretches needs neither file nor network, and has neither. A
// token's library needs both: no wall keeps it from the files of the daemon's user.

import CVaultSystem
import Glibc
import VaultCrypto
import VaultFormat
import VaultStorage

enum SlotWork {
    private static let name = "vaultd-slot"

    /// Serves as launcher or child where that is what this process was started for.
    ///
    /// - Returns: the exit status, or nil for a process that is neither.
    static func run(_ arguments: ArraySlice<String>) -> Int32? {
        switch arguments {
        case ["--launcher"]:
            // The name outlives the call, as the launcher wants.
            unsafe name.withCString { name in
                unsafe vault_run_launcher(name, Int32(Limits.stretchProcesses))
            }
        case let arguments where arguments.first == "--worker" && arguments.count == 2:
            serveOnce(launcher: arguments.last.flatMap { pid_t($0) })
        default: nil
        }
    }

    private static func serveOnce(launcher: pid_t?) -> Int32 {
        guard let launcher, vault_bind_life_to_launcher(launcher) == 0,
            unsafe vault_harden_process(name) == 0, limit(RLIMIT_CPU, to: Self.seconds)
        else { return EX_OSERR }
        let channel = SlotChannel()
        do {
            switch try channel.read(StretchWire.magic.count) {
            case StretchWire.magic:
                guard raiseWalls() else { return EX_OSERR }
                try stretch(channel)
            case TokenQuestion.magic: try TokenWork.serve(channel)
            default: return EX_DATAERR
            }
            return EX_OK
        } catch {
            return EX_UNAVAILABLE
        }
    }

    private static func stretch(_ channel: SlotChannel) throws {
        let magic = StretchWire.magic
        let rest = try channel.read(StretchWire.headBytes - magic.count)
        let (parameters, salt, bytes) = try StretchWire.parse(head: magic + rest)
        let passphrase = try channel.readSecret(bytes)
        try unsafe passphrase.stretched(salt: salt, parameters) { unsafe channel.write($0) }
    }

    /// After this the process opens nothing, also no socket, and reaches no path. A kernel without Landlock
    /// has the limits alone.
    private static func raiseWalls() -> Bool {
        var abi: Int32 = 0
        // The pointer is to a local that outlives the call.
        return unsafe vault_wall_files(&abi) == 0 && limit(RLIMIT_NOFILE, to: 0)
            && limit(RLIMIT_FSIZE, to: 0) && limit(__RLIMIT_NPROC, to: 0)
    }

    /// The daemon stops waiting; this ends a child that nobody waits for any more.
    private static let seconds = rlim_t(max(Limits.stretchSeconds, Limits.tokenSeconds))

    private static func limit(_ resource: __rlimit_resource, to value: rlim_t) -> Bool {
        var limit = rlimit(rlim_cur: value, rlim_max: value)
        return unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
    }
}

/// The child's end of the socket to vaultd.
struct SlotChannel {
    /// - Throws: ``CryptoError/refused`` at the end of the stream.
    func read(_ count: Int) throws(CryptoError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe bytes.withUnsafeMutableBytes({ unsafe fill($0) }) else { throw .refused }
        return bytes
    }

    /// Reads what is secret straight into locked memory.
    func readSecret(_ count: Int) throws -> TypedSecret {
        guard count <= Limits.secretBytes else { throw CryptoError.refused }
        return try unsafe TypedSecret { room -> Int in
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<count])
            guard unsafe fill(part) else { throw CryptoError.refused }
            return count
        }
    }

    private func fill(_ out: UnsafeMutableRawBufferPointer) -> Bool {
        var filled = 0
        while filled < out.count {
            // Inside the buffer: `filled` is below its count.
            let got = unsafe Glibc.read(
                Int32(VAULT_INHERITED_SOCKET), out.baseAddress?.advanced(by: filled),
                out.count - filled)
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return false }
            filled += got
        }
        return true
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // The socket's buffer is empty and larger than any answer.
        unsafe Glibc.write(Int32(VAULT_INHERITED_SOCKET), bytes.baseAddress, bytes.count)
            == bytes.count
    }

    /// - Throws: ``CryptoError/refused`` when nobody takes it.
    func send(_ bytes: [UInt8]) throws(CryptoError) {
        guard unsafe bytes.withUnsafeBytes({ unsafe write($0) }) else { throw .refused }
    }
}
