"""The long mode of every tool that looks for faults, one after the other. See Tools/nightly."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event

ROOT = Path(__file__).resolve().parent.parent
#: What a tool ends with that cannot run on this machine.
LEFT_OUT = 77
#: Below this, what cannot be divided runs in its short mode.
SHORT_BELOW = 0.5
#: How long a part may take: so many times what it should, and minutes for building what it needs.
PATIENCE, BUILD_MINUTES = 3, 45
#: Seconds between asking a part to end and ending it.
GRACE_SECONDS = 30
#: Of a log's last line in the table.
SHOWN_CHARACTERS = 90


@dataclass(frozen=True)
class Night:
    """What the parts of a run have in common."""

    scale: float
    seed: int
    logs: Path
    #: Set when somebody wants it to end.
    stop: Event = field(default_factory=Event)

    def of(self, full: int, least: int) -> str:
        return str(max(least, round(full * self.scale)))

    @property
    def is_short(self) -> bool:
        return self.scale < SHORT_BELOW


@dataclass(frozen=True)
class Part:
    name: str
    #: At full scale.
    minutes: float
    words: Callable[[Night], list[str]]
    #: Whether it takes peers to measure beside, which not every machine has.
    needs_peers: bool = False

    def takes(self, night: Night) -> float:
        """About so many minutes: whatever is left out, something has to be started and built."""
        return max(self.minutes * night.scale, min(self.minutes, 3))


def tool(name: str, words: str, *, seeded: bool = False) -> Callable[[Night], list[str]]:
    """A tool with its words: {FULL/LEAST} is a number by the scale, {logs} the folder of logs."""
    return lambda night: [f"Tools/{name}", *filled(words, night), *(["--seed", str(night.seed)] if seeded else [])]


def either(long: Callable[[Night], list[str]], short: Callable[[Night], list[str]]) -> Callable[[Night], list[str]]:
    return lambda night: short(night) if night.is_short else long(night)


def filled(words: str, night: Night) -> list[str]:
    found = []
    for word in words.split():
        number = re.fullmatch(r"\{(\d+)/(\d+)\}", word)
        found.append(night.of(int(number[1]), int(number[2])) if number else word.replace("{logs}", str(night.logs)))
    return found


PARTS = (
    Part("simulate", 60, tool("simulate", "{1000000/1000}", seeded=True)),
    Part("contract", 20, tool("contract", "--cases {10000/700}", seeded=True)),
    Part("powercut-kill", 15, tool("powercut", "kill --gets {10000/300} --kills {10/2}", seeded=True)),
    Part("powercut-cut", 45, tool("powercut", "cut --gets {10000/200} --cuts {40/3}", seeded=True)),
    Part("chaos", 180, either(tool("chaos", "", seeded=True), tool("chaos", "--quick", seeded=True))),
    Part("soak", 35, tool("chaos", "soak --minutes {30/1}", seeded=True)),
    Part("hostile", 60, tool("hostile", "--requests {100000/1500}", seeded=True)),
    Part("limits", 20, tool("limits", "--connections {10000/1000} --uploads {1000/100} --readers {1000/50}",
                            seeded=True)),
    Part("canary", 10, tool("canary", "", seeded=True)),
    Part("traffic", 10, tool("traffic", "--minutes {60/10}", seeded=True)),
    Part("attack", 45, either(tool("attack", "", seeded=True), tool("attack", "short"))),
    Part("fuzz", 250, tool("fuzz", "all --seconds {3600/5}")),
    Part("bench-inspect", 5, tool("bench-inspect", "")),
    Part("bench-reinspect", 10, tool("bench-reinspect", "--images {1500/100} --seconds {6/5}")),
    Part("bench-erase", 10, tool("bench", "erase --images {200/20} --rounds {3/1} --json {logs}/erase.json")),
    Part("bench-fairness", 10, tool("bench", "fairness --rounds {3/1} --seconds {10/1} --json {logs}/fairness.json")),
    Part("bench-report", 15, either(tool("bench", "report"), tool("bench", "report 1000"))),
    Part("bench-table", 90, either(
        tool("bench", "table --measure all --from {logs}/results"),
        tool("bench", "scale --upto 1000 --seconds 0.5 --json {logs}/scale.json")), needs_peers=True),
)


@dataclass
class Done:
    name: str
    outcome: str
    seconds: float = 0
    last: str = ""


def peers_missing() -> bool:
    folder = Path(os.environ.get("IMAGEVAULT_PEERS", ROOT.parent / "shared/bench"))
    return not (folder / "load/load.py").exists()


def run(part: Part, night: Night) -> Done:
    """One part to its end, in a group of processes of its own."""
    if part.needs_peers and not night.is_short and peers_missing():
        return Done(part.name, "left out", last="IMAGEVAULT_PEERS names no folder of peers")
    log = night.logs / f"{part.name}.log"
    words = part.words(night)
    began = time.monotonic()
    limit = 60 * (BUILD_MINUTES + PATIENCE * part.takes(night))
    with log.open("wb") as file:
        file.write(f"$ {' '.join(words)}\n".encode())
        file.flush()
        process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            is_done = ended(process, limit, night.stop)
        finally:
            status = end(process)
    outcome = {0: "passed", LEFT_OUT: "left out"}.get(status, "FAILED")
    if not is_done:
        outcome = "STOPPED" if night.stop.is_set() else "TOO LONG"
    by_signal = f"by signal {-status} after: " if is_done and status < 0 else ""
    return Done(part.name, outcome, time.monotonic() - began, by_signal + last_line(log))


def ended(process: subprocess.Popen[bytes], seconds: float, stop: Event | None = None) -> bool:
    """Whether it ended by itself in time. It stays to be waited for, so that its number is nobody else's yet."""
    until = time.monotonic() + seconds
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > until or stop is not None and stop.is_set():
            return False
        time.sleep(0.1)
    return True


