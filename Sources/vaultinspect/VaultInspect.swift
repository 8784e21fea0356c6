// vaultinspect: the isolated inspector. Hostile bytes meet C libraries only here, in a process that
// has no keys, no files, no network and one thread; what it says can only add a refusal.
//
//   vaultinspect --launcher        started by vaultd before it has keys; starts the workers
//   vaultinspect --worker <pid>    started by that launcher; serves descriptor 3 until its end
//   vaultinspect --lint            started by vaultctl; judges files that come on its standard input

import CVaultSystem
import Glibc
import VaultFormat

@main
struct VaultInspect {
    static func main() {
        switch CommandLine.arguments.dropFirst() {
        case ["--launcher"]:
            exit(vaultRunLauncher())
        case let arguments where arguments.first == "--worker" && arguments.count == 2:
            // Nothing is left to do at exit, and what libraries would do there the walls forbid.
            _exit(Worker.run(launcher: arguments.last.flatMap { pid_t($0) }))
        case ["--lint"]:
            _exit(Linter.run())
        default:
            exit(EX_USAGE)
        }
    }

    private static func vaultRunLauncher() -> Int32 {
        // The name is a C literal's worth of bytes that outlives the call, as the launcher wants.
        unsafe "vaultinspect".withCString { name in
            unsafe vault_run_launcher(name, Int32(Limits.workerLivingProcesses))
        }
    }
}
