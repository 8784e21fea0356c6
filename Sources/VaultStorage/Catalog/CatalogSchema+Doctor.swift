// The table of what somebody gave his word on.

extension CatalogSchema {
    static let attestations = """
        CREATE TABLE attestation (
            item TEXT PRIMARY KEY,
            evidence BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            attester INTEGER NOT NULL,
            made INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            mac BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
