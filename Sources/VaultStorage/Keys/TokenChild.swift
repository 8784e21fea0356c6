// Tokens, asked in a child: the library that speaks to one never runs beside a key of the vault. The child
// gets the question, the PIN and, to be kept, a slot's secret; it answers and ends.

import Synchronization
package import VaultFormat

extension SlotChild {
    package func keep(
        _ secret: UnsafeRawBufferPointer, of slot: TokenSlot, pin: UnsafeRawBufferPointer,
        nonce: [UInt8]
    ) throws(TokenFault) -> [UInt8] {
        guard slot.kind == .pkcs11 else {
            let question = try question(.keep, slot)
            _ = try unsafe ask(question, pin: pin, secret: secret, into: nil)
            return []
        }
        guard let settings = tokens.pkcs11 else { throw TokenFault(.notConfigured) }
        var question = try question(.keep, slot)
        question.key = settings.key.text
        question.nonce = nonce
        let sealed = try unsafe ask(question, pin: pin, secret: secret, into: nil)
        do throws(FormatError) {
            return try PKCS11Parameters(key: settings.key, nonce: nonce, sealedSecret: sealed)
                .encoded
        } catch {
            throw TokenFault(.moduleFailed)
        }
    }

    package func giveBack(
        _ slot: TokenSlot, parameters: [UInt8], pin: UnsafeRawBufferPointer, isUnattended: Bool,
        into secret: UnsafeMutableRawBufferPointer
    ) throws(TokenFault) {
        var question = try question(.giveBack, slot)
        question.isUnattended = isUnattended
        do throws(FormatError) {
            if slot.kind == .pkcs11 {
                let parameters = try PKCS11Parameters(parsing: parameters)
                question.key = parameters.key.text
                question.nonce = parameters.nonce
                question.sealedSecret = parameters.sealedSecret
            } else {
                guard parameters.isEmpty else { throw .trailingBytes }
            }
        } catch {
            throw TokenFault(.keyUnfit)
        }
        _ = try unsafe ask(question, pin: pin, secret: nil, into: secret)
    }

    package func forget(_ slot: TokenSlot) {
        guard slot.kind == .tpm2, let question = try? question(.forget, slot) else { return }
        let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        _ = try? unsafe ask(question, pin: nothing, secret: nil, into: nil)
    }

    /// What is asked of the token that the configuration names.
    private func question(
        _ deed: TokenQuestion.Deed, _ slot: TokenSlot
    ) throws(TokenFault) -> TokenQuestion {
        if slot.kind == .pkcs11, let settings = tokens.pkcs11 {
            return TokenQuestion(
                deed: deed, kind: slot.kind, library: settings.module,
                environment: settings.environment, token: settings.token.text, key: "",
                associatedData: slot.associatedData)
        }
        if slot.kind == .tpm2, let settings = tokens.tpm2 {
            return TokenQuestion(
                deed: deed, kind: slot.kind, library: settings.configuration,
                key: slot.objectPath, policy: settings.policy)
        }
        throw TokenFault(.notConfigured)
    }

    /// - Parameter out: takes the answer where it is a secret.
    /// - Returns: the answer where it is none.
    private func ask(
        _ question: TokenQuestion, pin: UnsafeRawBufferPointer, secret: UnsafeRawBufferPointer?,
        into out: UnsafeMutableRawBufferPointer?
    ) throws(TokenFault) -> [UInt8] {
        var question = question
        question.pinBytes = pin.count
        let asked = question.encoded
        let answer = turn.withLock { _ -> Result<[UInt8], TokenFault> in
            do throws(WorkerFault) {
                return try unsafe askInTurn(asked, pin: pin, secret: secret, into: out)
            } catch .died {
                // The library took the child with it.
                return .failure(TokenFault(.moduleFailed))
            } catch {
                return .failure(TokenFault(.unavailable))
            }
        }
        if case .failure(let fault) = answer { report(question.kind, fault) }
        return try answer.get()
    }

    private func askInTurn(
        _ question: [UInt8], pin: UnsafeRawBufferPointer, secret: UnsafeRawBufferPointer?,
        into out: UnsafeMutableRawBufferPointer?
    ) throws(WorkerFault) -> Result<[UInt8], TokenFault> {
        let child = try launcher.launch()
        let deadline = Deadline(milliseconds: Limits.tokenSeconds * 1000)
        var isAnswered = false
        defer { end(child, isAnswered ? deadline : nil) }
        try child.send(question, until: deadline)
        try unsafe child.send(pin, until: deadline)
        if let secret = unsafe secret { try unsafe child.send(secret, until: deadline) }
        let result = try unsafe answer(of: child, into: out, until: deadline)
        isAnswered = true
        return result
    }

    private func answer(
        of child: WorkerProcess, into out: UnsafeMutableRawBufferPointer?, until deadline: Deadline
    ) throws(WorkerFault) -> Result<[UInt8], TokenFault> {
        let head = try child.receiveHead(byteCount: TokenAnswer.byteCount, until: deadline)
        let answer: TokenAnswer
        do throws(FormatError) {
            answer = try TokenAnswer(parsing: head)
            let most = unsafe out?.count ?? PKCS11Parameters.sealedBytes
            guard answer.count <= most else { throw .outOfRange(field: "answer") }
        } catch {
            throw .nonsense(error)
        }
        if let fault = answer.fault { return .failure(fault) }
        guard let out = unsafe out else {
            return .success(try child.receive(byteCount: answer.count, until: deadline))
        }
        try unsafe child.receive(into: out, until: deadline)
        return .success([])
    }
}
