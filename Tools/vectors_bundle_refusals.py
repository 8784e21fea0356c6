"""Bundles that break each rule of BundleFormat: which rule, and at which index.

Part of vectors.py; see vectors_bundles.py.
"""

import hashlib

import vectors
from vectors_bundle_log import FIRST_ITEM, FULL, KEYS, Log, OTHER_VAULT, STRANGER, event_fields, fingerprint, origin
from vectors_bundle_log import public, says, signature_line, spell, spliced, swapped, turned, vkey


def broken_headings(cases):
    lines = cases.bundles["rows"]

    def refuse(rule, at, old, new):
        cases.refusal("form", 0, rule, "rows", swapped(lines, at, old, new))

    refuse("another first line", 0, "bundle/1", "bundle/2")
    refuse("a space behind the first line", 0, "bundle/1", "bundle/1 ")
    refuse("lines that end with two characters", 0, "bundle/1", "bundle/1\r")
    refuse("a byte order mark", 0, "imagevault", "\ufeffimagevault")
    refuse("upper-case digits", 1, vectors.VAULT.hex(), vectors.VAULT.hex().upper())
    refuse("a vault of 15 bytes", 1, vectors.VAULT.hex(), vectors.VAULT.hex()[2:])
    refuse("a leading zero", 2, "range 2 ", "range 02 ")
    refuse("a sign", 2, "range 2 ", "range +2 ")
    refuse("a number of 2^64", 2, " 39", f" {2**64}")
    refuse("a digit that is not ASCII", 2, " 39", " 3\u0669")
    refuse("two spaces", 2, "range ", "range  ")
    refuse("three numbers", 2, " 39", " 39 40")
    refuse("one number", 2, " 39", "")
    refuse("other rows", 3, "some", "most")
    refuse("all rows, with a query", 3, "some", "all")
    refuse("a space in the query", 4, "&", " ")
    refuse("a query that is not ASCII", 4, "%C3%A9", "\u00e9")

    def cut(rule, lines):
        cases.refusal("form", 0, rule, "rows", lines)

    cut("some rows, and no query", spliced(lines, 4, 1))
    cut("no vault", spliced(lines, 1, 1))
    cut("two lines change places", spliced(lines, 1, 2, lines[2], lines[1]))
    cut("a line more", spliced(lines, 5, 0, "page 1"))
    cut("no empty line behind the heading", spliced(lines, 5, 1))
    cut("nothing at all", [""])
    cut("an empty line in front", [""] + lines)
    cut("cut within the heading", lines[:2] + [""])
    cut("cut within a line of the heading", lines[:2] + ["range 2"])
    cut("cut behind the heading", lines[:6] + [""])
    cut("cut behind the heading's last line", lines[:5] + [""])


