// The file that says who may do what: read at the start, and again when an admin or SIGHUP says so.

import Foundation
import Glibc
import Logging
import Vault
import VaultCrypto
import VaultFormat
import VaultPolicy
import VaultServer

struct PolicySource: Sendable {
    let path: String

    /// - Throws: ``PolicyRefusal``.
    func load() throws(PolicyRefusal) -> AccessPolicy {
        // Nothing that others put in its place meanwhile, and no pipe that never ends, is read.
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            throw PolicyRefusal("\(path): \(unsafe String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: number, closeOnDealloc: true)
        var facts = stat()
        guard unsafe fstat(number, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw PolicyRefusal("\(path) is no file")
        }
        guard LoadedFile.isOurs(facts) else {
            throw PolicyRefusal(
                "\(path) must belong to root or to vaultd's user, and nobody else may write it")
        }
        guard let data = try? file.read(upToCount: Limits.policyBytes + 1) ?? Data() else {
            throw PolicyRefusal("\(path) cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw PolicyRefusal("\(path) is not UTF-8")
        }
        do throws(PolicyError) {
            return try PolicyFile.policy(
                of: text, accounts: SystemAccounts(), digest: LogHash.digest([UInt8](data)))
        } catch {
            throw PolicyRefusal("\(path): \(error)")
        }
    }
}

/// Takes another policy when somebody says that the file changed (SIGHUP).
struct PolicyReload: Sendable {
    let holder: PolicyHolder
    let vault: Vault
    let logger: Logger

    /// What is wrong with the file leaves the policy as it is, and is on record.
    func run() async {
        do {
            let isAnother = try await reload()
            logger.notice(isAnother ? "another policy is in force" : "the policy is the same")
        } catch let refusal as PolicyRefusal {
            logger.error(
                "the policy was not reloaded",
                metadata: [
                    "code": "\(ErrorCode.policyRefused.rawValue)", "reason": "\(refusal.words)",
                ])
            try? await vault.recordPolicyRefused()
        } catch is CancellationError {
            // The daemon ends; the next start reads the file.
        } catch {
            logger.error("the policy was not reloaded: its event could not be written")
        }
    }

    /// One after another that is under way.
    private func reload() async throws -> Bool {
        for _ in 0..<Limits.policyRetries {
            do {
                return try await holder.reload { (digest) in
                    // A signal has nobody who could approve it.
                    guard !vault.settings.twoPerson.contains(.policy) else {
                        throw PolicyRefusal(
                            "two_person has policy: send vaultctl policy reload instead")
                    }
                    try await vault.recordService(.policyChanged, policy: digest)
                }
            } catch let error as VaultError where error.code == .overloaded {
                try await Task.sleep(for: .milliseconds(Limits.policyRetryMilliseconds))
            }
        }
        throw VaultError(.overloaded)
    }
}
