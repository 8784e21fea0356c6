// What detection looks for by name.

extension CatalogSchema {
    /// An image is planted once; what is planted again changes its note.
    static let canaries = """
        CREATE TABLE canary (
            namespace TEXT NOT NULL,
            image BLOB NOT NULL,
            created INTEGER NOT NULL,
            creator INTEGER NOT NULL,
            note TEXT NOT NULL,
            changed INTEGER NOT NULL,
            mac BLOB NOT NULL,
            PRIMARY KEY (namespace, image)
        ) STRICT, WITHOUT ROWID;
        """
}
