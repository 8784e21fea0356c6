// The tables that came after the sixth migration, letter for letter, as ``StoredSchema`` has the first ones. That they
// are in Sources, too, is on purpose: what vaults have on their disks does not follow the code, and these are no copies
// to be kept in step. Where the two differ, a shipped migration was changed, and a test has to fail.

extension StoredSchema {
    static let later = [
        places, receipts, findings, eventLookups, bearers, usage, attestations, canaries, incidents,
    ]

    private static let places = Migration(
        name: "7 places for wraps",
        sql: """
            CREATE TABLE wrap_place (
                id INTEGER PRIMARY KEY,
                epoch INTEGER NOT NULL,
                wrapped BLOB NOT NULL
            ) STRICT;
            INSERT INTO wrap_place (id, epoch, wrapped)
                SELECT id, epoch + 4294967296, wrapped FROM wrap ORDER BY id;
            DROP TABLE wrap;
            ALTER TABLE wrap_place RENAME TO wrap;
            CREATE TABLE wrap_free (id INTEGER PRIMARY KEY) STRICT;
            """)

    private static let receipts = Migration(
        name: "8 receipts, holds, retention",
        sql: """
            CREATE TABLE receipt (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                receipt BLOB NOT NULL UNIQUE,
                kind INTEGER NOT NULL,
                namespace TEXT NOT NULL,
                image BLOB NOT NULL,
                operation BLOB NOT NULL,
                asked INTEGER NOT NULL,
                claims INTEGER NOT NULL,
                images INTEGER NOT NULL,
                bytes INTEGER NOT NULL,
                left INTEGER NOT NULL,
                epoch INTEGER NOT NULL,
                event INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX receipt_event ON receipt (event);
            CREATE UNIQUE INDEX receipt_operation ON receipt (operation) WHERE operation <> x'';
            CREATE TABLE purge (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                through INTEGER NOT NULL,
                at INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE TABLE escrow (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                escrow BLOB NOT NULL UNIQUE,
                created INTEGER NOT NULL,
                creator INTEGER NOT NULL,
                epochs BLOB NOT NULL,
                note TEXT NOT NULL,
                attester INTEGER NOT NULL,
                attested INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE TABLE hold (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                hold BLOB NOT NULL UNIQUE,
                kind INTEGER NOT NULL,
                namespace TEXT NOT NULL,
                subject BLOB NOT NULL,
                created INTEGER NOT NULL,
                creator INTEGER NOT NULL,
                note TEXT NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX hold_subject ON hold (subject);
            ALTER TABLE reference ADD COLUMN retention INTEGER NOT NULL DEFAULT 0;
            CREATE INDEX reference_retention ON reference (retention) WHERE retention <> 0;
            """)

    private static let findings = Migration(
        name: "9 events of findings",
        sql: """
            ALTER TABLE finding ADD COLUMN event INTEGER NOT NULL DEFAULT -1;
            """)

    private static let eventLookups = Migration(
        name: "10 subtrees, and what events are found by",
        sql: """
            CREATE TABLE subtree (
                height INTEGER NOT NULL,
                place INTEGER NOT NULL,
                hash BLOB NOT NULL,
                first INTEGER NOT NULL,
                last INTEGER NOT NULL,
                PRIMARY KEY (height, place)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE event_lookup (
                lookup BLOB NOT NULL,
                event INTEGER NOT NULL,
                PRIMARY KEY (lookup, event)
            ) STRICT, WITHOUT ROWID;
            ALTER TABLE event ADD COLUMN lookups BLOB NOT NULL DEFAULT x'';
            ALTER TABLE log ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
            CREATE INDEX event_image ON event (image) WHERE image IS NOT NULL AND action <> 12;
            CREATE INDEX event_action ON event (action);
            CREATE INDEX event_outcome ON event (outcome) WHERE outcome <> 1;
            CREATE TABLE name (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
            INSERT INTO name (id, sealed)
                SELECT row_number() OVER (ORDER BY pseudonym), name FROM pseudonym;
            CREATE TABLE pseudonym_place (
                pseudonym BLOB PRIMARY KEY,
                kind INTEGER NOT NULL,
                lookup BLOB NOT NULL,
                name INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            INSERT INTO pseudonym_place (pseudonym, kind, lookup, name)
                SELECT pseudonym, kind, lookup, row_number() OVER (ORDER BY pseudonym) FROM pseudonym;
            DROP TABLE pseudonym;
            ALTER TABLE pseudonym_place RENAME TO pseudonym;
            CREATE UNIQUE INDEX pseudonym_lookup ON pseudonym (kind, lookup);
            """)

    private static let bearers = Migration(
        name: "11 access tokens, tickets",
        sql: """
            CREATE TABLE access_token (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                token BLOB NOT NULL UNIQUE,
                digest BLOB NOT NULL UNIQUE,
                previous BLOB NOT NULL,
                previous_until INTEGER NOT NULL,
                principal TEXT NOT NULL,
                scopes TEXT NOT NULL,
                created INTEGER NOT NULL,
                creator INTEGER NOT NULL,
                expires INTEGER NOT NULL,
                note TEXT NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX access_token_previous ON access_token (previous);
            CREATE TABLE ticket (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                ticket BLOB NOT NULL UNIQUE,
                digest BLOB NOT NULL UNIQUE,
                namespace TEXT NOT NULL,
                image BLOB NOT NULL,
                owner BLOB NOT NULL,
                job BLOB NOT NULL,
                principal TEXT NOT NULL,
                reads INTEGER NOT NULL,
                expires INTEGER NOT NULL,
                changed INTEGER NOT NULL,
                mac BLOB NOT NULL
            ) STRICT;
            CREATE INDEX ticket_expires ON ticket (expires);
            CREATE INDEX ticket_image ON ticket (image);
            CREATE TABLE ticket_count (
                principal TEXT PRIMARY KEY,
                tickets INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TRIGGER ticket_came AFTER INSERT ON ticket BEGIN
                INSERT OR IGNORE INTO ticket_count VALUES (new.principal, 0);
                UPDATE ticket_count SET tickets = tickets + 1 WHERE principal = new.principal;
            END;
            CREATE TRIGGER ticket_went AFTER DELETE ON ticket BEGIN
                UPDATE ticket_count SET tickets = tickets - 1 WHERE principal = old.principal;
            END;
            """)

    private static let usage = Migration(
        name: "12 what namespaces have",
        sql: """
            CREATE TABLE usage (
                namespace TEXT PRIMARY KEY,
                images INTEGER NOT NULL,
                bytes INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            INSERT INTO usage SELECT namespace, count(*), sum(bytes) FROM image GROUP BY namespace;
            CREATE TRIGGER image_came AFTER INSERT ON image BEGIN
                INSERT OR IGNORE INTO usage VALUES (new.namespace, 0, 0);
                UPDATE usage SET images = images + 1, bytes = bytes + new.bytes
                    WHERE namespace = new.namespace;
            END;
            CREATE TRIGGER image_went AFTER DELETE ON image BEGIN
                UPDATE usage SET images = images - 1, bytes = bytes - old.bytes
                    WHERE namespace = old.namespace;
            END;
            """)

    private static let attestations = Migration(
        name: "14 attestations",
        sql: """
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
            """)

    private static let canaries = Migration(
        name: "16 canary images",
        sql: """
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
            """)

    private static let incidents = Migration(
        name: "15 incidents, containments",
        sql: """
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
            """)
}