def broken_items(cases, log):
    """Form, in the event 17 of a log that is shown whole, or in a node of another bundle."""
    lines, at = cases.bundles["all"], FIRST_ITEM + 17
    _, salt, content, body = lines[at].split(" ", 3)

    def refuse(rule, line, refused_by="form"):
        cases.refusal(refused_by, 17, rule, "all", spliced(lines, at, 1, line))

    refuse("another kind of item", lines[at].replace("event", "entry"))
    refuse("an item in upper case", lines[at].replace("event", "EVENT"))
    refuse("an item of one word", "event")
    refuse("an empty line in place of an item", "")
    refuse("an event without a body", f"event {salt} {content}")
    refuse("an event with an empty body", f"event {salt} {content} ")
    refuse("a salt of 31 bytes", f"event {spell(bytes(31))} {content} {body}")
    refuse("a content of 33 bytes", f"event {salt} {spell(bytes(33))} {body}")
    refuse("Base64 in another spelling", f"event {salt[:-2]}{chr(ord(salt[-2]) + 1)}= {content} {body}")
    refuse("Base64 without its padding", f"event {salt[:-1]} {content} {body}")
    refuse("Base64 for the web", f"event {salt[:4]}-{salt[5:]} {content} {body}")
    refuse("two spaces behind the word", lines[at].replace("event ", "event  "))
    refuse("a tabulator for a space", lines[at].replace("event ", "event\t"))
    refuse("a dash between salt and content", f"event {salt}-{content} {body}")
    refuse("a dash between content and body", f"event {salt} {content}-{body}")
    refuse("a control character in the body", lines[at].replace("done", "do\u001bne"))
    refuse("the last control character in the body", lines[at].replace("done", "do\u007fne"))
    refuse("a body that is not ASCII", lines[at].replace("done", "d\u00f8ne"))
    refuse("an end of line of two characters", lines[at] + "\r")
    refuse("an erased leaf with a body", f"erased {content} {body}")
    refuse("an erased leaf with a salt", f"erased {salt} {content}")
    refuse("a node without a hash", "node 0")

    def long(rule, refused_by, count):
        cases.refusal(refused_by, 17, rule, "all", spliced(lines, at, 1, lines[at] + "A"))
        cases.refusals[-1]["edits"][0]["pad"] = count

    long("a line that is too long", "form", 65537)
    long("a line that is as long as may be, and changed", "content", 65536)
    cases.refusal("form", 17, "cut behind an event", "all", lines[:at] + [""])
    cases.refusal("form", 17, "cut within an event", "all", lines[:at] + [lines[at][:150]])
    cases.refusal("form", 17, "the newline of an event is cut", "all", lines[:at] + [lines[at]])
    lines, at = cases.bundles["range"], FIRST_ITEM + 1
    assert lines[at].startswith("node 1 ")
    for rule, old, new in (
        ("a height of 63", "node 1", "node 63"),
        ("a height of 2^64", "node 1", f"node {2**64}"),
        ("a height with a leading zero", "node 1", "node 01"),
        ("a height below zero", "node 1", "node -1"),
        ("a height that is no number", "node 1", "node one"),
        ("a node of two hashes", "node 1 ", f"node 1 {salt} "),
        ("a hash with a space behind", "=", "= "),
    ):
        cases.refusal("form", 8, rule, "range", swapped(lines, at, old, new))


