#!/usr/bin/env python3
"""Checks a bundle of ImageVault's log with the log's public key, and nothing else of the vault.

A second verifier beside `vaultverify bundle`, written from BundleFormat and LogFormat alone, so that whoever
doubts the one can read the other. It reads the bundle once, from its first line to its last, and keeps no
more than one hash for each bit of the log's size. Of a report it reads the bundle in it, and believes nothing
else of the page. Needs Python 3.11 and `cryptography`.

Ends with 0 when everything holds, with 1 when it does not, and with 64 for wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import io
import itertools
import json
import re
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINE_BYTES, CHECKPOINT_BYTES, NUMBERS_END, PLACES_END = 65536, 16384, 2**64, 2**63

NUMBER = rb"(0|[1-9][0-9]{0,19})"
HASH = rb"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"  # 32 bytes in Base64: two bits of the last digit are unset
ROWS = rb"(all|some\nquery ([!-~]*))"
HEADING = re.compile(rb"imagevault-bundle/1\nvault ([0-9a-f]{32})\nrange %b %b\nrows %b\n" % (NUMBER, NUMBER, ROWS))
ITEM = re.compile(rb"event %b %b ([ -~]+)\n|node %b %b\n|erased %b\n" % (HASH, HASH, NUMBER, HASH, HASH))
EVENT, NODE, ERASED = 3, 5, 6  # the last group of each kind of item
SIGNED = rb"(\xe2\x80\x94 [!-~]+ [A-Za-z0-9+/]+=*\n){1,16}"
CHECKPOINT = re.compile(rb"(?P<text>([!-~]+)\n%b\n%b\n)\n(?P<lines>%b)" % (NUMBER, HASH, SIGNED))
SUCCESSION = re.compile(
    rb"(?P<text>([!-~]+)/log-key\n(?:0|[1-9][0-9]*)\n([!-~]+)\n([!-~]+)\n)\n(?P<lines>%b)" % SIGNED
)


class Refused(Exception):
    """The first rule that fails, the index at which it fails, and words."""

    def __init__(self, rule: str, index: int, words: str) -> None:
        super().__init__(f"{rule} at index {index}: {words}")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# ---- Keys and notes: LogFormat §5, C2SP signed-note and tlog-cosignature ---------------------------


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


class Note(NamedTuple):
    match: re.Match[bytes]
    text: bytes
    signatures: list[tuple[str, bytes]]


def from_base64(text: bytes) -> bytes:
    data = binascii.a2b_base64(text, strict_mode=True)
    if base64.b64encode(data) != text:
        raise ValueError("Base64 in another spelling than its one")
    return data


def parse_key(line: str, algorithm: int) -> Key:
    name, number, text = line.split("+", 2)
    data = from_base64(text.encode())
    if len(data) != 33 or data[0] != algorithm or sha256(name.encode() + b"\n" + data)[:4].hex() != number:
        raise ValueError(f"no key of algorithm {algorithm}: {line}")
    return Key(name, bytes.fromhex(number), data[1:])


def parse_note(form: re.Pattern[bytes], note: bytes) -> Note:
    if len(note) > CHECKPOINT_BYTES or not (match := form.fullmatch(note)):
        raise ValueError("no such note")
    words = [line.decode().split(" ") for line in match["lines"].split(b"\n")[:-1]]
    signatures = [(name, from_base64(text.encode())) for _, name, text in words]
    if any(len(data) <= 4 for _, data in signatures):
        raise ValueError("a signature is too short")
    return Note(match, match["text"], signatures)


def parse_checkpoint(note: bytes) -> Note:
    checkpoint = parse_note(CHECKPOINT, note)
    if int(checkpoint.match[3]) >= NUMBERS_END:
        raise ValueError("the checkpoint's size is too large")
    return checkpoint


def signed(key: Key, note: Note, *, as_witness: bool = False) -> bool:
    """Whether one of the signatures is the key's. Those of other names and key ids are passed by."""
    for name, data in note.signatures:
        signature, text = data[4:], note.text
        if as_witness:
            seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            text = b"cosignature/v1\ntime %d\n" % seconds + text
        try:
            if (name, data[:4]) == (key.name, key.id):
                Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
                return True
        except (InvalidSignature, ValueError):
            continue
    return False


def successor(body: bytes, trusted: list[Key]) -> list[Key]:
    """The key that an event makes trusted, if it does: the old one and it signed that it comes next."""
    try:
        event = json.loads(body)
        note = parse_note(SUCCESSION, event["note"].encode())
        old, new = (parse_key(note.match[group].decode(), 1) for group in (3, 4))
        both = all(signed(key, note._replace(signatures=[one])) for key, one in zip((old, new), note.signatures))
        named = old.name == new.name == note.match[2].decode() and len(note.signatures) == 2
        return [new] if event["action"] == "log-key.rotated" and old in trusted and named and both else []
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


