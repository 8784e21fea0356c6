// The table of incidents and of what they take from whom.

extension CatalogSchema {
    /// An empty principal stands for the vault, an empty actor for none, a time of 0 for "open", and a grade of 0 for
    /// "not contained".
    static let incidents = """
        CREATE TABLE incident (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            incident BLOB NOT NULL UNIQUE,
            cause TEXT NOT NULL,
            principal TEXT NOT NULL,
            actor BLOB NOT NULL,
            opened INTEGER NOT NULL,
            creator INTEGER NOT NULL,
            note TEXT NOT NULL,
            closed INTEGER NOT NULL,
            first INTEGER NOT NULL,
            behind INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            records INTEGER NOT NULL,
            digest BLOB NOT NULL,
            grade INTEGER NOT NULL,
            ends INTEGER NOT NULL,
            setter INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            mac BLOB NOT NULL
        ) STRICT;
        CREATE INDEX incident_open ON incident (id) WHERE closed = 0;
        """
}
