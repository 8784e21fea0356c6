"""What benchmarks and exercises share: a connection to a socket of the vault, a daemon, and a place for them."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import queue
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench_figures import above_zero, keep, machine

BIN = Path(os.environ["IMAGEVAULT_BIN"])
#: In front of a command: it is killed when this process ends, in whatever way.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
#: See prctl(2).
SET_PARENT_DEATH_SIGNAL = 1
#: How long the daemon may take to answer, and an operation to end, in seconds.
PATIENCE = 600
#: Seconds that the log's last batch may take to be written.
BATCH = 30
#: What each verb leaves in the log, once for each time that it is done.
EVENTS = {
    "put": ("image.put",), "get": ("read.begun", "read.ended"), "range": ("read.begun", "read.ended"),
    "list": ("image.list",), "delete": ("image.delete",),
}


class Door:
    """One connection to a socket of the vault. It does as little as it can: what it costs is measured, too."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def ask(self, method: str, target: str, body: bytes = b"", fields: str = "") -> tuple[int, bytes]:
        """The answer's status and content; `fields` are whole lines."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: vault\r\n{length}{fields}\r\n"
        self.socket.sendall(head.encode() + body)
        status, size = int(self.file.readline().split()[1]), 0
        while (line := self.file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        return status, self.file.read(size)

    def told(self, method: str, target: str, body: bytes = b"", fields: str = "") -> dict[str, Any]:
        """What a good answer says; any other ends the benchmark."""
        status, content = self.ask(method, target, body, fields)
        if status >= 300:
            raise SystemExit(f"bench: {method} {target}: {status} {content[:200]!r}")
        told: dict[str, Any] = json.loads(content)
        return told

    def put(self, image: bytes, name: str) -> str:
        """Stores an image and gives its id."""
        field = f'Content-Disposition: attachment; filename="{name}"\r\n'
        return str(self.told("POST", "/v1/images", image, field)["id"])

    def finish(self, operation: str) -> dict[str, Any]:
        """The operation at its end."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            state = self.told("GET", f"/v1/operations/{operation}?wait=1")
            if state["state"] in ("done", "failed", "cancelled"):
                return state
        raise SystemExit(f"bench: operation {operation} does not end")


def launched(folder: Path, *settings: str, **options: Any) -> subprocess.Popen[bytes]:
    """vaultd over the folder's vault, which does not serve yet; it ends with this process."""
    program = [*ENDS_WITH_US, str(BIN / "vaultd"), "serve", "--config", str(folder / "vaultd.yaml")]
    for setting in settings:
        program += ["--set", setting]
    with open(folder / "vaultd.log", "ab") as log:
        return subprocess.Popen(program, stdout=log, stderr=log, start_new_session=True, **options)


