// What slots need done in a child: Argon2id, and whatever asks a token. It is started for one passphrase or
// PIN by a launcher that runs since before there was a key, and what it held is gone with it. It gets its
// question through its socket and answers there.

import CVaultSystem
import Glibc
import Synchronization
package import Vault
package import VaultFormat

/// What goes to the child before the passphrase. Its answer is the stretched bytes, or its end.
package enum StretchWire {
    package static let magic = Array("IVS".utf8) + [1]
    /// Magic, passes, memory in KiB, salt, length of the passphrase that follows.
    package static let headBytes = 4 + 4 + 4 + PassphraseParameters.saltBytes + 2

    static func head(
        _ parameters: PassphraseParameters, salt: [UInt8], passphraseBytes: Int
    ) -> [UInt8] {
        var writer = ByteWriter(reserving: headBytes)
        writer.append(magic)
        writer.append(parameters.encoded)
        writer.append(salt)
        writer.append(UInt16(clamping: passphraseBytes))
        return writer.bytes
    }

    package static func parse(
        head: [UInt8]
    ) throws(FormatError) -> (PassphraseParameters, salt: [UInt8], passphraseBytes: Int) {
        var reader = ByteReader(head)
        try reader.expect(magic)
        let parameters = try PassphraseParameters(
            parsing: reader.read(PassphraseParameters.byteCount))
        let salt = try reader.read(PassphraseParameters.saltBytes)
        let bytes = Int(try reader.read(UInt16.self))
        try reader.finish()
        guard (1...Limits.secretBytes).contains(bytes) else {
            throw .outOfRange(field: "passphrase")
        }
        return (parameters, salt, bytes)
    }
}

package final class SlotChild: PassphraseStretcher {
    let launcher: WorkerLauncher
    let tokens: TokenSettings
    /// Takes what a token's library said, which answers leave out.
    let report: @Sendable (KeySlot.Kind, TokenFault) -> Void
    /// One child at a time.
    let turn = Mutex(())

    /// Starts the launcher; before any key is in memory.
    ///
    /// - Parameter program: `vaultd` itself, which knows how to be that launcher and that child.
    package init(
        program: String, tokens: TokenSettings = TokenSettings(),
        report: @escaping @Sendable (KeySlot.Kind, TokenFault) -> Void = { _, _ in }
    ) throws(InspectorPoolError) {
        self.tokens = tokens
        self.report = report
        launcher = try WorkerLauncher(executable: program)
    }

    package func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        let fault = turn.withLock { _ -> WorkerFault? in
            do throws(WorkerFault) {
                try unsafe stretchInTurn(passphrase, salt: salt, parameters, into: out)
                return nil
            } catch {
                return error
            }
        }
        if fault != nil { throw .unavailable(EAGAIN) }
    }

    private func stretchInTurn(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(WorkerFault) {
        let child = try launcher.launch()
        let deadline = Deadline(milliseconds: Limits.stretchSeconds * 1000)
        var isAnswered = false
        defer { end(child, isAnswered ? deadline : nil) }
        let head = StretchWire.head(parameters, salt: salt, passphraseBytes: passphrase.count)
        try child.send(head, until: deadline)
        try unsafe child.send(passphrase, until: deadline)
        // A child that fails says nothing: there is one answer, and its length is its form.
        try unsafe child.receive(into: out, until: deadline)
        isAnswered = true
    }

    /// Waits until a child is gone: the launcher counts it until then, and allows one at a time.
    ///
    /// - Parameter deadline: how long it may take leave of its token; nil for one that failed.
    func end(_ child: WorkerProcess, _ deadline: Deadline?) {
        if let deadline, child.awaitEnd(until: deadline) { return }
        child.kill()
        _ = child.awaitEnd(until: Deadline(milliseconds: Limits.slotChildEndMilliseconds))
    }

    package func shutdown() { launcher.end() }
}
