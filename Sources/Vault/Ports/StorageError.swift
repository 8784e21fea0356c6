package import VaultFormat

/// What a store could not do.
package enum StorageError: Error, Hashable, Sendable {
    /// No room (ENOSPC, EDQUOT, SQLITE_FULL).
    case full
    /// The device or the file system refused (EIO, EROFS, EACCES…); the number is `errno`'s or SQLite's.
    case unavailable(Int32)
    /// What is asked for is not there.
    case missing
    /// The bytes or the database do not hold together.
    case damaged
    /// Another file lies where the store's was, or none.
    case replaced
    /// The vault was sealed while a transaction was made; it left no trace.
    case sealed

    /// The code to answer with when this happened to `subject`.
    package func code(for subject: Subject) -> ErrorCode {
        switch (self, subject) {
        case (.full, _): .storageFull
        case (.sealed, _): .sealed
        case (.unavailable, .log), (.replaced, .log): .auditUnavailable
        case (.unavailable, _), (.replaced, _): .storageUnavailable
        case (.missing, .blob): .blobMissing
        case (.damaged, .blob): .blobDamaged
        case (.missing, .keyring), (.damaged, .keyring): .keyringDamaged
        case (.missing, _), (.damaged, _): .catalogDamaged
        }
    }

    package enum Subject: Sendable {
        case blob
        case catalog
        case log
        case keyring
    }
}
