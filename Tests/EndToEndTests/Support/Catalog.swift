// The catalog as SQLite itself sees it, read beside the vault by Python's own library.

import Foundation

enum Catalog {
    /// Rows of the tables that hold images.
    static func counts(_ path: String) throws -> [String: Int] {
        let script = """
            import json, sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            # A place that nobody uses holds no wrap.
            tables = ["image", "reference", "wrap WHERE epoch <> 4294967296"]
            count = lambda table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            print(json.dumps({table.split()[0]: count(table) for table in tables}))
            """
        let words = try python(script, [path])
        return try JSONDecoder().decode([String: Int].self, from: Data(words.utf8))
    }

    /// `ok`, or what SQLite finds wrong.
    static func integrity(_ path: String) throws -> String {
        let script = """
            import sqlite3, sys
            print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])
            """
        return try python(script, [path]).trimmingCharacters(in: .newlines)
    }

    /// The catalog in one file, with what stood in the write-ahead log.
    static func whole(_ path: String) throws -> [UInt8] {
        let script = """
            import sqlite3, sys
            sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            """
        try python(script, [path])
        return try Disk.read(path)
    }

    /// The bytes of the one column of the one row that a question finds.
    static func bytes(_ path: String, _ sql: String) throws -> Data {
        let script = """
            import base64, sqlite3, sys
            value = sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0]
            print(base64.b64encode(value).decode())
            """
        let text = try python(script, [path, sql]).trimmingCharacters(in: .newlines)
        guard let bytes = Data(base64Encoded: text) else { throw TestFailure("no bytes: \(text)") }
        return bytes
    }

    /// Runs one statement.
    static func change(_ path: String, _ sql: String) throws {
        let script = """
            import sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            db.execute(sys.argv[2])
            db.commit()
            """
        try python(script, [path, sql])
    }

    /// The blobs that rows name, as paths below the blobs' directory.
    static func blobs(_ path: String) throws -> Set<String> {
        let script = """
            import sqlite3, sys
            for (blob,) in sqlite3.connect(sys.argv[1]).execute("SELECT blob FROM image"):
                print(blob.hex()[:2] + "/" + blob.hex()[2:])
            """
        return Set(try python(script, [path]).split(separator: "\n").map(String.init))
    }

    /// The RFC 6962 root over the first `size` events, and how many there are.
    static func root(_ path: String, size: Int) throws -> (root: [UInt8], events: Int) {
        let script = """
            import hashlib, sqlite3, sys
            rows = sqlite3.connect(sys.argv[1]).execute("SELECT id, digest FROM event ORDER BY id")
            rows = rows.fetchall()
            assert [id for id, _ in rows] == list(range(len(rows)))
            sha = lambda b: hashlib.sha256(b).digest()
            def root(leaves):
                if not leaves: return sha(b"")
                if len(leaves) == 1: return sha(b"\\0" + leaves[0])
                k = 1
                while 2 * k < len(leaves): k *= 2
                return sha(b"\\1" + root(leaves[:k]) + root(leaves[k:]))
            sys.setrecursionlimit(10000)
            print(root([digest for _, digest in rows[:int(sys.argv[2])]]).hex(), len(rows))
            """
        let words = try python(script, [path, "\(size)"]).split(separator: " ")
        let digits = Array(words[0].utf8)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        return (bytes, Int(words[1].trimmingCharacters(in: .newlines)) ?? -1)
    }
}
