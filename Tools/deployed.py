"""For the tests of what is deployed: the installed tree, units as systemd reads them, and what to do without a tool."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import unittest
import zlib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("vaultctl", "vaultd", "vaultinspect", "vaultverify")
#: Nothing of this shell's: a program must find its libraries by itself.
BARE = {"PATH": "/usr/bin:/bin", "LLVM_PROFILE_FILE": "/dev/null"}


def run(*words: object, ok: bool = True, **variables: str) -> str:
    """What a program printed; its errors too where it failed."""
    done = subprocess.run([str(word) for word in words], env=BARE | variables, capture_output=True, text=True)
    if ok and done.returncode != 0:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout if ok else done.stdout + done.stderr


def tool(name: str, *words: object) -> str:
    """A tool of this folder, with the programs that are tested."""
    return run(ROOT / "Tools" / name, *words, **{key: os.environ[key] for key in ("PATH", "HOME", "IMAGEVAULT_BIN")
                                                if key in os.environ})


def unit(path: Path) -> dict[str, list[str]]:
    """All that a unit says of each key, in order; sections do not matter here."""
    said = defaultdict(list)
    for line in path.read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            said[key].append(value)
    return said


def png(width: int, height: int) -> bytes:
    """A grey picture (PNG 3rd edition §11)."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(range(width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def needs(test: unittest.TestCase, program: str, package: str) -> str:
    """The program's path. Without it the test is left out and says so; with REQUIRE_ALL it fails."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None and os.environ.get("REQUIRE_ALL") == "1":
        test.fail(f"no {program}: install {package}")
    if found is None:
        test.skipTest(f"no {program}: install {package}")
    return found


def main(name: str) -> None:
    """Runs a file of tests, and says in one line how it went and what was left out."""
    program = unittest.main(exit=False)
    done = program.result
    for test, reason in done.skipped:
        print(f"left out: {test}: {reason}")
    failed = len(done.failures) + len(done.errors)
    print(f"{name}: {done.testsRun} tests, {failed} failed, {len(done.skipped)} skipped")
    raise SystemExit(1 if failed else 0)