def broken_checkpoints(cases, log):
    lines = cases.bundles["all"]
    end = FIRST_ITEM + FULL

    def refuse(rule, new, refused_by="form"):
        cases.refusal(refused_by, FULL, rule, "all", new)

    text, (number, root, sign) = log.text(FULL), (lines[end + 2], lines[end + 3], lines[end + 5])
    refuse("cut behind the last event", lines[:end] + [""])
    refuse("no checkpoint", lines[: end + 1] + [""])
    refuse("no empty line in front of the checkpoint", spliced(lines, end, 1))
    refuse("two empty lines in front of the checkpoint", spliced(lines, end, 0, ""))
    for count, what in ((1, "origin"), (2, "size"), (3, "root"), (4, "empty line")):
        refuse(f"cut behind the checkpoint's {what}", lines[: end + 1 + count] + [""])
    refuse("cut within the signature", lines[: end + 5] + [sign[:60]])
    refuse("the last newline is cut", lines[:-1])
    refuse("no signature", spliced(lines, end + 5, 1))
    refuse("no empty line in front of the signature", spliced(lines, end + 4, 1))
    refuse("a line of the checkpoint more", spliced(lines, end + 4, 0, "extension"))
    refuse("a checkpoint without an origin", spliced(lines, end + 1, 1, ""))
    refuse("a byte order mark in front of the checkpoint", swapped(lines, end + 1, "image", "\ufeffimage"))
    refuse("a space in the origin", swapped(lines, end + 1, "/", "/ "))
    refuse("a size with a leading zero", spliced(lines, end + 2, 1, "0" + number))
    refuse("a size of 2^64", spliced(lines, end + 2, 1, str(2**64)))
    refuse("a root of 31 bytes", spliced(lines, end + 3, 1, spell(bytes(31))))
    refuse("a root in another spelling", spliced(lines, end + 3, 1, f"{root[:-2]}{chr(ord(root[-2]) + 1)}="))
    refuse("a hyphen for the dash", swapped(lines, end + 5, "\u2014", "-"))
    refuse("two spaces in the signature", swapped(lines, end + 5, "\u2014 ", "\u2014  "))
    refuse("a signature without a name", spliced(lines, end + 5, 1, "\u2014 " + sign.split(" ")[2]))
    refuse("a name that is not ASCII", swapped(lines, end + 5, "imagevault/", "imagevault/\u00e9"))
    refuse("a word behind the signature", spliced(lines, end + 5, 1, sign + " x"))
    refuse("a signature that is no Base64", spliced(lines, end + 5, 1, sign[:-1]))
    refuse("a signature in another spelling", spliced(lines, end + 5, 1, f"{sign[:-2]}{chr(ord(sign[-2]) + 1)}="))
    refuse("a signature of 4 bytes", spliced(lines, end + 5, 1, f"\u2014 {origin()} {spell(bytes(4))}"))
    refuse("17 signatures", spliced(lines, end + 5, 0, *[sign] * 16))
    refuse("an empty line behind", lines + [""])
    refuse("something behind", lines[:-1] + ["more", ""])
    refuse("a second checkpoint behind", lines[:-1] + lines[end:])
    much = spliced(lines, end + 5, 0, "\u2014 padding AAAA")
    length = len("\n".join(lines[end + 1 :]).encode())
    name = "p" * (-(16384 - length - len("\u2014  \n".encode())) % 4 or 4)
    much = spliced(lines, end + 5, 0, f"\u2014 {name} AAAA")
    cases.opening("a checkpoint that is as long as may be", "all", [3], says(log, FULL, 3), much)
    cases.opens[-1]["edits"][0]["pad"] = 16384 - length
    refuse("a checkpoint that is too long by a byte", spliced(lines, end + 5, 0, f"\u2014 p{name} AAAA"))
    cases.refusals[-1]["edits"][0]["pad"] = 16384 - length + 1
    alone = signature_line(text, KEYS[3])
    assert alone == sign
    cases.opening("16 signatures", "all", [3], says(log, FULL, 3), spliced(lines, end + 5, 0, *[sign] * 15))


