// The tables as each version made them, letter for letter: what vaults of that version have on their disks.
// Nothing here ever changes; a new migration is added at the end, together with its line in the schema.

enum StoredSchema {
    struct Migration {
        let name: String
        let sql: String
    }

    /// In the order in which a new catalog gets them, which is that of the time at which they were shipped.
    static let migrations =
        [images, pseudonyms, operations, slotProofs, statements, backups] + later

    private static let images = Migration(
        name: "1 images, references, wraps, log",
        sql: """
            CREATE TABLE wrap (
                id INTEGER PRIMARY KEY,
                epoch INTEGER NOT NULL,
                wrapped BLOB NOT NULL
            ) STRICT;
            CREATE TABLE image (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                namespace TEXT NOT NULL,
                image BLOB NOT NULL,
                blob BLOB NOT NULL UNIQUE,
                type INTEGER NOT NULL,
                width INTEGER NOT NULL,
                height INTEGER NOT NULL,
                bytes INTEGER NOT NULL,
                level INTEGER NOT NULL,
                inspector INTEGER NOT NULL,
                flags INTEGER NOT NULL,
                findings TEXT NOT NULL,
                created INTEGER NOT NULL,
                wrap INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX image_address ON image (namespace, image);
            CREATE TABLE reference (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                image INTEGER NOT NULL REFERENCES image (id),
                reference BLOB NOT NULL,
                owner BLOB NOT NULL,
                job BLOB NOT NULL,
                body BLOB NOT NULL,
                wrap INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE UNIQUE INDEX reference_claim ON reference (image, owner, job);
            CREATE INDEX reference_owner ON reference (owner, id) WHERE owner <> x'';
            CREATE INDEX reference_job ON reference (job, id) WHERE job <> x'';
            CREATE TABLE event (
                id INTEGER PRIMARY KEY,
                at INTEGER NOT NULL,
                action INTEGER NOT NULL,
                outcome INTEGER NOT NULL,
                image BLOB,
                digest BLOB NOT NULL,
                sealed INTEGER NOT NULL,
                content BLOB
            ) STRICT;
            CREATE TABLE log (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                vault BLOB NOT NULL,
                size INTEGER NOT NULL,
                frontier BLOB NOT NULL
            ) STRICT;
            PRAGMA application_id = 0x49564354;
            """)

    private static let pseudonyms = Migration(
        name: "2 pseudonyms",
        sql: """
            CREATE TABLE pseudonym (
                pseudonym BLOB PRIMARY KEY,
                kind INTEGER NOT NULL,
                lookup BLOB NOT NULL,
                name BLOB NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE UNIQUE INDEX pseudonym_lookup ON pseudonym (kind, lookup);
            """)

    private static let operations = Migration(
        name: "3 operations, quarantine, idempotency",
        sql: """
            ALTER TABLE image ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
            CREATE INDEX image_quarantined ON image (id) WHERE quarantined <> 0;
            CREATE TABLE operation (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                operation BLOB NOT NULL UNIQUE,
                kind INTEGER NOT NULL,
                parameters BLOB NOT NULL,
                creator INTEGER NOT NULL,
                created INTEGER NOT NULL,
                state INTEGER NOT NULL,
                cursor INTEGER NOT NULL,
                last INTEGER NOT NULL,
                total INTEGER NOT NULL,
                done INTEGER NOT NULL,
                found INTEGER NOT NULL,
                failures INTEGER NOT NULL,
                failure TEXT NOT NULL,
                updated INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX operation_unfinished ON operation (id) WHERE state < 4;
            CREATE TABLE finding (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                operation INTEGER NOT NULL REFERENCES operation (id),
                namespace TEXT NOT NULL,
                image BLOB NOT NULL,
                code TEXT NOT NULL,
                finding TEXT NOT NULL
            ) STRICT;
            CREATE INDEX finding_operation ON finding (operation, id);
            CREATE TABLE answer (
                lookup BLOB PRIMARY KEY,
                principal BLOB NOT NULL,
                created INTEGER NOT NULL,
                event INTEGER NOT NULL,
                sealed BLOB NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX answer_principal ON answer (principal);
            CREATE INDEX answer_created ON answer (created);
            CREATE TABLE approval (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                approval BLOB NOT NULL UNIQUE,
                kind INTEGER NOT NULL,
                namespace TEXT NOT NULL,
                subject BLOB NOT NULL,
                state INTEGER NOT NULL,
                requester INTEGER NOT NULL,
                approver INTEGER NOT NULL,
                created INTEGER NOT NULL,
                expires INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX approval_expires ON approval (expires);
            """)

    private static let slotProofs = Migration(
        name: "4 slot proofs",
        sql: """
            CREATE TABLE slot_proof (
                slot BLOB PRIMARY KEY,
                proved INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT, WITHOUT ROWID;
            """)

    private static let statements = Migration(
        name: "5 statements",
        sql: """
            CREATE TABLE statement (
                operation BLOB PRIMARY KEY,
                note TEXT NOT NULL
            ) STRICT, WITHOUT ROWID;
            """)

    private static let backups = Migration(
        name: "6 backups",
        sql: """
            CREATE TABLE backup (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                backup BLOB NOT NULL UNIQUE,
                created INTEGER NOT NULL,
                expires INTEGER NOT NULL,
                creator INTEGER NOT NULL,
                state INTEGER NOT NULL,
                epochs BLOB NOT NULL,
                note TEXT NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            """)
}
