"""The vectors of cases, from CaseFormat alone."""

import hashlib
import json
import struct

from vectors import KEY, VAULT, Reader, confirm, fixed, flipped, open_box, patched, refuse_unless, seal_box

INCIDENT = fixed("incident", 16)
CASES = KEY[5, 0, ""]
HEADING = b"IVCA" + struct.pack(">H", 1) + VAULT + INCIDENT
KINDS = {1: "manifest", 2: "census", 3: "bundle", 4: "entry"}
# What may stand before a record of a kind; 0 is the heading.
BEFORE = {1: (0,), 2: (1,), 3: (2, 3), 4: (3, 4)}
LARGEST = 1 << 20

RECORDS = (
    (1, b'{"incident":"' + INCIDENT.hex().encode() + b'","cause":"canary"}'),
    (2, b'{"of":"vault","images":3}\n{"of":"epoch","epoch":1,"keys":6}\n'),
    (3, b"imagevault-bundle/1\nvault "),
    (3, VAULT.hex().encode() + b"\n"),
    (4, b'{"entry":"contained","at":"2026-11-27T08:00:00.000000Z","uid":1000,"grade":"suspend"}'),
    (4, b'{"entry":"noted","at":"2026-11-27T08:01:00.000000Z","uid":1000,"note":"called the hoster"}'),
)


def record_aad(number, before):
    return b"ivault-case" + struct.pack(">I", number) + hashlib.sha256(before).digest()


def append(file, number, kind, content, label="case"):
    box = seal_box(f"{label} {number}", CASES, record_aad(number, file), bytes([kind]) + content)
    return file + struct.pack(">I", len(box)) + box


def case(records=RECORDS, heading=HEADING):
    file = heading
    for number, (kind, content) in enumerate(records):
        file = append(file, number, kind, content)
    return file


def open_case(data, vault=VAULT):
    """The records of a case."""
    reader = Reader(data, "parser")
    refuse_unless(reader.take(4) == b"IVCA", "parser", "wrong-magic")
    refuse_unless(reader.number(2) == 1, "parser", "unknown-version")
    owner, _ = reader.take(16), reader.take(16)
    boxes = []
    while reader.at < len(data):
        count = reader.number(4)
        refuse_unless(41 <= count <= 40 + LARGEST, "parser", "out-of-range")
        boxes.append((reader.at - 4, reader.take(count)))
    refuse_unless(owner == vault, "case", "refused")
    records, last = [], 0
    for number, (start, box) in enumerate(boxes):
        text = open_box("case", CASES, record_aad(number, data[:start]), box)
        refuse_unless(text[0] in KINDS, "case", "unknown-value")
        refuse_unless(last in BEFORE[text[0]], "case", "not-canonical")
        last = text[0]
        records.append((last, text[1:]))
    return records


def boxes(data):
    """Where each record begins, and the end."""
    places, at = [], len(HEADING)
    while at < len(data):
        places.append(at)
        at += 4 + struct.unpack(">I", data[at : at + 4])[0]
    return places + [at]


def faults(good):
    """A rule, the file that breaks it, who refuses it, and how."""
    at = boxes(good)
    yield "nothing at all", b"", "parser", "truncated"
    yield "a heading that is cut", good[:37], "parser", "truncated"
    yield "another magic", patched(good, 0, b"IVCB"), "parser", "wrong-magic"
    yield "another version", patched(good, 4, b"\0\2"), "parser", "unknown-version"
    yield "another vault", patched(good, 6, fixed("other vault", 16)), "case", "refused"
    yield "another incident", patched(good, 22, fixed("other incident", 16)), "case", "refused"
    yield "a record that is cut", good[:-1], "parser", "truncated"
    yield "a length that is cut", good[: at[1] + 3], "parser", "truncated"
    yield "a box with nothing in it", good + struct.pack(">I", 40) + bytes(40), "parser", "out-of-range"
    long = struct.pack(">I", 41 + LARGEST)
    yield "a record that is too long", good + long, "parser", "out-of-range"
    yield "a bit of the nonce is flipped", flipped(good, at[0] + 4), "case", "refused"
    yield "a bit of the census is flipped", flipped(good, at[1] + 40), "case", "refused"
    yield "a bit of a tag is flipped", flipped(good, at[4] - 1), "case", "refused"
    swapped = good[: at[2]] + good[at[3] : at[4]] + good[at[2] : at[3]] + good[at[4] :]
    yield "two records change places", swapped, "case", "refused"
    yield "a record is missing", good[: at[4]] + good[at[5] :], "case", "refused"
    yield "a record is there twice", good + good[at[5] :], "case", "refused"
    yield "an unknown kind of record", append(good, 6, 5, b"x"), "case", "unknown-value"
    yield "evidence after an entry", append(good, 6, 3, b"x"), "case", "not-canonical"
    yield "two manifests", case(RECORDS[:1] * 2), "case", "not-canonical"
    yield "no manifest", case(RECORDS[1:]), "case", "not-canonical"
    yield "no bundle", case(RECORDS[:2] + RECORDS[4:]), "case", "not-canonical"
    yield "records of a kind that comes later", case(RECORDS[4:]), "case", "not-canonical"


def cases():
    opens = []
    for rule, count in (("a heading alone", 0), ("a case as it is opened", 4), ("a case with entries", 6)):
        file = case(RECORDS[:count])
        assert open_case(file) == list(RECORDS[:count])
        digests = [hashlib.sha256(file[:end]).hexdigest() for end in boxes(file)[1:]]
        records = [{"kind": KINDS[kind], "content": content.hex()} for kind, content in RECORDS[:count]]
        one = {"rule": rule, "incident": INCIDENT.hex(), "records": records, "digests": digests}
        opens.append(one | {"file": file.hex(), "digest": hashlib.sha256(file).hexdigest()})
    refusals = []
    for rule, data, layer, code in faults(case()):
        vector = {"rule": rule, "file": data.hex(), "refused_by": layer, "code": code}
        refusals.append(confirm(vector, lambda data=data: open_case(data)))
    assert json.dumps(opens)
    return {"opens": opens, "refusals": refusals}
