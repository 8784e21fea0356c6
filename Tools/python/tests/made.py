"""Bundles and reports that a test makes up, of a vault whose key is here."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from verifiers import PAGE

VAULT = "5a" * 16
ORIGIN = f"imagevault/{VAULT}"
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"a key that everybody knows, yes!")
PUBLIC = b"\x01" + PRIVATE.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
KEY_ID = hashlib.sha256(ORIGIN.encode() + b"\n" + PUBLIC).digest()[:4]
KEY = f"{ORIGIN}+{KEY_ID.hex()}+{base64.b64encode(PUBLIC).decode()}"

OPENING, CLOSING = '<script type="application/octet-stream" id="bundle">\n', "</script>\n"
ROOM = "<!-- bundle -->\n"


def root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root(leaves[:half]) + root(leaves[half:])).digest()


def bundle(events: Sequence[dict[str, Any] | str], *, erased: Collection[int] = (), query: str | None = None) -> bytes:
    """Shows the whole log, whose events are fields, or the text of a body behind its index."""
    lines, leaves = [], []
    for index, event in enumerate(events):
        fields = event if isinstance(event, str) else json.dumps(event)[1:-1]
        body = f'{{"index":{index},{fields}}}'.encode()
        salt = hashlib.sha256(b"salt %d" % index).digest()
        content = hashlib.sha256(salt + body).digest()
        leaves.append(hashlib.sha256(b"\x00" + content).digest())
        spelled = base64.b64encode(content)
        line = b"event " + base64.b64encode(salt) + b" " + spelled + b" " + body
        lines.append(b"erased " + spelled if index in erased else line)
    text = f"{ORIGIN}\n{len(leaves)}\n{base64.b64encode(root(leaves)).decode()}\n"
    signature = base64.b64encode(KEY_ID + PRIVATE.sign(text.encode())).decode()
    rows = "all" if query is None else f"some\nquery {query}"
    heading = f"imagevault-bundle/1\nvault {VAULT}\nrange 0 {len(leaves)}\nrows {rows}\n\n"
    items = b"".join(line + b"\n" for line in lines)
    return heading.encode() + items + f"\n{text}\n\u2014 {ORIGIN} {signature}\n".encode()


def report(content: bytes) -> bytes:
    """The verifier with a bundle in it."""
    page = PAGE.read_text()
    assert page.count(ROOM) == 1
    return page.replace(ROOM, OPENING + base64.encodebytes(content).decode() + CLOSING).encode()
