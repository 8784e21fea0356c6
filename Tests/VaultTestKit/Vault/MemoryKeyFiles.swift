// Key files in memory, and passphrases stretched where the test runs.

import Dispatch
import Synchronization
package import Vault
import VaultCrypto
package import VaultFormat

package final class MemoryKeyFiles: KeyFiles {
    private struct Disk {
        var files: [KeyFile.Kind: KeyFile]
        var prepared: [KeyFile.Kind: KeyFile] = [:]
        var isMarkedSealed = false
        var sealEnd: Int64?
    }

    private let disk: Mutex<Disk>
    private let faults: Faults

    package init(_ files: [KeyFile], faults: Faults = Faults()) {
        disk = Mutex(Disk(files: Dictionary(uniqueKeysWithValues: files.map { ($0.kind, $0) })))
        self.faults = faults
    }

    /// What lies there under its name.
    package func file(_ kind: KeyFile.Kind) -> KeyFile? { disk.withLock { $0.files[kind] } }

    /// Puts a file there behind the vault's back.
    package func tamper(_ file: KeyFile) { disk.withLock { $0.files[file.kind] = file } }

    package var isMarkedSealed: Bool { disk.withLock { $0.isMarkedSealed } }

    package func setSealMark(_ isSealed: Bool) throws(StorageError) {
        try faults.pass("seal mark")
        disk.withLock { ($0.isMarkedSealed, $0.sealEnd) = (isSealed, nil) }
    }

    package func setSealMark(untilMicroseconds: Int64) throws(StorageError) {
        try faults.pass("seal mark")
        disk.withLock { ($0.isMarkedSealed, $0.sealEnd) = (true, untilMicroseconds) }
    }

    package func sealEndMicroseconds() -> Int64? { disk.withLock { $0.sealEnd } }

    package var hasPrepared: Bool { disk.withLock { !$0.prepared.isEmpty } }

    package func load(_ kind: KeyFile.Kind) throws(StorageError) -> KeyFile {
        try faults.pass("load")
        guard let file = file(kind) else { throw .missing }
        return file
    }

    package func prepare(_ file: KeyFile) throws(StorageError) {
        try faults.pass("prepare")
        disk.withLock { $0.prepared[file.kind] = file }
    }

    package func publish(_ kind: KeyFile.Kind) throws(StorageError) {
        try faults.pass("publish")
        disk.withLock { $0.files[kind] = $0.prepared.removeValue(forKey: kind) ?? $0.files[kind] }
        try faults.passAfterTheFact("publish flush")
    }

    package func discardPrepared(_ kind: KeyFile.Kind) {
        disk.withLock { _ = $0.prepared.removeValue(forKey: kind) }
    }
}

package struct InProcessStretcher: PassphraseStretcher {
    package init() {}

    package func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        do throws(CryptoError) {
            try unsafe Argon2id().stretch(passphrase, salt: salt, parameters, into: out)
        } catch {
            throw .unavailable(0)
        }
    }
}

/// Stretches when the test lets it, and fails when the test wants it to.
package final class GatedStretcher: PassphraseStretcher {
    private let gate = DispatchSemaphore(value: 0)
    private let arrived = DispatchSemaphore(value: 0)
    private let failures: Mutex<Int>

    package init(failures: Int = 0) { self.failures = Mutex(failures) }

    /// Lets one caller go on.
    package func open() { gate.signal() }
    /// Blocks until a caller waits.
    package func awaitArrival() { arrived.wait() }

    package func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        arrived.signal()
        gate.wait()
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        if fails { throw .unavailable(0) }
        try unsafe InProcessStretcher().stretch(
            passphrase, salt: salt, parameters, into: out)
    }
}