def misplaced(cases, log):
    """Rules of place, range and content."""
    lines, first = cases.bundles["all"], FIRST_ITEM

    def refuse(refused_by, index, rule, new, of="all"):
        cases.refusal(refused_by, index, rule, of, new)

    refuse("place", 17, "an event in the middle is deleted", spliced(lines, first + 17, 1))
    refuse("place", 0, "the first event is deleted", spliced(lines, first, 1))
    refuse("place", 17, "two events change places", spliced(lines, first + 17, 2, lines[first + 18], lines[first + 17]))
    refuse("place", 18, "an event is there twice", spliced(lines, first + 17, 0, lines[first + 17]))
    refuse("place", 13, "an erased leaf is deleted", spliced(lines, first + 13, 1))
    body = log.bodies[1].replace(b'"index":1,', b'"index":1 ,')
    refuse("place", 1, "an index with a space behind", spliced(lines, first + 1, 1, log.event(1, body)))
    body = log.bodies[1].replace(b'"index":1,', b'"index":01,')
    refuse("place", 1, "an index with a leading zero", spliced(lines, first + 1, 1, log.event(1, body)))
    refuse("place", 1, "an index that only begins alike", spliced(lines, first + 1, 1, lines[first + 10]))
    body = log.bodies[1].replace(b'{"index":1,', b'{"at":"","index":1,')
    refuse("place", 1, "a body that begins otherwise", spliced(lines, first + 1, 1, log.event(1, body)))
    ranged = cases.bundles["range"]
    eight, two = ranged[first : first + 2]
    refuse("place", 2, "two nodes change places", spliced(ranged, first, 2, two, eight), "range")
    refuse("place", 8, "a node of another height", swapped(ranged, first + 1, "node 1", "node 4"), "range")
    high = f"node 62 {spell(bytes(32))}"
    refuse("place", 2**62, "nodes as far as 2^63", spliced(cases.bundles["folded"], first, 1, high, high), "folded")

    refuse("range", 0, "an event in front of the range", spliced(ranged, first, 1, *lines[first : first + 8]), "range")
    at = first + 2 + 19
    refuse("range", 29, "an event behind the range", spliced(ranged, at, 1, lines[first + 29]), "range")
    away = spliced(ranged, first + 1, len(ranged) - first - 8, *log.nodes(8, FULL))
    refuse("range", 8, "the range is folded away", away, "range")
    refuse("range", 12, "a node in the middle of the range", spliced(ranged, first + 4, 2, *log.nodes(12, 14)), "range")
    away = spliced(ranged, first + 2, 1, *log.nodes(10, 11))
    refuse("range", 10, "one event of the range is folded away", away, "range")
    refuse("range", 13, "an erased leaf behind the range", swapped(ranged, 2, "29", "13"), "range")
    rows = cases.bundles["rows"]
    refuse("range", 3, "a row in front of the range", swapped(rows, 2, "2 39", "4 39"), "rows")
    refuse("range", 38, "a row behind the range", swapped(rows, 2, "2 39", "2 38"), "rows")
    refuse("range", 8, "a range that is wider than what is shown", swapped(ranged, 2, "10", "9"), "range")
    refuse("range", FULL, "a range behind the log's end", swapped(lines, 2, " 40", " 41"))
    back = swapped(cases.bundles["growth"], 2, "24 24", "24 23")
    refuse("range", FULL, "a range that ends in front of its beginning", back, "growth")
    refuse("range", 0, "the events of a range that ends in front of its beginning", swapped(lines, 2, "0 40", "40 0"))

    body = log.bodies[17].replace(b"200000", b"200001")
    refuse("content", 17, "a body is edited", spliced(lines, first + 17, 1, log.event(17, body)))
    body = log.bodies[17][:-1]
    refuse("content", 17, "a body is cut", spliced(lines, first + 17, 1, log.event(17, body)))
    _, salt, content, body = lines[first + 17].split(" ", 3)
    refuse("content", 17, "a salt is edited", spliced(lines, first + 17, 1, f"event {turned(salt)} {content} {body}"))
    other = f"event {salt} {turned(content)} {body}"
    refuse("content", 17, "a content is edited", spliced(lines, first + 17, 1, other))
    longer = log.event(39, log.bodies[39] + b" ")
    refuse("content", 39, "the newest body is edited", spliced(lines, first + 39, 1, longer))
    word, salt, content, body = rows[first + 3].split(" ", 3)
    other = f"{word} {content} {salt} {body}"
    refuse("content", 3, "salt and content change places", spliced(rows, first + 3, 1, other), "rows")


