"""The vectors of backups, from BackupFormat alone."""

import base64
import hashlib
import re
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vectors import (
    LOG_SEED,
    ROOTS,
    VAULT,
    Reader,
    confirm,
    fixed,
    receipt_id,
    receipt_time,
    refuse_unless,
    sign_note,
    statement_number,
)

BACKUP = fixed("backup", 16)
INCIDENT = fixed("incident", 16)
BLOBS = sorted(fixed(f"listed blob {number}", 16) for number in range(3))
LIST = "".join(f"{blob.hex()} {count}\n" for blob, count in zip(BLOBS, (77, 262_222, 2**64 - 1)))
LONGEST = 1 << 20
NAMESPACE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)


def parse_manifest(text):
    lines = text.split("\n")
    refuse_unless(lines.pop(0) == "imagevault-backup/1", "text", "wrong-magic")
    words = {}
    names = ("vault", "backup", "at", "generation", "keyring", "epochs", "catalog", "blobs", "log")
    for name in names:
        refuse_unless(lines and lines[0].startswith(name + " "), "text", "invalid-text")
        words[name] = lines.pop(0).removeprefix(name + " ").split(" ")
    for name in ("vault", "backup"):
        receipt_id(" ".join(words[name]))
    receipt_time(" ".join(words["at"]))
    statement_number(" ".join(words["generation"]), 64)
    receipt_id(" ".join(words["keyring"]), 64)
    epochs = " ".join(words["epochs"])
    if epochs != "-":
        numbers = epochs.split(",")
        for number in numbers:
            statement_number(number, 32)
            refuse_unless(number != "0", "text", "out-of-range")
        numbers = [int(number) for number in numbers]
        refuse_unless(numbers == sorted(set(numbers)), "text", "not-canonical")
    for name, count in (("catalog", 2), ("blobs", 3)):
        refuse_unless(len(words[name]) == count, "text", "invalid-text")
        for number in words[name][:-1]:
            statement_number(number, 64)
        receipt_id(words[name][-1], 64)
    refuse_unless(len(words["log"]) == 2, "text", "invalid-text")
    statement_number(words["log"][0], 64)
    refuse_unless(lines, "text", "truncated")
    refuse_unless(lines == [""], "text", "trailing-bytes")


def manifests():
    seed, origin = Ed25519PrivateKey.from_private_bytes(LOG_SEED), f"imagevault/{VAULT.hex()}"
    root = base64.b64encode(bytes.fromhex(ROOTS[8])).decode()
    text = f"imagevault-backup/1\nvault {VAULT.hex()}\nbackup {BACKUP.hex()}\n"
    text += f"at 2026-11-27T12:00:00.000001Z\ngeneration 5\nkeyring {fixed('backup keyring').hex()}\n"
    text += f"epochs 2,3\ncatalog 339968 {fixed('backup catalog').hex()}\n"
    text += f"blobs 3 1573610 {hashlib.sha256(LIST.encode()).hexdigest()}\nlog 8 {root}\n"
    empty = text.replace("epochs 2,3", "epochs -").replace("blobs 3 1573610", "blobs 0 0")
    opens, refusals = [], []
    for rule, one in (("of three blobs", text), ("of an empty vault", empty)):
        parse_manifest(one)
        opens.append({"rule": rule, "text": one, "note": sign_note(one, origin, seed)})

    def refuse(rule, code, old, new):
        assert text.count(old) == 1, rule
        vector = {"rule": rule, "text": text.replace(old, new), "refused_by": "text", "code": code}
        refusals.append(confirm(vector, lambda: parse_manifest(vector["text"])))

    refuse("another version", "wrong-magic", "backup/1", "backup/2")
    refuse("a field is missing", "invalid-text", "generation 5\n", "")
    refuse("epochs that fall", "not-canonical", "2,3", "3,2")
    refuse("an epoch twice", "not-canonical", "2,3", "2,2")
    refuse("epoch 0", "out-of-range", "2,3", "0,3")
    refuse("no epoch between commas", "invalid-text", "2,3", "2,,3")
    refuse("a catalog without its length", "invalid-text", "catalog 339968 ", "catalog ")
    refuse("a number with a leading zero", "invalid-text", "blobs 3", "blobs 03")
    refuse("a list's digest that is cut", "wrong-length", hashlib.sha256(LIST.encode()).hexdigest(), "00" * 31)
    refuse("a backup's id in capitals", "invalid-text", BACKUP.hex(), "A" * 32)
    refuse("a line more", "trailing-bytes", root + "\n", root + "\nmore\n")
    refuse("the last newline is cut", "truncated", root + "\n", root)
    return {"opens": opens, "refusals": refusals}


