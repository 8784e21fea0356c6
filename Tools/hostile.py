"""What no well-meaning client sends, to every socket of a real daemon: see Tools/hostile."""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench_support import exercised
from hostile_cases import Case, make, silent
from hostile_grammar import CONTRACT, Route, World, routes
from hostile_line import EXCUSED, OBEYED, Judge, codes, exchange
from hostile_quiet import Quiet
from hostile_watch import HostileVault, Taken, taken

#: What the daemon may have more of than after the warm-up, at any time, and when every connection is gone. What it
#: had after the warm-up was with connections.
GROWTH = {"resident": 50.0, "anonymous": 40.0, "threads": 8}
GROWTH_LEFT = {"descriptors": 16, "children": 4}
#: Of the cases, the first so many are the warm-up: pools and caches fill once.
WARM_SHARE, WARM_LEAST, WARM_MOST = 0.1, 300, 10_000
#: Connections at once, of those that take their time also.
AT_ONCE, SLOW_AT_ONCE = 12, 8
#: Violations of one kind that are printed, and bytes of the request of each: many of one must not hide another.
SHOWN, SHOWN_BYTES = 8, 3000
#: Seconds until every connection is gone.
SETTLE = 60
#: Cases between two lines of progress.
PROGRESS = 5000


@dataclass
class Tally:
    """What came, by kind; shared by all threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    cases: int = 0
    requests: int = 0
    answers: int = 0
    unanswered: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    #: Violations, with `#` in place of numbers.
    kinds: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


class Run:
    """One run over one vault."""

    def __init__(self, options: argparse.Namespace, vault: HostileVault, process: subprocess.Popen[bytes]) -> None:
        self.options, self.vault, self.process = options, vault, process
        self.begun, self.violations, self.tally = time.monotonic(), 0, Tally()
        pictures, loose = vault.stock()
        # In capitals and with digits: no vault makes such a word up, nor takes it for a name of its own.
        self.word = f"HX{random.Random(options.seed).getrandbits(40):010X}"
        self.world = World(self.word, tuple(pictures), tuple(loose))
        self.routes: list[Route] = routes()
        self.judge = Judge(pictures, codes(CONTRACT))
        self.warm: Taken | None = None
        self.most: Taken | None = None
        self.next = iter(range(options.first, options.first + options.requests))
        self.slow: list[Case] = []
        self.done = threading.Event()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def violation(self, text: str, case: Case | None = None) -> None:
        kind = re.sub(r"\d[\d.,]*", "#", text.partition(": ")[0])
        with self.tally.lock:
            self.violations += 1
            self.tally.kinds[kind] += 1
            if self.tally.kinds[kind] > SHOWN:
                return
            self.say(f"VIOLATION, seed {self.options.seed}, {case or 'run'}: {text}")
            if case:
                sent = case.content
                more = f" and {len(sent) - SHOWN_BYTES:,} bytes more" if len(sent) > SHOWN_BYTES else ""
                self.say(f"  sent: {sent[:SHOWN_BYTES]!r}{more}")

    # MARK: Sending

    def send(self, case: Case) -> None:
        if self.process.poll() is not None:
            return
        outcome = exchange(self.vault.folder, case)
        lines, found = self.judge.faults(case, outcome)
        with self.tally.lock:
            tally = self.tally
            tally.cases += 1
            tally.requests += case.requests
            tally.answers += len(found)
            tally.unanswered += not found
            tally.statuses.update(answer.status for answer in found)
            tally.codes.update(answer.code for answer in found if answer.status >= 400)
            tally.faults.update(case.faults or ("sound",))
            if not case.is_slow:
                tally.slowest = max(tally.slowest, outcome.seconds)
        for line in lines:
            self.violation(line, case)
        if self.process.poll() is not None:
            self.violation(f"the daemon ended with {self.process.returncode}", case)

    def work(self) -> None:
        while True:
            with self.tally.lock:
                number = next(self.next, None)
                if number is None:
                    return
            case = make(self.options.seed, number, self.routes, self.world)
            if case.is_slow:
                with self.tally.lock:
                    self.slow.append(case)
            else:
                self.send(case)
            self.look(number - self.options.first)

    def work_slowly(self) -> None:
        """What takes its time must not hold up the rest."""
        while True:
            with self.tally.lock:
                case = self.slow.pop() if self.slow else None
            if case:
                self.send(case)
            elif self.done.wait(0.02):
                return

    def look(self, number: int) -> None:
        if number == self.warm_up and self.warm is None:
            self.warm = taken(self.process.pid)
            self.say(f"warm after {number:,} cases: {self.warm}")
        elif number and number % PROGRESS == 0:
            self.say(f"{number:,} cases; {taken(self.process.pid)}")

    @property
    def warm_up(self) -> int:
        """Cases of the warm-up."""
        requests: int = self.options.requests
        return min(WARM_MOST, requests - 1, max(WARM_LEAST, int(requests * WARM_SHARE)))

    def watch(self) -> None:
        while not self.done.wait(0.5):
            if self.warm and self.process.poll() is None:
                now = taken(self.process.pid)
                self.most = now.at_most(self.most or now)

    def everything(self) -> None:
        """All cases, on many connections at once."""
        silents = [
            silent(self.options.seed, -1 - number, self.routes, self.world) for number in range(self.options.silent)
        ]
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(AT_ONCE)]
        threads += [threading.Thread(target=self.send, args=(case,), daemon=True) for case in silents]
        slow = [threading.Thread(target=self.work_slowly, daemon=True) for _ in range(SLOW_AT_ONCE)]
        watcher = threading.Thread(target=self.watch, daemon=True)
        for thread in (*threads, *slow, watcher):
            thread.start()
        for thread in threads:
            thread.join()
        self.done.set()
        for thread in (*slow, watcher):
            thread.join()

    # MARK: Afterwards

    def settled(self) -> Taken:
        """When the number of descriptors falls no more: every connection is gone."""
        give_up = time.monotonic() + SETTLE
        before, told = None, taken(self.process.pid)
        while time.monotonic() < give_up and (before is None or told.descriptors < before.descriptors):
            time.sleep(1)
            before, told = told, taken(self.process.pid)
        return told

    def hold_against_rules(self, quiet: list[str], last: Taken | None = None) -> None:
        for line in quiet:
            self.violation(f"the quiet client noticed: {line}")
        for then, bars in ((self.most, GROWTH), (last, GROWTH_LEFT)):
            for line in then.growth(self.warm, bars) if then and self.warm else ():
                self.violation(f"the daemon grew after the warm-up: {line}")
        for told in (self.vault.folder / "vaultd.log").read_bytes().splitlines():
            if self.word.encode() in told:
                self.violation(f"the daemon's own log quotes a request: {told[:300]!r}")
            elif OBEYED.search(told):
                self.violation(f"the daemon's own log has what a terminal would obey: {told[:300]!r}")
        if self.process.poll() is None:
            try:
                self.say(f"the log: {self.vault.verified()}")
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                self.violation(f"the log does not hold: {error}")

    def figures(self, last: Taken | None, quiet: str) -> None:
        tally = self.tally
        rare = ", ".join(f"{code} × {count:,}" for code, count in tally.codes.most_common())
        statuses = ", ".join(f"{status} × {count:,}" for status, count in sorted(tally.statuses.items()))
        print(f"answers: {statuses}")
        print(f"refused by: {rare} (-: the parser's own, without a document)")
        for code in sorted(set(EXCUSED) & set(tally.codes)):
            print(f"excused: {code}, {tally.codes[code]:,} times: {EXCUSED[code].reason}")
        print(f"faults: {', '.join(f'{name} × {count:,}' for name, count in sorted(tally.faults.items()))}")
        for kind, count in tally.kinds.most_common():
            print(f"violated: {kind} × {count:,}")
        print(f"quiet client: {quiet}")
        if self.warm and last:
            print(f"daemon after the warm-up of {self.warm_up:,}: {self.warm}")
            print(f"daemon at the end: {last}; at most, at any time: {self.most}")


def exercise(options: argparse.Namespace, folder: Path) -> int:
    vault = HostileVault(folder)
    with vault.served() as process:
        run = Run(options, vault, process)
        if options.only is not None:
            return only(run)
        quiet = Quiet(folder, options.seed)
        run.everything()
        faults, figures = quiet.end()
        last = run.settled() if process.poll() is None else None
        run.hold_against_rules(faults, last)
        run.figures(last, figures)
    tally = run.tally
    print(
        f"hostile: {tally.cases:,} connections with {tally.requests:,} requests, {tally.answers:,} answers, "
        f"{tally.unanswered:,} connections without one, {run.violations:,} violations; slowest {tally.slowest:.1f} s; "
        f"{time.monotonic() - run.begun:.0f} s, seed {options.seed}",
        flush=True,
    )
    return 1 if run.violations else 0


def only(run: Run) -> int:
    """One case again, and what came."""
    number: int = run.options.only
    make_it = silent if number < 0 else make
    case = make_it(run.options.seed, number, run.routes, run.world)
    print(f"{case}\nsent: {case.content!r}")
    outcome = exchange(run.vault.folder, case)
    print(f"came after {outcome.seconds:.2f} s: {outcome.received!r}")
    for line in run.judge.faults(case, outcome)[0]:
        run.violation(line, case)
    run.hold_against_rules([])
    return 1 if run.violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/hostile", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--silent", type=int, default=8)
    parser.add_argument("--only", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    return exercised(options, "ivh", exercise)


if __name__ == "__main__":
    raise SystemExit(main())
