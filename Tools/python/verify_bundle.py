#!/usr/bin/env python3
"""Checks a bundle of ImageVault's log with the log's public key, and nothing else of the vault.

A second verifier beside `vaultverify bundle`, written from BundleFormat and LogFormat alone, so that whoever
doubts the one can read the other. It reads the bundle once, from its first line to its last, and keeps no
more than one hash for each bit of the log's size. Needs Python 3.11 and `cryptography`.

Ends with 0 when everything holds, with 1 when it does not, and with 64 for wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINE_BYTES, CHECKPOINT_BYTES, COUNT_END, PLACE_END = 65536, 16384, 2**64, 2**63

NUMBER = rb"(0|[1-9][0-9]{0,19})"
HASH = rb"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"  # 32 bytes in Base64: the last digit has two bits unset
HEADING = re.compile(
    rb"imagevault-bundle/1\nvault ([0-9a-f]{32})\nrange %b %b\nrows (all|some\nquery ([!-~]*))\n" % (NUMBER, NUMBER)
)
ITEM = re.compile(rb"event %b %b ([ -~]+)\n|node %b %b\n|erased %b\n" % (HASH, HASH, NUMBER, HASH, HASH))
EVENT, NODE, ERASED = 3, 5, 6  # the last group of each kind
CHECKPOINT = re.compile(
    rb"(([!-~]+)\n%b\n%b\n)\n((?:\xe2\x80\x94 [!-~]+ [A-Za-z0-9+/]+=*\n){1,16})" % (NUMBER, HASH)
)
SUCCESSION = re.compile(r"((\S+)/log-key\n(?:0|[1-9][0-9]*)\n(\S+)\n(\S+)\n)\n((?:\u2014 \S+ \S+\n){2})", re.ASCII)


class Refused(Exception):
    """The first rule that fails, and at which index."""

    def __init__(self, rule: str, index: int, words: str) -> None:
        super().__init__(f"{rule} at index {index}: {words}")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# ---- Notes and keys: LogFormat §5, C2SP signed-note ------------------------------------------------


def decode(text: str | bytes) -> bytes:
    """Base64 in its one spelling."""
    data = text.encode("ascii") if isinstance(text, str) else text
    plain = binascii.a2b_base64(data, strict_mode=True)
    if base64.b64encode(plain) != data:
        raise ValueError("Base64 in another spelling")
    return plain


@dataclass(frozen=True)
class Key:
    """A public key in the spelling of audit.pub: name+id+Base64(algorithm ‖ key)."""

    name: str
    id: bytes
    public: bytes

    @staticmethod
    def parse(line: str, algorithm: int) -> Key:
        name, number, text = line.split("+", 2)
        data = decode(text)
        if len(data) != 33 or data[0] != algorithm or not re.fullmatch("[!-~]+", name):
            raise ValueError(f"no key of algorithm {algorithm}: {line}")
        if sha256(name.encode() + b"\n" + data)[:4].hex() != number:
            raise ValueError(f"the key has another id: {line}")
        return Key(name, bytes.fromhex(number), data[1:])

    @property
    def fingerprint(self) -> str:
        return sha256(self.public).hex()

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def signed(self, text: bytes, signatures: list[tuple[str, bytes]]) -> bool:
        mine = (data[4:] for name, data in signatures if name == self.name and data[:4] == self.id)
        return any(self.verifies(signature, text) for signature in mine)

    def witnessed(self, text: bytes, signatures: list[tuple[str, bytes]]) -> bool:
        mine = (data[4:] for name, data in signatures if name == self.name and data[:4] == self.id)
        return any(
            len(one) == 72 and self.verifies(one[8:], b"cosignature/v1\ntime %d\n" % int.from_bytes(one[:8]) + text)
            for one in mine
        )


def signature_lines(lines: str) -> list[tuple[str, bytes]]:
    words = [line.split(" ") for line in lines.split("\n")[:-1]]
    signatures = [(name, decode(text)) for _, name, text in words]
    if any(len(data) <= 4 for _, data in signatures):
        raise ValueError("no signature")
    return signatures


@dataclass
class Checkpoint:
    text: bytes
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes]]

    @staticmethod
    def parse(note: bytes) -> Checkpoint:
        match = CHECKPOINT.fullmatch(note)
        if not match or len(note) > CHECKPOINT_BYTES or int(match[3]) >= COUNT_END:
            raise ValueError("no checkpoint")
        signatures = signature_lines(match[5].decode())
        return Checkpoint(match[1], match[2].decode(), int(match[3]), decode(match[4]), signatures)


def successor(body: bytes, trusted: list[Key]) -> Key | None:
    """The key that an event makes trusted: an old one and it signed that it comes next. LogFormat §5.1."""
    try:
        event = json.loads(body)
        if event["action"] != "log-key.rotated" or not (match := SUCCESSION.fullmatch(event["note"])):
            return None
        old, new = Key.parse(match[3], 1), Key.parse(match[4], 1)
        signatures = signature_lines(match[5])
    except (ValueError, LookupError, TypeError):
        return None
    named = old in trusted and old.name == new.name == match[2]
    text = match[1].encode()
    both = all(key.signed(text, [signature]) for key, signature in zip((old, new), signatures, strict=True))
    return new if named and both else None


# ---- The tree: LogFormat §4 ------------------------------------------------------------------------


@dataclass
class Frontier:
    """The roots of the complete subtrees of a tree of n leaves, largest first."""

    n: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, node: bytes, height: int) -> None:
        bits, self.n = self.n >> height, self.n + (1 << height)
        while bits & 1:
            node = sha256(b"\x01" + self.hashes.pop() + node)
            bits >>= 1
        self.hashes.append(node)

    def root(self) -> bytes:
        if not self.hashes:
            return sha256(b"")
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = sha256(b"\x01" + left + node)
        return node


# ---- The bundle: BundleFormat §3 -------------------------------------------------------------------


def lines(file: BinaryIO, tree: Frontier) -> Iterator[bytes]:
    """The lines up to and without the next empty one."""
    while (line := file.readline(LINE_BYTES + 1)) != b"\n":
        if not line.endswith(b"\n"):
            raise Refused("form", tree.n, "the line is too long" if len(line) > LINE_BYTES else "the bundle ends early")
        if len(line) > LINE_BYTES:
            raise Refused("form", tree.n, "the line is too long")
        yield line


def verify(
    file: BinaryIO, keys: list[Key], fingerprint: str | None, known: bytes | None, witnesses: list[Key], needed: int
) -> dict[str, str]:
    """What holds, in words; or raises Refused."""
    trusted, tree = list(keys), Frontier()
    if fingerprint is not None:
        trusted = [key for key in keys if key.fingerprint == fingerprint]
        if not trusted:
            raise Refused("fingerprint", 0, "no key of the file has it")
    before = read_known(known)
    passed = tree.root() if before and before.size == 0 else None

    heading = b""
    for line in lines(file, tree):
        heading += line
        if len(heading) > 2 * LINE_BYTES:
            raise Refused("form", 0, "the heading is too long")
    match = HEADING.fullmatch(heading)
    if not match or max(start := int(match[2]), end := int(match[3])) >= COUNT_END:
        raise Refused("form", 0, "that is no heading")
    complete = match[4] == b"all"

    events = erased = 0
    for line in lines(file, tree):
        item, n = ITEM.fullmatch(line), tree.n
        height = int(item[4]) if item and item.lastindex == NODE else 0
        if not item or height > 62:
            raise Refused("form", n, "that is no event, no erased leaf and no node")
        kind, after = item.lastindex, n + (1 << height)
        if n % (1 << height) or after >= PLACE_END:
            raise Refused("place", n, f"no node of height {height} begins here")
        if kind == EVENT and not item[3].startswith(b'{"index":%d,' % n):
            raise Refused("place", n, "the event has another index: one is missing, added or moved")
        if kind == NODE:
            if complete and max(n, start) < min(after, end):
                raise Refused("range", n, "a part of the range is not shown")
            tree.append(decode(item[5]), height)
        else:
            if not start <= n < end:
                raise Refused("range", n, "the leaf is outside the range")
            content = binascii.a2b_base64(item[2] or item[6])
            if kind == EVENT and sha256(binascii.a2b_base64(item[1]) + item[3]) != content:
                raise Refused("content", n, "the event was changed")
            tree.append(sha256(b"\x00" + content), 0)
            events, erased = events + (kind == EVENT), erased + (kind == ERASED)
            if kind == EVENT and b'"log-key.rotated"' in item[3] and (key := successor(item[3], trusted)):
                trusted.append(key)
        if before and tree.n == before.size:
            passed = tree.root()

    n = tree.n
    try:
        checkpoint = Checkpoint.parse(file.read(CHECKPOINT_BYTES + 1))
    except ValueError:
        raise Refused("form", n, "that is no checkpoint") from None
    origin, root = f"imagevault/{match[1].decode()}", tree.root()
    signers = [key for key in trusted if key.signed(checkpoint.text, checkpoint.signatures)]
    seen = sum(key.witnessed(checkpoint.text, checkpoint.signatures) for key in set(witnesses))

    def require(holds: bool, rule: str, words: str) -> None:
        if not holds:
            raise Refused(rule, n, words)

    require(start <= end <= n, "range", f"the range ends at {end}, and what is shown at {n}")
    require(checkpoint.origin == origin, "vault", f"the checkpoint is that of {checkpoint.origin}")
    require(bool(signers), "signature", "no trusted key signed the checkpoint")
    require(checkpoint.size == n, "size", f"the checkpoint is of {checkpoint.size} events")
    require(checkpoint.root == root, "root", "the log has other events than these")
    if known is not None:
        signed = before and any(key.signed(before.text, before.signatures) for key in trusted)
        require(bool(signed), "known-signature", "no trusted key signed the known checkpoint")
        assert before
        require(before.origin == origin, "known-vault", f"the known checkpoint is that of {before.origin}")
        require(before.size <= n, "rolled-back", f"the known checkpoint is of {before.size} events")
        require(passed is not None, "not-passed", f"a node reaches over the known size, {before.size}")
        require(passed == before.root, "forked", f"the log had other events up to {before.size}")
    require(seen >= needed, "witnesses", f"{seen} of {needed} witnesses signed")

    summary = {"vault": match[1].decode(), "from": str(start), "to": str(end), "rows": "all" if complete else "some"}
    summary |= {} if complete else {"query": match[5].decode()}
    summary |= {"events": str(events), "erased": str(erased), "size": str(n), "root": root.hex()}
    return summary | {"signer": signers[0].fingerprint} | ({"witnesses": str(seen)} if witnesses else {})


def read_known(note: bytes | None) -> Checkpoint | None:
    try:
        return Checkpoint.parse(note) if note is not None else None
    except ValueError:
        return None


# ---- The program -----------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(64, f"{self.format_usage()}{self.prog}: {message}\n")


def read_keys(path: str, algorithm: int) -> list[Key]:
    with open(path, encoding="ascii", newline="\n") as file:
        return [Key.parse(line, algorithm) for line in file.read(1 << 20).split("\n") if line]


def main() -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", metavar="FILE", help="what was exported")
    parser.add_argument("--key", required=True, help="the log's public keys, a line each, such as audit.pub")
    parser.add_argument("--fingerprint", metavar="HEX", help="of the one key in that file to be trusted")
    parser.add_argument("--known", metavar="CHECKPOINT", help="a checkpoint from before")
    parser.add_argument("--witness", metavar="FILE", help="keys of witnesses, a line each")
    parser.add_argument("--witnesses", metavar="N", type=int, help="how many of them have to have signed: else all")
    options = parser.parse_args()
    if options.witnesses is not None and (options.witness is None or options.witnesses < 1):
        parser.error("--witnesses is a number from 1, and goes with --witness")
    try:
        keys = read_keys(options.key, 1)
        witnesses = read_keys(options.witness, 4) if options.witness else []
        known = None
        if options.known:
            with open(options.known, "rb") as file:
                known = file.read(CHECKPOINT_BYTES + 1)
        with open(options.bundle, "rb", buffering=1 << 20) as bundle:
            needed = options.witnesses if options.witnesses is not None else len(witnesses)
            summary = verify(bundle, keys, options.fingerprint, known, witnesses, needed)
    except (Refused, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for name, value in summary.items():
        print(f"{name:<10} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
