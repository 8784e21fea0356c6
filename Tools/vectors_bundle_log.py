"""A small log and its bundles, as BundleFormat spells them, and how vectors are made of them.

Part of vectors.py; see vectors_bundles.py.
"""

import base64
import difflib
import hashlib
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import vectors

FULL = 40
# Where a key of the log gives way to the next, and what the vault has no more.
SUCCESSIONS = {21: (1, 2), 35: (2, 3)}
ERASED = {13}
OTHER_VAULT = vectors.fixed("bundle other vault", 16)
FIRST_ITEM = 5


def spell(data):
    return base64.b64encode(data).decode()


def private(label):
    return Ed25519PrivateKey.from_private_bytes(vectors.fixed("bundle " + label))


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


KEYS = {number: private(f"log key {number}") for number in (1, 2, 3)}
STRANGER = private("stranger")
WITNESSES = {f"witness.example/{name}": private(name) for name in ("one", "two", "three")}


def origin(vault=vectors.VAULT):
    return f"imagevault/{vault.hex()}"


def vkey(key, vault=vectors.VAULT):
    return vectors.verifier_key(origin(vault), public(key))


def witness_id(name, key):
    return hashlib.sha256(name.encode() + b"\n\x04" + public(key)).digest()[:4]


def witness_key(name, key):
    return f"{name}+{witness_id(name, key).hex()}+{spell(bytes([4]) + public(key))}"


def signature_line(text, key, name=None, number=None):
    """A line under a note; `name` and `number` (the key id) are the key's own unless another is wanted."""
    name = name or origin()
    number = number or vectors.key_id(name, public(key))
    return f"\u2014 {name} {spell(number + key.sign(text.encode()))}"


def cosignature_line(text, name, key=None, at=1_700_000_000, said=None, number=None):
    """As a witness signs that it saw the log at a second; `said` is another second than the signed one."""
    key = key or WITNESSES[name]
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    number = number or witness_id(name, key)
    return f"\u2014 {name} {spell(number + struct.pack('>Q', said or at) + key.sign(message))}"


# ---- A log, and bundles of it ------------------------------------------------------------------


def event_fields(index):
    """Some life of a vault: puts, readings and their ends, in turn."""
    at = f"2026-11-26T14:{index:02}:00.{index:06}Z"
    if index in SUCCESSIONS:
        old, new = SUCCESSIONS[index]
        note = vectors.make_succession(vectors.VAULT, new, KEYS[old], KEYS[new])
        call = {"door": "admin", "uid": 0, "gid": 0, "pid": 17}
        more = {"generation": new, "key_file": "log-key", "note": note}
        return {"at": at, "action": "log-key.rotated", "outcome": "done"} | call | more
    if index < 2:
        return {"at": at, "action": ("vault.created", "service.started")[index], "outcome": "done"}
    image = vectors.fixed(f"bundle image {index % 5}").hex()
    call = {"door": "images", "uid": 33, "gid": 33, "pid": 4242}
    call |= {"request_id": vectors.fixed(f"bundle request {index // 2}", 8).hex()}
    match index % 4:
        case 0:
            more = {"action": "read.begun", "outcome": "done"} | call | {"image": image}
        case 1:
            more = {"action": "read.ended", "outcome": "done"} | call
            more |= {"image": image, "bytes": 200000, "duration_us": 1234, "begun_at": index - 1}
        case 2:
            more = {"action": "image.put", "outcome": "refused", "code": "image-refused"}
            more |= {"finding": "jpeg-truncated"} | call | {"bytes": 200000}
        case _:
            more = {"action": "image.delete", "outcome": "done"} | call | {"namespace": "default", "image": image}
    return {"at": at} | more


