"""Secrets, every form in which they could stand somewhere, and the search for them.

A secret of text has the run's word in it, so that one search finds all of them; what is no text (pixels, an address,
a trace) is looked for by both halves of its bytes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import urllib.parse
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from canary_places import Place

#: How deep text in Base64, or compressed, is opened up.
DEPTH = 3
#: Bytes that are looked at at once.
BLOCK = 8
#: Bytes around a hit in which the whole secret is looked for.
AROUND = 3000


@dataclass(frozen=True)
class Secret:
    """One secret and the input that it was put into. `rule` is what the table knows it by."""

    input: str
    rule: str
    value: bytes


@dataclass(frozen=True)
class Hit:
    secret: Secret | None
    form: str
    place: Place
    where: str
    around: bytes

    @property
    def rule(self) -> str | None:
        return self.secret.rule if self.secret else None

    def __str__(self) -> str:
        what = f"{self.secret.rule} (put into {self.secret.input})" if self.secret else "part of a secret"
        return f"{what}, {self.form}, in {self.place}, {self.where}: {self.around!r}"


def forms(value: bytes, is_text: bool = True) -> dict[str, bytes]:
    """What the bytes look like in each coding that somebody might have written them in."""
    text = value.decode("latin-1")
    found = {"raw": value, "reversed": value[::-1], "json": json.dumps(text)[1:-1].encode()}
    if is_text:
        found |= {"lower": value.lower(), "UPPER": value.upper()}
    found |= {"utf-16le": text.encode("utf-16-le"), "utf-16be": text.encode("utf-16-be")}
    found["percent, as needed"] = urllib.parse.quote_from_bytes(value).encode()
    for name, one in EACH_BYTE.items():
        for between in (b"", b" ", b",", b", ", b":") if name in SPACED else (b"",):
            coded = between.join(one.format(byte).encode() for byte in value)
            found[name + (f", {between.decode()!r} between" if between else "")] = coded
    for shift in range(3):
        found[f"base64+{shift}"] = coded = inner(base64.b64encode, value, shift, 6)
        found[f"base64url+{shift}"] = coded.translate(bytes.maketrans(b"+/", b"-_"))
    for shift in range(5):
        found[f"BASE32+{shift}"] = coded = inner(base64.b32encode, value, shift, 5)
        found[f"base32+{shift}"] = coded.lower()
    named: dict[bytes, str] = {}
    for name, form in found.items():
        # Where two are the same the plainer one has the word.
        named.setdefault(form, name)
    return {name: form for form, name in named.items() if len(form) >= 8}


#: How a byte is written where each is by itself, and those that may have something between them.
EACH_BYTE = {
    "hex": "{:02x}",
    "HEX": "{:02X}",
    "decimal": "{}",
    "percent": "%{:02X}",
    "percent, lower": "%{:02x}",
    "json, all": "\\u{:04x}",
    "JSON, all": "\\u{:04X}",
    "swift": "\\u{{{:x}}}",
    "SWIFT": "\\u{{{:X}}}",
    "octal": "\\{:03o}",
    "\\x": "\\x{:02x}",
    "\\X": "\\x{:02X}",
    "0x": "0x{:02x}",
}
SPACED = ("hex", "HEX", "decimal", "0x")


def inner(coded: Callable[[bytes], bytes], value: bytes, shift: int, bits: int) -> bytes:
    """What of a coding depends on the value alone, behind so many bytes of something else. A letter has `bits`."""
    whole = coded(bytes(shift) + value).rstrip(b"=")
    return whole[-(-shift * 8 // bits) : len(whole) - ((shift + len(value)) * 8 % bits > 0)]


class Search:
    """Looks for all secrets of a run in bytes."""

    def __init__(self, word: bytes, secrets: list[Secret]) -> None:
        self.needles: dict[bytes, tuple[str, Secret | None]] = {
            form: (name, None) for name, form in forms(word).items()
        }
        #: What has the word in it, by the coding that it is in.
        self.whole: dict[str, list[tuple[Secret, bytes]]] = defaultdict(list)
        for secret in secrets:
            if word in secret.value:
                for name, form in forms(secret.value).items():
                    self.whole[name].append((secret, form))
                continue
            middle = len(secret.value) // 2
            for half in (secret.value[:middle], secret.value[middle:]):
                self.needles |= {form: (name, secret) for name, form in forms(half, is_text=half.isascii()).items()}
        self.blocks: dict[int, list[bytes]] = defaultdict(list)
        self.short = [needle for needle in self.needles if len(needle) < 2 * BLOCK - 1]
        for needle in self.needles.keys() - self.short:
            for at in range(BLOCK):
                self.blocks[int.from_bytes(needle[at : at + BLOCK], sys.byteorder)].append(needle)
        self.wanted = frozenset(self.blocks)

    def _candidates(self, content: bytes) -> Iterable[bytes]:
        """The needles that could be there: wherever a long one stands, one of the blocks is its own."""
        blocks = memoryview(content)[: len(content) // BLOCK * BLOCK].cast("Q")
        return {needle for block in self.wanted.intersection(blocks) for needle in self.blocks[block]}.union(self.short)

    def hits(self, content: bytes, place: Place, where: str, depth: int = DEPTH) -> Iterator[Hit]:
        told: set[tuple[Secret | None, str]] = set()
        for needle in self._candidates(content):
            form, secret = self.needles[needle]
            at = content.find(needle)
            while at >= 0:
                found = secret or self._whole(content, at, form)
                if (found, form) not in told:
                    told.add((found, form))
                    around = content[max(0, at - 60) : at + len(needle) + 60]
                    yield Hit(found, form, place, f"{where} at {at:,}", around)
                at = content.find(needle, at + 1)
        if depth:
            for name, opened in unwrapped(content):
                yield from self.hits(opened, place, f"{where}, {name}", depth - 1)

    def _whole(self, content: bytes, at: int, form: str) -> Secret | None:
        """The secret whose word was found there: all of it, though a line may end inside."""
        around = (content[max(0, at - AROUND) : at], content[at : at + AROUND])
        before, after = (part.translate(None, b"\r\n") for part in around)
        window, at = before + after, len(before)
        # In nearly all cases it is in the coding that the word is in.
        for secret, coding in chain(self.whole[form], *self.whole.values()):
            start = window.find(coding, max(0, at - len(coding) + 1), at + len(coding))
            if 0 <= start <= at < start + len(coding):
                return secret
        return None


#: Letters of a line of Base64 that could hold a secret.
SHORTEST = 24
#: Runs of Base64, of either alphabet, that could hold a secret: of one line, or of some.
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{%d,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}" % SHORTEST)
#: How what is compressed begins: gzip, and zlib at each of its levels.
COMPRESSED = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
#: Of what is compressed no more is opened.
OPENED = 1 << 24


def unwrapped(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What is in it under a coding that a search for forms cannot see through."""
    for mark in COMPRESSED:
        at = content.find(mark)
        while at >= 0:
            with suppress(zlib.error):
                opened = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content[at : at + OPENED], OPENED)
                if len(opened) >= 16:
                    yield f"inflated at {at:,}", opened
            at = content.find(mark, at + 1)
    runs = [decoded(piece) for run in BASE64.finditer(content) for piece in pieces(run[0].rstrip(b"="))]
    # In one piece: tens of thousands of short runs are searched as quickly as one.
    if runs:
        yield "out of Base64", b"\n".join(runs)


def pieces(run: bytes) -> list[bytes]:
    """What is decoded of a run: its lines as one, and each by itself where they may have nothing to do with it."""
    lines = run.split()
    alone = [] if all(len(line) % 4 == 0 for line in lines[:-1]) else [line for line in lines if len(line) >= SHORTEST]
    return [b"".join(lines), *alone]


def decoded(text: bytes) -> bytes:
    text = text.translate(bytes.maketrans(b"-_", b"+/"))
    return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4))