def ends(cases, log):
    """Rules behind the last item: vault and signature."""
    lines, end = cases.bundles["all"], FIRST_ITEM + FULL
    text, sign = log.text(FULL), lines[end + 5]
    number = vectors.key_id(origin(), public(KEYS[3]))

    def refuse(refused_by, rule, new=None, of="all", **extra):
        cases.refusal(refused_by, FULL, rule, of, new, **extra)

    def signed(text, key=KEYS[3], **more):
        return lines[: end + 1] + text.split("\n") + [signature_line(text, key, **more), ""]

    theirs = Log("other", OTHER_VAULT)
    refuse("vault", "the heading of another vault", swapped(lines, 1, vectors.VAULT.hex(), OTHER_VAULT.hex()))
    refuse("vault", "the checkpoint of another vault", lines[: end + 1] + theirs.checkpoint(FULL, KEYS[3]))
    refuse("vault", "an origin of another kind", signed(text.replace("imagevault/", "imagevaults/")))
    refuse("vault", "an origin with something behind", signed(text.replace("\n", "/2\n", 1)))

    refuse("signature", "the key is another one", keys=(vkey(STRANGER),))
    refuse("signature", "the keys are earlier ones, and no succession is shown", of="one", keys=(1, 2))
    refuse("signature", "the key is the same under another vault's name", keys=(vkey(KEYS[3], OTHER_VAULT),))
    refuse("signature", "a signature is edited", spliced(lines, end + 5, 1, turned(sign, -20)))
    refuse("signature", "a checkpoint that somebody else signed", signed(text, STRANGER))
    refuse("signature", "somebody else's signature under the key's id", signed(text, STRANGER, number=number))
    refuse("signature", "a signature under another name", signed(text, name="another.example"))
    other = signed(text, name="another.example", number=number)
    refuse("signature", "a signature under another name and the key's id", other)
    refuse("signature", "a signature under another key id", signed(text, number=bytes(4)))
    more = signature_line(text + "\n", KEYS[3])
    refuse("signature", "a signature over another text", spliced(lines, end + 5, 1, more))
    more = f"\u2014 {origin()} {spell(number + KEYS[3].sign(text.encode()) + bytes(1))}"
    refuse("signature", "a signature with a byte more", spliced(lines, end + 5, 1, more))
    refuse("signature", "the checkpoint's size is edited", spliced(lines, end + 2, 1, "41"))
    refuse("signature", "the checkpoint's root is edited", spliced(lines, end + 3, 1, turned(lines[end + 3])))
    pinned = {"keys": (vkey(STRANGER), 3), "fingerprint": fingerprint(STRANGER)}
    refuse("signature", "the key that signed stands in the file beside the one with the fingerprint", **pinned)


def sizes(cases, log):
    """The size of the tree, and its root."""
    lines, end = cases.bundles["all"], FIRST_ITEM + FULL
    other = Log("other")

    def refuse(refused_by, index, rule, new, of="all", **extra):
        cases.refusal(refused_by, index, rule, of, new, **extra)

    shorter = spliced(lines, end - 1, 1)
    refuse("range", 39, "the newest event is deleted", shorter)
    refuse("size", 39, "the newest event is deleted, and the range made to fit", swapped(shorter, 2, " 40", " 39"))
    refuse("size", FULL, "an earlier checkpoint under more events", lines[: end + 1] + log.checkpoint(39, KEYS[3]))
    folded, at = cases.bundles["folded"], FIRST_ITEM
    refuse("size", 16, "half of the log is deleted", spliced(folded, at, 1, *log.nodes(0, 16)), "folded", keys=(2,))
    refuse("size", FULL, "a node more", spliced(folded, at + 1, 0, *log.nodes(32, 40)), "folded", keys=(2,))
    first = cases.bundles["first"]
    none = swapped(spliced(first, at, 1), 2, "0 1", "0 0")
    refuse("size", 0, "the only event is deleted, and the range made to fit", none, "first", keys=(1,))

    body = log.bodies[17].replace(b"200000", b"200001")
    content = hashlib.sha256(log.salts[17] + body).digest()
    anew = "a body is edited, and its content made anew"
    refuse("root", FULL, anew, spliced(lines, at + 17, 1, log.event(17, body, content)))
    erased = f"erased {spell(content)}"
    refuse("root", FULL, "a leaf is erased under another content", spliced(lines, at + 17, 1, erased))
    ranged = cases.bundles["range"]
    word, height, spelled = ranged[at].split(" ")
    edited = f"{word} {height} {turned(spelled)}"
    refuse("root", FULL, "the hash of a node is edited", spliced(ranged, at, 1, edited), "range")
    refuse("root", FULL, "a range under the nodes of another log", spliced(ranged, at, 1, *other.nodes(0, 8)), "range")
    half = spliced(lines, at + 20, 20, *map(other.leaf, range(20, FULL)))
    refuse("root", FULL, "the second half is another log's", half)
    refuse("root", FULL, "the whole log is another one", other.bundle(FULL, KEYS[3], 0, FULL)[:end] + lines[end:])
    numbered = {i: log.bodies[i + 1].replace(b":%d," % (i + 1), b":%d," % i, 1) for i in range(17, 39)}
    closed = Log(count=39, bodies=numbered).bundle(39, KEYS[3], 0, 39)[: end - 1] + [""] + log.checkpoint(39, KEYS[3])
    refuse("root", 39, "an event in the middle is deleted, and what follows made anew", closed)
    rows = cases.bundles["rows"]
    word, height, spelled = rows[at + 1].split(" ")
    pair = [f"{word} {int(height) - 1} {spelled}"] * 2
    refuse("root", FULL, "one hash for two nodes", spliced(rows, at + 1, 1, *pair), "rows")
    text = log.text(0, bytes(32))
    empty = cases.bundles["empty"][:6] + text.split("\n") + [signature_line(text, KEYS[1]), ""]
    refuse("root", 0, "another root of the empty log", empty, "empty", keys=(1,))


