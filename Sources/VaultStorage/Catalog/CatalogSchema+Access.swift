// The tables of who may do what: access tokens, fetch tickets, and what namespaces have.

extension CatalogSchema {
    /// An empty digest and a time of 0 stand for "no secret before". Tickets come and go by the thousand: the database
    /// counts them itself.
    static let bearers = """
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
        """

    /// Counted by the database itself, with each row: to count them when it matters would read them all.
    static let usage = """
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
        """
}