@contextmanager
def daemon(folder: Path, *settings: str) -> Iterator[None]:
    """vaultd over the folder's vault, with `settings` above those of its file."""
    process = launched(folder, *settings)
    try:
        await_ready(process, folder)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def await_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            if Door(folder / "admin.sock").ask("GET", "/v1/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"bench: vaultd does not serve; see {folder}/vaultd.log")


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(
    width: int, height: int, data: bytes, extra: bytes = b"", depth: int = 8, colour: int = 0, level: int = 1
) -> bytes:
    """What it says need not be so. `data` has a filter before each row; `extra` are chunks of one's own."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", zlib.compress(data, level)) + chunk(b"IEND", b"")


def grey(rows: list[bytes], extra: bytes = b"") -> bytes:
    """A picture of rows of grey, not compressed."""
    return png(len(rows[0]), len(rows), b"".join(b"\0" + row for row in rows), extra, level=0)


def noise(width: int, height: int, seed: int) -> bytes:
    generator = random.Random(seed)
    return grey([generator.randbytes(width) for _ in range(height)])


def become(user: int) -> None:
    """Another user, for good, in no group but its own."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def ends_with(parent: int) -> bool:
    """A fork that is killed when its parent ends; false where that has ended. After `become`, which takes it back."""
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    return os.getppid() == parent


def told_by(workers: list[Any], out: Any) -> list[Any]:
    """What each process puts into the queue, once; one that ends without ends the benchmark."""
    found: list[Any] = []
    while len(found) < len(workers):
        are_over = not any(worker.is_alive() for worker in workers)
        try:
            found.append(out.get(timeout=1))
        except queue.Empty:
            if are_over or any(worker.exitcode for worker in workers):
                raise SystemExit(f"bench: of {len(workers)} processes {len(found)} told what they measured") from None
    for worker in workers:
        worker.join(PATIENCE)
    return found


class BenchVault:
    """A new vault in a folder of its own, that inspects the structure of images only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "vaultd.yaml").write_text(
            f"state_directory: {folder}/state\nrun_directory: {folder}\nkeys:\n"
            f"  root_key_file: {folder}/root.key\n  log_key_file: {folder}/log.key\n"
            "validation:\n  level: structure\nlog:\n  level: warning\n"
        )
        command = [str(BIN / "vaultd"), "init", "--config", str(folder / "vaultd.yaml")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def path(self, door: str) -> Path:
        return self.folder / f"{door}.sock"


class Promises:
    """What no gain may loosen, of a vault that is measured: commits are flushed before they are answered, and what is
    done from now on is in the log, each time once. Bytes are compared by whoever reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.after = int(Door(folder / "audit.sock").told("GET", "/v1/events?newest=1")["size"]) - 1
        self.found = Counter[str]()
        #: What was looked for in the log, and how many times the writer was asked.
        self.verbs: dict[str, None] = {}
        self.asked = 0

    def looked_at(self, when: str) -> list[str]:
        """What was looked at until now, as sentences; `when` says when the writer was asked."""
        return logged(self.verbs) + ([synchronous(when)] if self.asked else [])

    def broken(self, did: Mapping[str, int]) -> list[str]:
        """What does not hold, when so much was done of each verb and nothing else."""
        return self.unflushed() + self.uncounted(did)

    def unflushed(self) -> list[str]:
        """What SQLite's writer says of itself, through the doctor, where that is not what is promised."""
        self.asked += 1
        checks = Door(self.folder / "admin.sock").told("POST", "/v1/doctor")["checks"]
        found = next((check for check in checks if check["id"] == "catalog-settings"), None)
        if found and found["verdict"] == "ok" and "synchronous full" in "; ".join(found["evidence"]):
            return []
        return [f"the catalog is not durable: {found and found['evidence']}"]

    def uncounted(self, did: Mapping[str, int]) -> list[str]:
        """What the log lacks or has too much of."""
        self.verbs |= dict.fromkeys(verb for verb, count in did.items() if count)
        wanted = Counter[str]()
        for verb, count in did.items():
            wanted.update({f"{action} done": count for action in EVENTS[verb]})
        give_up = time.monotonic() + BATCH
        # The end of a reading goes to the next batch: nobody waits for it.
        while (found := self.counted())["read.ended done"] < wanted["read.ended done"] and time.monotonic() < give_up:
            time.sleep(0.2)
        return [
            f"{found[event]} events {event}, {wanted[event]} operations"
            for event in sorted(found.keys() | wanted.keys()) if found[event] != wanted[event]
        ]

    def counted(self) -> Counter[str]:
        """How many events of each verb and outcome there are by now."""
        verbs = {action for actions in EVENTS.values() for action in actions}
        door = Door(self.folder / "audit.sock")
        while True:
            events = door.told("GET", f"/v1/events?after={self.after}&limit=1000")["events"]
            self.found.update(f"{one['action']} {one['outcome']}" for one in events if one["action"] in verbs)
            self.after = events[-1]["index"] if events else self.after
            if len(events) < 1000:
                return self.found


def listed(words: Iterable[str]) -> str:
    """Words as a sentence has them: a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def logged(verbs: Iterable[str]) -> list[str]:
    """The sentence that these are in the log; none of no verb."""
    return [f"Each {listed(found)} is in the log, once."] if (found := list(verbs)) else []


def synchronous(when: str) -> str:
    return f"The catalog's writer is synchronous, asked {when}."


def looked_at_in(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was looked at in a load, by the rows of what it did: of new vaults, and of a peer beside them.

    The log and the writer are looked at in each of ours, and bytes by the client; Tests/Bench/load.c counts lists, too.
    """
    done = [row for row in rows if row.get("ops")]
    ours = dict.fromkeys(row["phase"] for row in done if row["label"].startswith("ours-"))
    read = {verb: None for verb in ("get", "range") if any(row["phase"] == verb for row in done)}
    told = logged(ours)
    if read:
        both = ", the peer's too" if any(not row["label"].startswith("ours-") for row in done) else ""
        told.append(f"Every byte of each {listed(read)} that was measured was compared with what was stored{both}.")
    if "list" in ours:
        told.append("Of each list the images were counted.")
    return told + ([synchronous("of each vault after its load")] if ours else [])


def tell_broken(wrong: list[str], looked_at: Iterable[str]) -> int:
    """Says what was broken, or what held: that which was looked at, a sentence a line, and nothing more.

    Gives the exit status.
    """
    held = "\n".join(dict.fromkeys(looked_at)) or "No promise was looked at."
    print("\n".join(f"WRONG: {line}" for line in wrong) or f"\n{held}")
    return 1 if wrong else 0


def end_by_signals() -> None:
    """What was begun is ended, by whatever signal, as Ctrl-C does. Of SIGKILL the daemon hears by itself."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))


def end_after(minutes: float) -> None:
    """Whatever waits then ends, as by a signal: a bench that hangs tells so."""

    def over(*_: object) -> None:
        raise SystemExit(f"bench: it was not done in {minutes:g} minutes")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)


def exercised(
    options: argparse.Namespace, prefix: str, exercise: Callable[[argparse.Namespace, Path], int]
) -> int:
    """Does it in a folder of its own, which is kept when something was found; gives its exit status.

    Programs that were built to measure coverage leave what they measured there, and not here.
    """
    end_by_signals()
    # A short name: the paths of sockets have to be short.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=options.dir)).resolve()
    is_kept = True
    try:
        os.chdir(folder)
        status = exercise(options, folder)
        is_kept = options.keep or status != 0
        return status
    except Exception:
        print(f"broken off, seed {options.seed}")
        raise
    except BaseException:
        is_kept = options.keep
        raise
    finally:
        if is_kept:
            print(f"kept in {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run(
    parser: argparse.ArgumentParser, measure: Callable[[Path, argparse.Namespace], dict[str, Any]],
    show: Callable[[dict[str, Any]], None], minutes: float = 60, patience: float = 1,
    at_the_end: str = "it ends with an error when it takes longer",
) -> None:
    """Measures in a folder that is gone afterwards, shows what came of it, and keeps the figures for who asks.

    What is measured tells in `looked_at` which promises it looked at, and in `wrong` which did not hold; then the exit
    status is 1.
    """
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"), help="where the data lies meanwhile")
    parser.add_argument("--json", help="every figure of every round")
    parser.add_argument("--minutes", type=above_zero, default=minutes, help=at_the_end)
    options = parser.parse_args()
    end_by_signals()
    end_after(options.minutes * patience)
    # A socket's path is short: directly in the folder for the data.
    folder = Path(tempfile.mkdtemp(prefix="ivb", dir=options.dir))
    try:
        told = {"machine": machine(options.dir)} | measure(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(told)
    status = tell_broken(told["wrong"], told["looked_at"])
    if options.json:
        keep(told, options.json)
    sys.exit(status)