def end(process: subprocess.Popen[bytes]) -> int:
    """Ends all that a part started and left: nothing disturbs the next one. Each signal has GRACE_SECONDS to work in,
    and none of them is waited for when nobody is left. The leader is reaped last, so that the group's number is nobody
    else's until then.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not is_alive(process.pid):
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        until = time.monotonic() + GRACE_SECONDS
        while is_alive(process.pid) and time.monotonic() < until:
            time.sleep(0.1)
    return process.wait()


def is_alive(group: int) -> bool:
    """Whether a process of the group still runs. One that is dead and was not reaped is none: nobody may ever do it."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # What follows the name, which may hold anything: state, parent, group.
            state, _, of = file.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of) == group and state not in "ZX":
            return True
    return False


def last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:SHOWN_CHARACTERS] if len(lines) > 1 else ""


def span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 120 else f"{minutes} min" if minutes < 120 else f"{seconds / 3600:.1f} h"


def table(rows: Sequence[Done]) -> str:
    cells = [("part", "outcome", "took", "said last"), *((one.name, one.outcome, span(one.seconds), one.last)
                                                         for one in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(3)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip()
                     for row in cells)


def failed(rows: Sequence[Done], require_all: bool) -> list[Done]:
    fine = ("passed",) if require_all else ("passed", "left out")
    return [one for one in rows if one.outcome not in fine]


def all_of(parts: Sequence[Part], night: Night, say: Callable[[str], None] = print) -> list[Done]:
    """Each part, whatever became of the one before; after a stop no other begins."""
    rows: list[Done] = []
    for part in parts:
        if night.stop.is_set():
            rows.append(Done(part.name, "not run"))
            continue
        say(f"{datetime.now():%H:%M}  {part.name}: {' '.join(part.words(night))}")
        rows.append(run(part, night))
        say(f"       {rows[-1].outcome} after {span(rows[-1].seconds)}")
    return rows


def chosen(only: Sequence[str], skip: Sequence[str]) -> list[Part]:
    return [part for part in PARTS if (not only or part.name in only) and part.name not in skip]


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="Tools/nightly")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", choices=names, action="append", default=[])
    parser.add_argument("--skip", choices=names, action="append", default=[])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--seed", type=int, default=int(f"{datetime.now():%Y%m%d}"))
    parser.add_argument("--logs", type=Path)
    options = parser.parse_args(words)
    if not 0 < options.scale <= 100:
        parser.error("--scale is above 0 and at most 100")
    if not chosen(options.only, options.skip):
        parser.error("nothing is left to run")
    if options.logs and not options.list and (kept := earlier(options.logs)):
        parser.error(f"--logs {options.logs} holds {kept} of an earlier run, which would be told as this one's: "
                     "name another folder, move that one away, or leave --logs out")
    return options


def earlier(logs: Path) -> str | None:
    """What a folder has of a run before, by its name in it: a log, a result of a bench or the table."""
    found = (path for kind in ("table.txt", "*.log", "*.json", "results/*") for path in sorted(logs.glob(kind)))
    return next((str(path.relative_to(logs)) for path in found), None)


def listed(parts: Sequence[Part], night: Night) -> Iterator[str]:
    for part in parts:
        yield f"{part.name:16} {part.takes(night):5.0f} min  {' '.join(part.words(night))}"
    yield f"{'all':16} {sum(part.takes(night) for part in parts):5.0f} min"


def main() -> int:
    options = arguments()
    logs = options.logs or ROOT / f".build/nightly/{datetime.now():%Y-%m-%dT%H%M%S}"
    night = Night(options.scale, options.seed, logs.absolute())
    parts = chosen(options.only, options.skip)
    if options.list:
        print("\n".join(listed(parts, night)))
        return 0
    if "IMAGEVAULT_BIN" in os.environ:
        os.environ["IMAGEVAULT_BIN"] = os.path.abspath(os.environ["IMAGEVAULT_BIN"])
    (night.logs / "results").mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: night.stop.set())
    began = time.monotonic()
    print(f"seed {night.seed}, logs in {night.logs}", flush=True)
    rows = all_of(parts, night, lambda line: print(line, flush=True))
    bad = failed(rows, os.environ.get("REQUIRE_ALL") == "1")
    count = {name: sum(one.outcome == name for one in rows) for name in ("passed", "left out")}
    said = (f"{table(rows)}\nnightly: {len(rows)} parts, {count['passed']} passed, {count['left out']} left out, "
            f"{len(bad)} to look at, in {span(time.monotonic() - began)}")
    print(said)
    (night.logs / "table.txt").write_text(said + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