# ---- The tree: LogFormat §4 ------------------------------------------------------------------------


class Frontier:
    """The roots of the complete subtrees of a tree of n leaves, largest first."""

    def __init__(self) -> None:
        self.n = 0
        self.hashes: list[bytes] = []

    def append(self, node: bytes, height: int = 0) -> None:
        bits, self.n = self.n >> height, self.n + (1 << height)
        while bits & 1:
            node, bits = sha256(b"\x01" + self.hashes.pop() + node), bits >> 1
        self.hashes.append(node)

    def root(self) -> bytes:
        node = self.hashes[-1] if self.hashes else sha256(b"")
        for left in self.hashes[-2::-1]:
            node = sha256(b"\x01" + left + node)
        return node


# ---- The page around a bundle: BundleFormat §6 -----------------------------------------------------


PAGE, OPEN, CLOSE = b"<!doctype html>\n", b'<script type="application/octet-stream" id="bundle">\n', b"</script>\n"


def carried(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The bundle that a page carries, in pieces. ValueError where the page is not in its form."""
    opened = closed = False
    piece = bytes(57)
    for line in lines:
        if len(line) > LINE_BYTES or not line.endswith(b"\n") or (opened and line == OPEN):
            raise ValueError("a line of the page is too long or cut, or there is a second bundle")
        if opened and not closed and line != CLOSE:
            full, piece = len(piece) == 57, from_base64(line[:-1])
            if not full or not 0 < len(piece) <= 57:
                raise ValueError("a line of the page is too short or too long")
            yield piece
        opened, closed = opened or line == OPEN, closed or (opened and line == CLOSE)
    if not closed:
        raise ValueError("the page has no bundle, or ends in it")


class Pieces(io.RawIOBase):
    """A file of pieces, none of them empty. Reading it raises what making them raises."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.rest or next(self.pieces, b"")
        count = min(len(piece), len(buffer))
        buffer[:count], self.rest = piece[:count], piece[count:]
        return count


def bundle_of(file: BinaryIO) -> BinaryIO:
    """The bundle in a file, which is a page when its first line says so. That line is read, and not peeked at: a
    pipe may give it in parts."""
    first = file.readline(LINE_BYTES + 1)
    if first == PAGE:
        return io.BufferedReader(Pieces(carried(iter(lambda: file.readline(LINE_BYTES + 1), b""))))
    return io.BufferedReader(Pieces(itertools.chain([first], iter(lambda: file.read(1 << 20), b""))), 1 << 20)


# ---- The bundle: BundleFormat §3 -------------------------------------------------------------------


def lines(file: BinaryIO, tree: Frontier) -> Iterator[bytes]:
    """The lines up to the next empty one, which is passed."""
    try:
        while (line := file.readline(LINE_BYTES + 1)) != b"\n":
            if len(line) > LINE_BYTES or not line.endswith(b"\n"):
                raise ValueError("a line is too long, or the bundle ends early")
            yield line
    except ValueError as error:
        raise Refused("form", tree.n, str(error)) from None


def verify(
    file: BinaryIO, keys: list[Key], fingerprint: str | None, known: bytes | None, witnesses: list[Key], wanted: int
) -> dict[str, str | int]:
    """What holds; or raises Refused."""
    trusted = [key for key in keys if fingerprint in (None, sha256(key.public).hex())]
    if not trusted and fingerprint:
        raise Refused("fingerprint", 0, "no key of the file has it")
    try:
        before = parse_checkpoint(known) if known is not None else None
    except ValueError:
        before = None
    known_size = int(before.match[3]) if before else -1
    tree = Frontier()
    root_at_known = tree.root() if known_size == 0 else None

    heading = HEADING.fullmatch(b"".join(itertools.islice(lines(file, tree), 6)))
    if not heading or max(int(heading[2]), int(heading[3])) >= NUMBERS_END:
        raise Refused("form", 0, "that is no heading")
    start, end, complete = int(heading[2]), int(heading[3]), heading[4] == b"all"
    counts = {EVENT: 0, NODE: 0, ERASED: 0}
    for line in lines(file, tree):
        n, item = tree.n, ITEM.fullmatch(line)
        kind = (item and item.lastindex) or 0
        height = int(item[4]) if item and kind == NODE else 0
        if not item or height > 62:
            raise Refused("form", n, "that is no event, no erased leaf and no node")
        after = n + (1 << height)
        if n % (1 << height) or after >= PLACES_END:
            raise Refused("place", n, f"no node of height {height} begins here")
        if kind == EVENT and not item[3].startswith(b'{"index":%d,' % n):
            raise Refused("place", n, "another event stands here: one is missing, added or moved")
        if kind == NODE and complete and max(n, start) < min(after, end):
            raise Refused("range", n, "a part of the range is not shown")
        if kind != NODE and not start <= n < end:
            raise Refused("range", n, "a leaf is shown outside the range")
        content = binascii.a2b_base64(item[2] or item[5] or item[6])
        if kind == EVENT and sha256(binascii.a2b_base64(item[1]) + item[3]) != content:
            raise Refused("content", n, "the event is not the one that was logged")
        tree.append(content if kind == NODE else sha256(b"\x00" + content), height)
        counts[kind] += 1
        if kind == EVENT and b'"log-key.rotated"' in item[3]:
            trusted += successor(item[3], trusted)
        if tree.n == known_size:
            root_at_known = tree.root()

    n, root, origin = tree.n, tree.root(), b"imagevault/" + heading[1]

    def require(rule: str, holds: bool, words: str) -> None:
        if not holds:
            raise Refused(rule, n, words)

    try:
        checkpoint = parse_checkpoint(file.read(CHECKPOINT_BYTES + 1))
        size = int(checkpoint.match[3])
    except ValueError:
        raise Refused("form", n, "that is no checkpoint") from None
    signers = [key for key in trusted if signed(key, checkpoint)]
    require("range", start <= end <= n, f"the log that is shown ends at {n}")
    require("vault", checkpoint.match[2] == origin, "the checkpoint is another vault's")
    require("signature", bool(signers), "no trusted key signed the checkpoint")
    require("size", size == n, f"the checkpoint is of {size} events: some are missing, or added")
    require("root", from_base64(checkpoint.match[4]) == root, "the log that was signed has other events")
    if known is not None:
        by_trusted = before and any(signed(key, before) for key in trusted)
        require("known-signature", bool(by_trusted), "no trusted key signed the known checkpoint")
        assert before
        require("known-vault", before.match[2] == origin, "the known checkpoint is another vault's")
        require("rolled-back", known_size <= n, f"the known checkpoint is of {known_size} events")
        require("not-passed", root_at_known is not None, f"a node reaches over the known size, {known_size}")
        require("forked", root_at_known == from_base64(before.match[4]), "the known checkpoint is of other events")
    seen = sum(signed(key, checkpoint, as_witness=True) for key in set(witnesses))
    require("witnesses", seen >= wanted, f"{seen} of the named witnesses signed")
    said: dict[str, str | int] = {"vault": heading[1].decode(), "from": start, "to": end}
    said |= {"rows": "all"} if complete else {"rows": "some", "query": heading[5].decode()}
    said |= {"events": counts[EVENT], "erased": counts[ERASED], "size": n, "root": root.hex()}
    return said | {"signer": sha256(signers[0].public).hex(), "witnesses": seen}


# ---- The program -----------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(64, f"{self.format_usage()}{self.prog}: {message}\n")


def read_keys(path: str | None, algorithm: int) -> list[Key]:
    if path is None:
        return []
    with open(path, encoding="ascii", newline="\n") as file:
        return [parse_key(line, algorithm) for line in file.read(1 << 20).split("\n") if line]


def read_note(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read(CHECKPOINT_BYTES + 1)


def main() -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", help="the bundle, or a report; - for standard input")
    parser.add_argument("--key", required=True, help="the log's public keys, a line each, such as audit.pub")
    parser.add_argument("--fingerprint", metavar="HEX", help="trust only the key of that file which has it")
    parser.add_argument("--known", metavar="CHECKPOINT", help="a checkpoint from before")
    parser.add_argument("--witness", metavar="FILE", help="keys of witnesses, a line each")
    parser.add_argument("--witnesses", metavar="N", type=int, help="how many of them have to have signed; else all")
    options = parser.parse_args()
    if options.witnesses is not None and (options.witness is None or options.witnesses < 1):
        parser.error("--witnesses is a number from 1, and goes with --witness")
    try:
        keys, known = read_keys(options.key, 1), read_note(options.known)
        witnesses = read_keys(options.witness, 4)
        wanted = len(witnesses) if options.witnesses is None else options.witnesses
        with io.BufferedReader(io.FileIO(0 if options.file == "-" else options.file), 1 << 20) as file:
            said = verify(bundle_of(file), keys, options.fingerprint, known, witnesses, wanted)
    except (Refused, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, value in said.items():
        print(f"{name:<10} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