def successions(cases, log):
    """What makes no key trusted. The log of each is as its vault wrote it: only the note is none."""
    note = vectors.make_succession(vectors.VAULT, 2, KEYS[1], KEYS[2])
    text, _, under = note.partition("\n\n")
    old, new, _ = under.split("\n")
    text += "\n"
    fields = event_fields(21)
    signed = [signature_line(text, KEYS[1]), signature_line(text, KEYS[2])]
    assert [old, new] == signed
    stranger = vectors.make_succession(vectors.VAULT, 2, STRANGER, KEYS[2])
    otherwise = vectors.make_succession(OTHER_VAULT, 2, KEYS[1], KEYS[2])

    def anew(old_part, new_part):
        assert text.count(old_part) == 1, old_part
        changed = text.replace(old_part, new_part)
        return "\n".join([changed, *(signature_line(changed, KEYS[n]) for n in (1, 2)), ""])

    cases.bundles["succession"] = log.bundle(24, KEYS[2], 21, 24)
    cases.opening("a range that begins with a succession", "succession", [1], says(log, 24, 2))

    def refuse(rule, keys=(1,), **changed):
        body = vectors.event_body({"index": 21} | {k: v for k, v in (fields | changed).items() if v is not None})
        lines = Log(bodies={21: body}).bundle(24, KEYS[2], 21, 24)
        cases.refusal("signature", 24, "a succession: " + rule, "succession", lines, keys)

    refuse("its event has no note", note=None)
    refuse("its event is another one", action="log.read")
    refuse("its event is another one that speaks of it", action="log.read", key_file="log-key.rotated")
    refuse("from a key that is not trusted", note=stranger)
    refuse("of another vault", note=otherwise)
    refuse("under another vault's name", note=anew(f"{origin()}/log-key", f"{origin(OTHER_VAULT)}/log-key"))
    refuse("to a key under another name", note=anew(vkey(KEYS[2]), vkey(KEYS[2], OTHER_VAULT)))
    number = vectors.key_id(origin(), public(KEYS[2])).hex()
    refuse("to a key under another key's id", note=anew(number, vectors.key_id(origin(), public(KEYS[1])).hex()))
    refuse("without the new key's signature", note=f"{text}\n{old}\n")
    refuse("without the old key's signature", note=f"{text}\n{new}\n")
    refuse("with the new key's signature first", note=f"{text}\n{new}\n{old}\n")
    refuse("with a signature more", note=f"{text}\n{old}\n{new}\n{new}\n")
    false = signature_line(text, STRANGER, number=vectors.key_id(origin(), public(KEYS[1])))
    refuse("with a false signature of the old key", note=f"{text}\n{false}\n{new}\n")
    refuse("with something behind", note=note + "more\n")
    refuse("without its last newline", note=note[:-1])
    refuse("of another kind of text", note=anew("/log-key\n", "/log-keys\n"))
    refuse("with a number in another spelling", note=anew("\n2\n", "\n02\n"))
    refuse("with a line more", note=anew("\n2\n", "\n2\n3\n"))
    refuse("from the key to itself", note=vectors.make_succession(vectors.VAULT, 2, KEYS[1], KEYS[1]))
    lines = cases.bundles["succession"]
    gone = spliced(lines, lines.index(log.event(21)), 1, f"erased {spell(log.contents[21])}")
    cases.refusal("signature", 24, "a succession whose body is erased", "succession", gone, (1,))
    both = log.bundle(FULL, KEYS[3], 35, FULL)
    cases.refusal("signature", FULL, "a succession from a key that no one made trusted", "successions", both, (1,))


