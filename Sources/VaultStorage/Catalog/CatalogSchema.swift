// The catalog's tables. Migrations have names and only go forward: none that was shipped is ever renamed, moved or
// changed, and a catalog that has one that is not here is refused.
//
// What a stolen disk shows of it: ImageIDs, sizes, types, times, verdict codes. Names, jobs, owners,
// asserted names and event bodies are sealed; they can be looked up through blind indexes only.

import GRDB

enum CatalogSchema {
    /// "IVCT": tells the file apart from any other SQLite database.
    static let applicationID = 0x4956_4354

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 images, references, wraps, log") { db in
            try db.execute(sql: images)
            try db.execute(sql: log)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("2 pseudonyms") { db in
            try db.execute(sql: pseudonyms)
        }
        migrator.registerMigration("3 operations, quarantine, idempotency") { db in
            try db.execute(sql: operations)
            try db.execute(sql: approvals)
        }
        migrator.registerMigration("4 slot proofs") { db in
            try db.execute(sql: slotProofs)
        }
        migrator.registerMigration("5 statements") { db in
            try db.execute(sql: statements)
        }
        migrator.registerMigration("6 backups") { db in
            try db.execute(sql: backups)
        }
        migrator.registerMigration("7 places for wraps") { db in
            try db.execute(sql: places)
        }
        migrator.registerMigration("8 receipts, holds, retention") { db in
            try db.execute(sql: erasure)
        }
        migrator.registerMigration("9 events of findings") { db in
            try db.execute(sql: findings)
        }
        migrator.registerMigration("10 subtrees, and what events are found by") { db in
            try db.execute(sql: eventLookups)
            try db.execute(sql: names)
        }
        migrator.registerMigration("11 access tokens, tickets") { db in
            try db.execute(sql: bearers)
        }
        migrator.registerMigration("12 what namespaces have") { db in
            try db.execute(sql: usage)
        }
        migrator.registerMigration("14 attestations") { db in
            try db.execute(sql: attestations)
        }
        migrator.registerMigration("16 canary images") { db in
            try db.execute(sql: canaries)
        }
        migrator.registerMigration("15 incidents, containments") { db in
            try db.execute(sql: incidents)
        }
        return migrator
    }

    /// No foreign key leads to a wrap: its check would read both tables at every delete.
    /// Wrapped keys stand in a table of their own, narrow, so that rotation rewrites little.
    /// An empty blob stands for "no owner" and "no job", so that a claim is unique without them too.
    private static let images = """
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
        """

    private static let log = """
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
        """

    private static let slotProofs = """
        CREATE TABLE slot_proof (
            slot BLOB PRIMARY KEY,
            proved INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            mac BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Signed, so that a row needs no authenticator.
    private static let statements = """
        CREATE TABLE statement (
            operation BLOB PRIMARY KEY,
            note TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// A zero stands for "does not expire"; epochs are four bytes each.
    private static let backups = """
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
        """

    /// Every row is as long as any other, so that it is overwritten where it lies and never moves: what was
    /// replaced is nowhere else in the file. An epoch is kept with 2³² added, and a place that nobody uses
    /// has that and zeros. Decision 0027.
    private static let places = """
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
        """

    /// An empty blob or text stands for "none"; a last event of -1 for "nothing went", as many
    /// left for "it runs"; a retention of zero for
    /// "for ever", and an attestation at zero for "none".
    private static let erasure = """
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
        """

    /// An event of -1 stands for "none"; so do an empty namespace and image.
    private static let findings = """
        ALTER TABLE finding ADD COLUMN event INTEGER NOT NULL DEFAULT -1;
        """

    /// Roots of the log's complete subtrees of heights 8, 16 and so on, with the times of their events. What
    /// an event is found by is a blind index or a pseudonym, as long as the event has its body; an end of a
    /// reading is found by its beginning. Decision 0029.
    private static let eventLookups = """
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
        """

    /// A sealed name stands in a row that is appended, never moves and is overwritten where it lies: rows beside
    /// pseudonyms, which are random, would move with every page that is split. Decision 0027.
    private static let names = """
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
        """

    private static let pseudonyms = """
        CREATE TABLE pseudonym (
            pseudonym BLOB PRIMARY KEY,
            kind INTEGER NOT NULL,
            lookup BLOB NOT NULL,
            name BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX pseudonym_lookup ON pseudonym (kind, lookup);
        """

    /// A zero stands for "not quarantined", and in `failure` an empty text for "did not fail".
    private static let operations = """
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
        """

    private static let approvals = """
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
        """
}
