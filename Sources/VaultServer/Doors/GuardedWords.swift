// The words that somebody approves: what distinguishes a request from others of its verb, without its secrets.

import VaultAPI
import VaultCrypto
import VaultFormat

extension TokenRequest {
    var words: String {
        let verbs = scopes == .all ? "all" : scopes.verbs.map(\.rawValue).joined(separator: ",")
        return "principal=\(principal) scopes=\(verbs) days=\(days) note=\"\(note.text)\""
    }
}

extension TokenRotationRequest {
    var words: String { "days=\(days) overlap_seconds=\(overlapSeconds)" }
}

extension RedactionRequest {
    var words: String {
        switch subject {
        case .events(let indexes):
            "from=\(indexes.lowerBound) to=\(indexes.upperBound) reason=\"\(reason.text)\""
        case .name(let pseudonym): "pseudonym=\(pseudonym.hex) reason=\"\(reason.text)\""
        }
    }
}

extension NewSlotQuery {
    /// - Parameter form: of the secret: what kind of way in it becomes.
    func words(_ form: TypedSecret.Form) -> String {
        "key=\(kind.name) label=\(label.text) token=\(token?.name ?? "none") form=\(form.word)"
    }
}

extension TypedSecret.Form {
    fileprivate var word: String {
        switch self {
        case .keyFile: "key-file"
        case .passphrase: "passphrase"
        case .shares: "shares"
        case .recipient: "recipient"
        case .answer: "answer"
        case .refused: "refused"
        }
    }
}