def known(cases, log):
    """An earlier checkpoint that the reader brings along, and a fingerprint."""
    other, theirs = Log("other"), Log("other", OTHER_VAULT)

    def refuse(refused_by, rule, note, of="growth", lines=None, keys=(1, 2, 3)):
        index = {"power": 32}.get(of, FULL)
        cases.refusal(refused_by, index, rule, of, lines, keys, known=note)

    note = log.note(24, KEYS[2])
    refuse("known-signature", "of a key that is not trusted", log.note(24, STRANGER))
    refuse("known-signature", "of a key that the reader has not", note, keys=(3,))
    refuse("known-signature", "edited", note.replace("\n24\n", "\n25\n"))
    refuse("known-signature", "of another vault", theirs.note(24, KEYS[2]))
    refuse("known-signature", "without a signature", note.partition("\n\n")[0] + "\n")
    refuse("known-signature", "without its last newline", note[:-1])
    refuse("known-signature", "of nothing", "")
    text = theirs.text(24)
    refuse("known-vault", "of another vault under this one's name", f"{text}\n{signature_line(text, KEYS[2])}\n")
    refuse("rolled-back", "newer than a true bundle", log.note(FULL, KEYS[3]), "power")
    refuse("rolled-back", "newer by one than a true bundle", log.note(33, KEYS[2]), "power")
    refuse("not-passed", "of a size within a node", log.note(20, KEYS[1]))
    refuse("not-passed", "of a size one short of a node's end", log.note(23, KEYS[2]))
    refuse("forked", "of another log, which grew on", other.note(24, KEYS[2]))
    refuse("forked", "of another log of the same size", other.note(FULL, KEYS[3]))
    refuse("forked", "of another log, at a row", other.note(33, KEYS[2]), "all")
    longer = Log(bodies={30: vectors.event_body({"index": 30} | event_fields(34))})
    fork = longer.bundle(FULL, KEYS[3], 0, FULL)
    refuse("forked", "of the log before it was forked, and grew longer", log.note(32, KEYS[2]), "all", fork)
    text = log.text(0, bytes(32))
    refuse("forked", "of the empty log, with another root", f"{text}\n{signature_line(text, KEYS[1])}\n")
    for entry in cases.refusals[-17:]:
        entry["rule"] = "a known checkpoint " + entry["rule"]

    def pin(rule, of="all", lines=None, keys=(1, 2, 3), of_key=STRANGER):
        cases.refusal("fingerprint", 0, rule, of, lines, keys, fingerprint=fingerprint(of_key))

    pin("the fingerprint is of no key in the file")
    anew = log.bundle(FULL, STRANGER, 0, FULL)
    pin("the key was replaced by another, and all signed anew", "all", anew, (vkey(STRANGER),), KEYS[3])
    pin("the fingerprint is tried before all else", "all", [""])


def every_rule(cases, log):
    broken_headings(cases)
    broken_items(cases, log)
    broken_checkpoints(cases, log)
    for part in (misplaced, ends, sizes, successions, known):
        part(cases, log)
