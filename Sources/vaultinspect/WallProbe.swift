// What a worker tries when vaultd asks whether its walls stand. Whoever had taken it over could try the same.

import CDeflate
import CJPEG
import CMagic
import CSeccomp
import CZlib
import Glibc
import VaultFormat

enum WallProbe {
    /// Behind whole walls most acts do not return.
    static func answer(to probe: WorkerProbe) -> WorkerProbeAnswer {
        let isDone =
            switch probe.act {
            case .none: true
            // The path is lent for the call.
            case .openFile: unsafe open("/", O_RDONLY) >= 0
            case .makeSocket: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) >= 0
            case .startProcess: startProcess()
            case .mapCode: map(4096, PROT_READ | PROT_WRITE | PROT_EXEC)
            case .allocate: map(Int(Limits.workerAddressSpaceBytes), PROT_READ | PROT_WRITE)
            }
        return WorkerProbeAnswer(
            to: probe, isDone ? .done : .refused, versions: probe.act == .none ? versions : [:])
    }

    private static func startProcess() -> Bool {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        // An empty list of arguments, ended by nil.
        return unsafe posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0
    }

    private static func map(_ bytes: Int, _ protection: Int32) -> Bool {
        // Nothing is ever read or run there; the process ends soon.
        let memory = unsafe mmap(nil, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return unsafe memory != MAP_FAILED
    }

    /// As the libraries say themselves; libjpeg-turbo and libdeflate do not, and their headers stand for them.
    private static var versions: [Library: VersionNumber] {
        var versions: [Library: VersionNumber] = [:]
        let jpeg = vault_jpeg_version()
        versions[.jpeg] = VersionNumber(
            UInt16(clamping: jpeg / 1_000_000), UInt16(clamping: jpeg / 1_000 % 1_000),
            UInt16(clamping: jpeg % 1_000))
        // A text of the library's own, which lasts.
        versions[.zlib] = unsafe VersionNumber(in: String(cString: zlibVersion()))
        versions[.deflate] = VersionNumber(in: LIBDEFLATE_VERSION_STRING)
        // 544 is 5.44.
        let magic = UInt16(clamping: magic_version())
        versions[.magic] = VersionNumber(magic / 100, magic % 100)
        var seccomp: [UInt32] = [0, 0, 0]
        // Three places, as many as it fills.
        unsafe vault_seccomp_version(&seccomp)
        let parts = seccomp.map { UInt16(clamping: $0) }
        versions[.seccomp] = VersionNumber(parts[0], parts[1], parts[2])
        return versions
    }
}