def parse_list(text):
    refuse_unless(text == "" or text.endswith("\n"), "list", "truncated")
    last = ""
    for line in text.split("\n")[:-1]:
        words = line.split(" ")
        refuse_unless(len(words) == 2, "list", "invalid-text")
        try:
            receipt_id(words[0])
            statement_number(words[1], 64)
        except Exception as error:
            error.layer = "list"
            raise
        refuse_unless(last < words[0], "list", "not-canonical")
        last = words[0]


def lists():
    opens, refusals = [], []
    for rule, text, count in (("of three blobs", LIST, 3), ("of none", "", 0)):
        parse_list(text)
        opens.append({"rule": rule, "text": text, "count": count})
    lines = LIST.splitlines(keepends=True)

    def refuse(rule, code, text):
        vector = {"rule": rule, "text": text, "refused_by": "list", "code": code}
        refusals.append(confirm(vector, lambda: parse_list(text)))

    refuse("the last newline is cut", "truncated", LIST[:-1])
    refuse("two blobs change places", "not-canonical", lines[1] + lines[0])
    refuse("a blob twice", "not-canonical", lines[0] + lines[0])
    refuse("a line without a length", "invalid-text", BLOBS[0].hex() + "\n")
    refuse("an empty line", "invalid-text", lines[0] + "\n")
    refuse("a length with a sign", "invalid-text", BLOBS[0].hex() + " +77\n")
    refuse("a name that is cut", "wrong-length", BLOBS[0].hex()[1:] + " 77\n")
    return {"opens": opens, "refusals": refusals}


def record(kind, content=b""):
    return struct.pack(">BI", kind, len(content)) + content


def parse_record(data):
    reader = Reader(data, "record")
    kind, count = reader.number(1), reader.number(4)
    refuse_unless(count <= LONGEST, "record", "out-of-range")
    content = reader.take(count)
    reader.finish()
    refuse_unless(1 <= kind <= 9, "record", "unknown-value")
    if kind in (6, 9):
        refuse_unless(count == 16, "record", "wrong-length")
    if kind in (4, 7):
        refuse_unless(count >= 24, "record", "truncated")
        refuse_unless(count == 24, "record", "trailing-bytes")
    if kind == 8:
        refuse_unless(count == 0, "record", "trailing-bytes")
    return content


def records():
    opens, refusals = [], []
    for name, data in (
        ("begun", record(9, BACKUP)),
        ("catalog", record(1, b"SQLite format 3\0")),
        ("list", record(2, LIST.encode())),
        ("manifest", record(3, b"note")),
        ("blob", record(4, BLOBS[0] + struct.pack(">Q", 77))),
        ("piece", record(5, b"sealed")),
        ("gone", record(6, BLOBS[1])),
        ("incidentCase", record(7, INCIDENT + struct.pack(">Q", 2**64 - 1))),
        ("end", record(8)),
    ):
        parse_record(data)
        opens.append({"rule": name, "bytes": data.hex()})

    def refuse(rule, code, data):
        vector = {"rule": rule, "bytes": data.hex(), "refused_by": "record", "code": code}
        refusals.append(confirm(vector, lambda: parse_record(data)))

    refuse("a kind that there is not", "unknown-value", record(10))
    refuse("kind 0", "unknown-value", record(0))
    refuse("a content over a mebibyte", "out-of-range", struct.pack(">BI", 5, LONGEST + 1))
    refuse("a backup's id that is cut", "wrong-length", record(9, BACKUP[1:]))
    refuse("a blob without its length", "truncated", record(4, BLOBS[0]))
    refuse("a blob with a byte more", "trailing-bytes", record(4, BLOBS[0] + bytes(9)))
    refuse("an end with a byte", "trailing-bytes", record(8, b"\0"))
    return {"opens": opens, "refusals": refusals}


