// The words that somebody approves: what distinguishes a request from others of its verb, without its secrets.

import VaultAPI
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
    var words: String {
        "key=\(kind.name) label=\(label.text) token=\(token?.name ?? "none")"
    }
}