class Log:
    """Leaves with their salts and bodies; a leaf can be given another body, as somebody would who has the keys."""

    def __init__(self, label="log", vault=vectors.VAULT, count=FULL, bodies=None):
        self.label, self.vault = label, vault
        self.bodies = [vectors.event_body({"index": i} | event_fields(i)) for i in range(count)]
        for index, body in (bodies or {}).items():
            self.bodies[index] = body
        self.salts = [vectors.fixed(f"bundle {label} salt {i}") for i in range(count)]
        pairs = zip(self.salts, self.bodies)
        self.contents = [hashlib.sha256(salt + body).digest() for salt, body in pairs]

    def root(self, start, end):
        return vectors.tree_root([*self.contents[start:end]])

    def event(self, index, body=None, content=None):
        body = self.bodies[index] if body is None else body
        content = content or self.contents[index]
        return f"event {spell(self.salts[index])} {spell(content)} {body.decode()}"

    def leaf(self, index):
        return f"erased {spell(self.contents[index])}" if index in ERASED else self.event(index)

    def nodes(self, start, end):
        while start < end:
            height = (end - start).bit_length() - 1
            while start % (1 << height):
                height -= 1
            yield f"node {height} {spell(self.root(start, start + (1 << height)))}"
            start += 1 << height

    def text(self, size, root=None):
        return f"{origin(self.vault)}\n{size}\n{spell(root or self.root(0, size))}\n"

    def checkpoint(self, size, key, more=()):
        """The lines of a signed checkpoint, with further signature lines in front."""
        text = self.text(size)
        return text.split("\n") + [*more, signature_line(text, key, origin(self.vault)), ""]

    def note(self, size, key):
        return "\n".join(self.checkpoint(size, key))

    def bundle(self, size, key, start, end, shown=None, query=None, stops=(), more=()):
        """Lines of a bundle: all of the range or, with a query, the rows `shown`; nodes end at the `stops`."""
        heading = ["imagevault-bundle/1", f"vault {self.vault.hex()}", f"range {start} {end}"]
        heading += ["rows all"] if query is None else ["rows some", f"query {query}"]
        shown = range(start, end) if query is None else shown
        items, at = [], 0
        for place in sorted({*shown, *stops, size}):
            items += self.nodes(at, place)
            at = place
            if place in shown:
                items.append(self.leaf(place))
                at += 1
        return heading + [""] + items + [""] + self.checkpoint(size, key, more)


# ---- What the file holds -----------------------------------------------------------------------


class Cases:
    """The bundles under their names, and the vectors that use them."""

    def __init__(self):
        self.bundles, self.opens, self.refusals = {}, [], []

    def vector(self, rule, of, lines, keys, extra):
        vector = {"rule": rule, "of": of}
        if lines is not None:
            vector["edits"] = edits(self.bundles[of], lines)
        keys = [key if isinstance(key, str) else vkey(KEYS[key]) for key in keys]
        return vector | {"keys": keys} | extra

    def opening(self, rule, of, keys, says, lines=None, carried=None, **extra):
        lines_now = carried or (self.bundles[of] if lines is None else lines)
        heading = dict(line.split(" ", 1) for line in lines_now[1 : lines_now.index("")])
        start, end = heading["range"].split(" ")
        said = {"vault": heading["vault"], "from": start, "to": end, "rows": heading["rows"]}
        said |= {"query": heading["query"]} if "query" in heading else {}
        said |= {"events": sum(line.startswith("event ") for line in lines_now)}
        said |= {"erased": sum(line.startswith("erased ") for line in lines_now)}
        self.opens.append(self.vector(rule, of, lines, keys, extra) | {"says": said | says})

    def refusal(self, refused_by, index, rule, of, lines=None, keys=(3,), **extra):
        vector = self.vector(rule, of, lines, keys, extra)
        self.refusals.append(vector | {"refused_by": refused_by, "index": str(index)})


def edits(old, new):
    """What makes one list of lines from the other, from the last edit to the first: so places stay true."""
    matcher = difflib.SequenceMatcher(None, old, new, False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    return [{"at": a, "delete": b - a, "insert": new[c:d]} for _, a, b, c, d in reversed(changes)]


def spliced(lines, at, delete, *insert):
    return lines[:at] + [*insert] + lines[at + delete :]


def swapped(lines, at, old, new):
    """The lines, with a part of one changed."""
    assert lines[at].count(old) == 1, (lines[at], old)
    return spliced(lines, at, 1, lines[at].replace(old, new))


def turned(text, at=5):
    """Base64 with one digit changed, which is no padding's."""
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]


def says(log, size, key, **more):
    return {"size": str(size), "root": log.root(0, size).hex(), "signer": fingerprint(KEYS[key])} | more


def fingerprint(key):
    return hashlib.sha256(public(key)).hexdigest()