def parse_erasures(text):
    lines = text.split("\n")[:-1]
    refuse_unless(lines and lines.pop(0) == "imagevault-erasures/1", "erasures", "wrong-magic")
    refuse_unless(lines and lines[0].startswith("vault "), "erasures", "invalid-text")
    receipt_id(lines.pop(0).removeprefix("vault "))
    through, last, found = 0, -1, []
    for line in lines:
        words = line.split(" ")
        match words:
            case ["through", size]:
                statement_number(size, 64)
                refuse_unless(int(size) >= through, "erasures", "not-canonical")
                through = int(size)
            case ["restored", size]:
                statement_number(size, 64)
                through, last = int(size), -1
            case ["gone", index, namespace, image, reference]:
                statement_number(index, 64)
                refuse_unless(int(index) >= last, "erasures", "not-canonical")
                refuse_unless(NAMESPACE.fullmatch(namespace), "erasures", "invalid-text")
                receipt_id(image, 64)
                receipt_id(reference, may_miss=True)
                last = int(index)
                found.append(last)
            case _:
                refuse_unless(False, "erasures", "invalid-text")
    return found, through


def erasures():
    head = f"imagevault-erasures/1\nvault {VAULT.hex()}\n"
    image, reference = fixed("erased image").hex(), fixed("erased reference", 16).hex()
    one = f"gone 12 default {image} {reference}\n"
    whole = f"gone 19 shop-2 {image} -\n"
    opens, refusals = [], []
    # For a backup of 15 events: a claim counts wherever it stands, an image only later, or behind a restore.
    for rule, text, counted in (
        ("of nothing", head, []),
        ("a claim, and an image with all claims", head + one + "through 13\n" + whole + "through 20\n", [12, 19]),
        ("an image that went before the backup", head + f"gone 3 default {image} -\n" + one + "through 40\n", [12]),
        ("a log that went on from an earlier place", head + one + whole + "through 30\nrestored 9\n" + f"gone 10 default {image} -\n" + "through 11\n", [12, 19, 10]),
        ("a last line that a crash cut", head + one + "through 13\ngone 14 defau", [12]),
    ):
        found, through = parse_erasures(text)
        opens.append({"rule": rule, "text": text, "lines": len(found), "through": through, "counted": counted})

    def refuse(rule, code, text, layer="erasures"):
        vector = {"rule": rule, "text": text, "refused_by": layer, "code": code}
        refusals.append(confirm(vector, lambda: parse_erasures(text)))

    refuse("another version", "wrong-magic", head.replace("/1", "/2"))
    refuse("no vault", "invalid-text", "imagevault-erasures/1\n" + one)
    refuse("a line of another kind", "invalid-text", head + "kept 1\n")
    refuse("a claim without its id", "invalid-text", head + f"gone 12 default {image}\n")
    refuse("a size that falls", "not-canonical", head + "through 5\nthrough 4\n")
    refuse("an index that falls", "not-canonical", head + whole + one)
    refuse("an image that is cut", "wrong-length", head + f"gone 1 default {image[1:]} -\n", "text")
    return {"opens": opens, "refusals": refusals}


def backups():
    return {"manifests": manifests(), "lists": lists(), "records": records(), "erasures": erasures()}
