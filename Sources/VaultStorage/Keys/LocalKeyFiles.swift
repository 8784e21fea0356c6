import Glibc
package import Vault
package import VaultFormat

/// The key files of a state directory.
package struct LocalKeyFiles: KeyFiles {
    private let directory: String

    package init(directory: String) { self.directory = directory }

    package static func path(_ kind: KeyFile.Kind, in directory: String) -> String {
        switch kind {
        case .keyring: "\(directory)/keyring"
        case .logKey: "\(directory)/log-key"
        }
    }

    package func load(_ kind: KeyFile.Kind) throws(StorageError) -> KeyFile {
        let file = try mapping { () throws(KeyFileStoreError) in
            try KeyFileStore.load(Self.path(kind, in: directory))
        }
        guard file.kind == kind else { throw .damaged }
        return file
    }

    package func prepare(_ file: KeyFile) throws(StorageError) {
        try mapping { () throws(KeyFileStoreError) in
            try KeyFileStore.prepare(file, at: Self.path(file.kind, in: directory))
        }
    }

    package func publish(_ kind: KeyFile.Kind) throws(StorageError) {
        try mapping { () throws(KeyFileStoreError) in
            try KeyFileStore.publish(Self.path(kind, in: directory), replacing: true)
        }
    }

    package func discardPrepared(_ kind: KeyFile.Kind) {
        KeyFileStore.discardPrepared(Self.path(kind, in: directory))
    }

    /// Removes what a crash left of a change that was never published: nobody is to find keys there, and the log may
    /// already name its generation. For a start, before any change.
    package static func sweep(_ directory: String) {
        let files = KeyFile.Kind.allCases.map { path($0, in: directory) }
        for file in files + [sealMark(in: directory)] { KeyFileStore.discardPrepared(file) }
    }

    private static func sealMark(in directory: String) -> String { "\(directory)/sealed" }

    /// A mark that cannot be looked at counts as one.
    package static func hasSealMark(in directory: String) -> Bool {
        unsafe access(sealMark(in: directory), F_OK) == 0 || errno != ENOENT
    }

    package func setSealMark(_ isSealed: Bool) throws(StorageError) {
        guard isSealed else {
            return try mapping { () throws(KeyFileStoreError) in
                try KeyFileStore.remove(Self.sealMark(in: directory))
            }
        }
        try mark(Self.sealWords)
    }

    package func setSealMark(untilMicroseconds end: Int64) throws(StorageError) {
        try mark("\(Self.sealWords)\(Self.endWord)\(Timestamp.text(microseconds: end))\n")
    }

    private static let sealWords = "vaultctl unseal removes this\n"
    private static let endWord = "until "

    private func mark(_ words: String) throws(StorageError) {
        try mapping { () throws(KeyFileStoreError) in
            try KeyFileStore.write(
                Array(words.utf8), at: Self.sealMark(in: directory), mode: 0o600,
                replacing: true)
        }
    }

    /// Nil for a mark that says anything else.
    package func sealEndMicroseconds() -> Int64? {
        guard let words = try? AnchorFile.load(Self.sealMark(in: directory)) else { return nil }
        let lines = words.split(separator: "\n")
        guard lines.count == 2, lines[1].hasPrefix(Self.endWord) else { return nil }
        return Timestamp.microseconds(String(lines[1].dropFirst(Self.endWord.count)))
    }

    private func mapping<R>(
        _ body: () throws(KeyFileStoreError) -> R
    ) throws(StorageError) -> R {
        do { return try body() } catch { throw error.asStorageError }
    }
}

extension KeyFileStoreError {
    fileprivate var asStorageError: StorageError {
        switch self {
        case .missing: .missing
        case .exists, .malformed: .damaged
        case .io(let number): StorageError(errno: number)
        }
    }
}
