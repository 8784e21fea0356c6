"""A vault whose every input holds a secret, what it is asked, and what it says."""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench_support import BIN, chunk, grey, launched
from canary_places import Place
from canary_search import Secret
from hostile_watch import descendants

#: Seconds that a daemon may take to serve and to stop, and a command to end.
PATIENCE = 120
#: The edge of a picture that is more than the vault takes at once, 256 KiB, and that of one whose half is.
LARGE, LARGER = 520, 800
#: Seconds between two looks at the processes.
LOOK = 0.003


class Nest:
    """The run's secrets: made when they are asked for, one an input."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"{seed}/secrets")
        letters = "bcdfghjkmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ23456789"
        self.letters = letters
        self.word = "".join(self.chance.choices(letters, k=14))
        self.all: list[Secret] = []

    def text(self, rule: str, where: str = "") -> str:
        """Letters and digits that every field takes."""
        value = self.word + "".join(self.chance.choices(self.letters, k=8))
        self.all.append(Secret(where or rule, rule, value.encode()))
        return value

    def known(self, rule: str, value: bytes, where: str = "") -> bytes:
        """What has a form of its own."""
        self.all.append(Secret(where or rule, rule, value))
        return value

    def address(self, rule: str, where: str) -> str:
        value = ipaddress.IPv6Address(bytes.fromhex("20010db8") + self.chance.randbytes(12))
        self.known(rule, str(value).encode(), where)
        self.known(rule, value.exploded.encode(), f"{where}, with all its zeros")
        self.known(rule, value.packed, f"{where}, as 16 bytes")
        return str(value)

    def picture(self, rule: str, where: str, damaged: bool = False, edge: int = 64) -> bytes:
        """Its pixels are not compressed, so that a piece of them is a piece of the file; in a text it has another."""
        rows = [self.chance.randbytes(edge) for _ in range(edge)]
        for at in (0, 40, edge - 8):
            self.known(rule, rows[at][:32], f"{where}, row {at} of the pixels")
        told = chunk(b"tEXt", b"Comment\0" + self.text(f"{rule} metadata", where).encode())
        return grey(rows, told) + (b"trailing" if damaged else b"")


class Heard:
    """All that the service and its tools said, by place."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.said: list[tuple[Place, str, bytes]] = []

    def add(self, place: Place, where: str, content: bytes) -> None:
        with self.lock:
            self.said.append((place, where, content))


class Processes(threading.Thread):
    """Looks at the command lines and environments of whatever runs below this process."""

    def __init__(self, heard: Heard) -> None:
        super().__init__(daemon=True)
        self.heard, self.over, self.seen, self.looks = heard, threading.Event(), set[tuple[int, str]](), 0
        self.names: dict[str, int] = {}
        self.unreadable = 0

    def run(self) -> None:
        while not self.over.wait(LOOK):
            self.looks += 1
            for pid in descendants(os.getpid()):
                try:
                    self._look(pid)
                except PermissionError:
                    self.unreadable += 1
                except OSError:
                    pass  # It ended meanwhile.

    def _look(self, pid: int) -> None:
        folder = Path(f"/proc/{pid}")
        name = (folder / "comm").read_text().strip()
        for file in ("cmdline", "environ"):
            # Until it has become another program it is a copy of this one.
            if (pid, name + file) in self.seen or name.startswith("python"):
                continue
            content = (folder / file).read_bytes()
            if content or file == "environ":
                self.seen.add((pid, name + file))
                self.names[name] = self.names.get(name, 0) + (file == "cmdline")
                place = Place.CTL_COMMAND if name == "vaultctl" and file == "cmdline" else Place.PROC
                self.heard.add(place, f"/proc/{pid}/{file} of {name}", content)


def head(request: str, body: bytes, fields: str) -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{request} HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n{length}{fields}\r\n".encode()


