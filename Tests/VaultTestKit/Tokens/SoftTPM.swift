import Foundation
import Glibc
import Synchronization

/// swtpm behind a Unix socket, with a keystore of the Feature API that is provisioned.
package final class SoftTPM: Sendable {
    /// Why no test can have one here; nil where it can.
    package static let missing: String? = {
        #if TPM2
            let tools = ["swtpm", "tss2_provision", "tss2_import", "tss2_pcrextend"]
            return tools.allSatisfy(hasProgram) ? nil : "swtpm or tpm2-tools is not installed"
        #else
            return "built without the package trait TPM2"
        #endif
    }()

    private let directory: TemporaryDirectory
    private let process: Mutex<pid_t?> = Mutex(nil)

    package init() throws {
        directory = try TemporaryDirectory()
        for name in ["tpm", "user", "system", "log"] {
            try FileManager.default.createDirectory(
                atPath: directory.path(name), withIntermediateDirectories: false)
        }
        try """
        {
          "profile_name": "P_ECCP256SHA256",
          "profile_dir": "/etc/tpm2-tss/fapi-profiles/",
          "user_dir": "\(directory.path("user"))",
          "system_dir": "\(directory.path("system"))",
          "tcti": "swtpm:path=\(socket)",
          "system_pcrs": [],
          "log_dir": "\(directory.path("log"))",
          "ek_cert_less": "yes"
        }
        """.write(toFile: configuration, atomically: false, encoding: .utf8)
        try start()
        try tool("tss2_provision", [])
    }

    deinit { stop() }

    /// The path of the Feature API's configuration.
    package var configuration: String { directory.path("fapi.json") }
    private var socket: String { directory.path("sock") }

    package func start() throws {
        let swtpm = try Tool.start(
            "swtpm",
            [
                "socket", "--tpm2", "--tpmstate", "dir=\(directory.path("tpm"))", "--server",
                "type=unixio,path=\(socket)", "--ctrl", "type=unixio,path=\(socket).ctrl",
                "--flags", "not-need-init,startup-clear",
            ])
        process.withLock { $0 = swtpm }
        for _ in 0..<500 where !FileManager.default.fileExists(atPath: socket) { usleep(10_000) }
    }

    /// Ends the TPM; its state stays.
    package func stop() {
        process.withLock { swtpm in
            guard let pid = swtpm else { return }
            kill(pid, SIGKILL)
            while waitpid(pid, nil, 0) < 0 && errno == EINTR { continue }
            swtpm = nil
        }
        try? FileManager.default.removeItem(atPath: socket)
    }

    /// Forgets what the TPM had: another one is in its place, with the same keystore.
    package func exchange() throws {
        stop()
        try FileManager.default.removeItem(atPath: directory.path("tpm"))
        try FileManager.default.createDirectory(
            atPath: directory.path("tpm"), withIntermediateDirectories: false)
        try start()
    }

    /// Imports a policy that wants PCR 16 to stay what it is.
    package func importPolicy(_ path: String) throws {
        let file = directory.path("policy.json")
        try """
        {"description": "", "policy": [{"type": "POLICYPCR", "currentPCRs": [16]}]}
        """.write(toFile: file, atomically: false, encoding: .utf8)
        try tool("tss2_import", ["--path", path, "--importData", file])
    }

    package func extendPCR() throws {
        let file = directory.path("extension")
        try "anything".write(toFile: file, atomically: false, encoding: .utf8)
        try tool("tss2_pcrextend", ["--pcr", "16", "--data", file])
    }

    private func tool(_ name: String, _ arguments: [String]) throws {
        try Tool.run(name, arguments, ["TSS2_FAPICONF=\(configuration)", "TSS2_LOG=all+none"])
    }
}