def begun(path: Path, sent: bytes) -> socket.socket:
    """A new connection on which that was sent, or as much of it as somebody took who hung up."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PATIENCE)
    line.connect(str(path))
    with suppress(BrokenPipeError, ConnectionResetError):
        line.sendall(sent)
    return line


def answered(line: socket.socket) -> bytes:
    """All that comes. Who hangs up on what was sent has said it before."""
    received = b""
    with suppress(ConnectionResetError):
        while more := line.recv(1 << 18):
            received += more
    return received


def untaken(line: socket.socket) -> int:
    """Bytes that were sent and not read."""
    told: bytes = fcntl.ioctl(line, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(told, sys.byteorder)


class CanaryVault:
    """A vault with everything on that could write something down."""

    def __init__(self, folder: Path, nest: Nest, heard: Heard) -> None:
        self.folder, self.nest, self.heard = folder, nest, heard
        for name in ("tmp", "exports", "anchor", "cwd", "keys", "out", "escrows"):
            (folder / name).mkdir()
        (folder / "policy.yaml").write_text(
            "version: 1\nprincipals:\n"
            f'  all: {{users: ["{os.getuid()}"], roles: [backend, admin, auditor, resolver], tokens: true}}\n'
        )
        (folder / "vaultd.yaml").write_text(
            f"state_directory: {folder}/state\nrun_directory: {folder}\npolicy_file: {folder}/policy.yaml\nkeys:\n"
            f"  root_key_file: {folder}/keys/root.key\n  log_key_file: {folder}/keys/log.key\n"
            f"  public_key_file: {folder}/audit.pub\naudit:\n  anchor_file: {folder}/anchor/anchor\n"
            f"  export: {{directory: {folder}/exports, every_hours: 1}}\nlog:\n  level: trace\n"
        )
        # Programs that were built to measure coverage leave what they measured nowhere.
        self.environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder / "tmp"),
            "HOME": str(folder / "cwd"),
            "IMAGEVAULT_DIR": str(folder),
            "LLVM_PROFILE_FILE": "/dev/null",
        }
        told = self.program("vaultd", "init", "--config", str(folder / "vaultd.yaml"))
        self.heard.add(Place.OUTPUT, "vaultd init", told)
        for name in ("root.key", "log.key"):
            text = (folder / "keys" / name).read_bytes().split()[-1].strip()
            nest.known("key file", text, f"keys/{name}")
        self.process: subprocess.Popen[bytes] | None = None

    def program(
        self, name: str, *arguments: str, secret: str | None = None, place: Place | None = None, fails: bool = False
    ) -> bytes:
        """Runs a program of the vault; what it says is heard at `place`. `secret` goes to its standard input."""
        given = None if secret is None else secret.encode()
        done = subprocess.run(
            [str(BIN / name), *arguments],
            input=given,
            capture_output=True,
            env=self.environment,
            cwd=self.folder / "cwd",
            timeout=PATIENCE,
        )
        if fails == (done.returncode == 0):
            raise RuntimeError(
                f"{name} {' '.join(arguments)}: {done.returncode} {done.stdout[-300:]!r} {done.stderr[-300:]!r}"
            )
        self.heard.add(
            place or (Place.REFUSALS if fails else Place.CTL_OUTPUT),
            f"{name} {' '.join(arguments)}",
            done.stdout + done.stderr,
        )
        return done.stdout

    def ctl(self, *arguments: str, **options: Any) -> bytes:
        return self.program("vaultctl", *arguments, **options)

    def told(self, *arguments: str, **options: Any) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.ctl(*arguments, "--json", **options).splitlines()[0])
        return said

    # MARK: The daemon

    def start(self) -> None:
        def unlimited() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)

        self.process = launched(self.folder, env=self.environment, cwd=self.folder / "cwd", preexec_fn=unlimited)
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up and self.process.poll() is None:
            with suppress(OSError):
                if self.ask("admin", "GET /v1/health", place=Place.ANSWERS)[0] == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError("vaultd does not serve")

    def end(self, how: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)

    # MARK: Requests

    def half_sent(self, door: str, request: str, body: bytes, fields: str) -> socket.socket:
        """A request of whose body one half came and was taken. It goes on while this is open."""
        line = begun(self.folder / f"{door}.sock", head(request, body, fields) + body[: len(body) // 2])
        give_up = time.monotonic() + PATIENCE
        while untaken(line):
            if time.monotonic() > give_up:
                raise RuntimeError(f"{request}: nobody takes its body")
            time.sleep(0.01)
        return line

    def ask(
        self, door: str, request: str, body: bytes = b"", fields: str = "", place: Place | None = None
    ) -> tuple[int, bytes]:
        """One request on a connection of its own. A good answer is the caller's, any other a refusal."""
        with begun(self.folder / f"{door}.sock", head(request, body, fields) + body) as line:
            received = answered(line)
        status = int(received.split(b" ", 2)[1]) if received else 0
        picture = request.startswith("GET /v1/images/") and status in (200, 206) and "metadata" not in request
        good = Place.PICTURES if picture else Place.ANSWERS
        self.heard.add(place or (good if status < 400 else Place.REFUSALS), request, received)
        return status, received.partition(b"\r\n\r\n")[2]

    def want(self, status: int, door: str, request: str, body: bytes = b"", fields: str = "", **options: Any) -> bytes:
        """The answer, which has this status, or nothing was shown."""
        got, content = self.ask(door, request, body, fields, **options)
        if got != status:
            raise RuntimeError(f"{request}: {got} {content[:300]!r}, and not {status}")
        return content

    @contextmanager
    def served(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.end(signal.SIGTERM)
