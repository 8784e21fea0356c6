"""Faults at every point at which they can come, and nothing acknowledged is lost: see Tools/chaos."""

from __future__ import annotations

import argparse
import os
import platform
import random
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench_support import exercised
from chaos_calls import ERRORS, OUTSIDE, Fault, Point, errors, kills, points
from chaos_check import LOST
from chaos_soak import soak
from chaos_trial import SIGHTINGS, Outcome, overlooked, sighted, tried
from chaos_vault import Prepared, Starting, Traced, prepared
from chaos_verbs import VERBS, Verb

#: The exit status of what cannot be done here.
LEFT_OUT = 77
NOT_ROOT = "it takes root to trace a daemon that does not let itself be traced"
#: Faults of a verb that --quick draws: kills, and errors.
QUICK_KILLS, QUICK_ERRORS = 8, 5
#: Whether the files whose calls count lie outside of the state directory; for all others they do not.
PLACES = {Traced: (False, True), Starting: (True,)}
#: Findings that are printed of each fault.
SHOWN = 3


@dataclass
class Row:
    """A line of the table: one verb, where the files are, and kills or errors."""

    verb: str
    files: str
    faults: str
    points_found: int
    points_tried: int = 0
    faults_tried: int = 0
    survived: int = 0
    lost: int = 0
    violations: int = 0

    def entered(self, outcomes: Iterable[Outcome]) -> None:
        hit: set[Point] = set()
        for outcome in outcomes:
            if not outcome.has_fired and not outcome.findings:
                continue
            assert outcome.fault
            hit.add(outcome.fault.point)
            self.faults_tried += 1
            self.survived += not outcome.findings
            self.lost += sum(one.kind == LOST for one in outcome.findings)
            self.violations += len(outcome.findings)
        self.points_tried = len(hit)


def drawn(faults: list[Fault], count: int, chance: random.Random) -> list[Fault]:
    """So many of them, in which every kind of call is before any comes twice.

    What lies outside of the state directory is one kind: the same calls come in each verb.
    """
    shuffled = chance.sample(faults, len(faults))
    turns: Counter[object] = Counter()
    order = []
    for fault in shuffled:
        file = OUTSIDE if fault.point.kind.is_outside else fault.point.kind
        kind = (file, fault.what in ERRORS or fault.what)
        order.append((turns[kind], len(order), fault))
        turns[kind] += 1
    return [fault for _, _, fault in sorted(order)[:count]]


def table(rows: list[Row]) -> str:
    heads = ("verb", "files", "faults", "points found", "tried", "faults tried", "survived", "acknowledged lost")
    lines = [heads] + [
        (row.verb, row.files, row.faults, *(f"{number:,}" for number in (row.points_found, row.points_tried,
                                                                         row.faults_tried, row.survived, row.lost)))
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 3 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    )  # fmt: skip


class Matrix:
    """All verbs and all their faults, or a sample."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.begun = options, time.monotonic()
        self.vault: Prepared = prepared(folder, options.seed)
        self.chance = random.Random(f"{options.seed}/faults")
        self.rows: list[Row] = []
        self.missed = 0

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def run(self) -> int:
        pool = ThreadPoolExecutor(self.options.jobs)
        try:
            verbs = [verb for verb in VERBS if self.options.only in (None, verb.name)]
            # What comes next is seen while faults are tried: a trial waits more than it works.
            seen = [self.seen(verb, pool) for verb in verbs[:1]]
            for place, verb in enumerate(verbs):
                seen += [self.seen(following, pool) for following in verbs[place + 1 : place + 2]]
                self.verb(verb, pool, [one.result() for one in seen[place]])
        finally:
            # Whoever ends this does not wait for what was not begun.
            pool.shutdown(cancel_futures=True)
        print(table(self.rows), flush=True)
        tries, survived, lost, violations = (
            sum(getattr(row, name) for row in self.rows) for name in ("faults_tried", "survived", "lost", "violations")
        )
        if not tries:
            self.missed += 1
            self.say(f"VIOLATION nothing was tried: is {self.options.at!r} in the name of a fault?")
        sample = ", a sample" if self.options.quick or self.options.at else ""
        print(
            f"chaos: {tries:,} faults tried{sample}, {survived:,} survived, {lost:,} acknowledged operations lost, "
            f"{violations:,} violations; {time.monotonic() - self.begun:.0f} s, seed {self.options.seed}",
            flush=True,
        )
        return 1 if violations or self.missed else 0

    def seen(self, verb: Verb, pool: ThreadPoolExecutor) -> list[Future[Outcome]]:
        return [pool.submit(sighted, self.vault, verb, self.options.keep) for _ in range(SIGHTINGS)]

    def verb(self, verb: Verb, pool: ThreadPoolExecutor, sightings: list[Outcome]) -> None:
        forgetting = pool.submit(overlooked, self.vault, verb)
        for sighting in sightings:
            self.shown(verb, "no fault", sighting)
        found = points(sighting.points for sighting in sightings)
        whole = Row(verb.name, "all", "none", len(found), len(found), len(sightings))
        whole.survived = sum(not one.findings for one in sightings)
        whole.violations = sum(len(one.findings) for one in sightings)
        whole.lost = sum(finding.kind == LOST for one in sightings for finding in one.findings)
        if whole.violations:
            self.rows.append(whole)
        if "kill" in self.options.faults:
            self.faults(verb, "kill", kills(found), QUICK_KILLS, pool)
        if "error" in self.options.faults:
            self.faults(verb, "error", errors(found), QUICK_ERRORS, pool)
        for who in forgetting.result():
            self.missed += 1
            self.say(f"VIOLATION {verb.name}: a vault that forgot what it had acknowledged was not found out by {who}")

    def faults(self, verb: Verb, name: str, every: list[Fault], quick: int, pool: ThreadPoolExecutor) -> None:
        chosen = [fault for fault in every if self.options.at in str(fault)]
        if self.options.quick:
            chosen = drawn(chosen, quick, self.chance)
        begun, outcomes = time.monotonic(), list[Outcome]()

        def one(fault: Fault) -> Outcome:
            return tried(self.vault, verb, fault, self.options.seed, self.options.keep)

        for number, outcome in enumerate(pool.map(one, chosen), start=1):
            outcomes.append(outcome)
            self.shown(verb, str(outcome.fault), outcome)
            if number % 100 == 0:
                self.say(f"{verb.name}: {number:,} of {len(chosen):,} {name}s")
        absent = [outcome for outcome in outcomes if not outcome.has_fired and not outcome.findings]
        for outcome in absent[:SHOWN]:
            self.say(f"{verb.name}: {outcome.fault} did not come")
        self.missed += 0 if self.options.quick else len(absent)
        self.say(f"{verb.name}: {len(chosen):,} {name}s took {time.monotonic() - begun:.0f} s")
        for is_outside in PLACES.get(verb.under, (False,)):
            here = [fault for fault in every if fault.point.kind.is_outside == is_outside]
            row = Row(verb.name, "anchor" if is_outside else verb.files, name, len({fault.point for fault in here}))
            row.entered(one for one in outcomes if one.fault in here)
            self.rows.append(row)
            self.told(row, len(here), sum(fault in here for fault in chosen))

    def told(self, row: Row, every: int, chosen: int) -> None:
        """A line for a row; it says so when nothing could be tried."""
        if not every or chosen and not row.faults_tried:
            self.missed += 1
            self.say(f"VIOLATION {row.verb}, {row.files}: {every:,} {row.faults}s are known, and none came")
        self.say(
            f"{row.verb}, {row.files}: {row.points_found:,} points of {row.faults}s, {row.points_tried:,} tried by "
            f"{row.faults_tried:,} faults of {every:,}, {row.survived:,} survived, {row.lost:,} lost"
        )

    def shown(self, verb: Verb, where: str, outcome: Outcome) -> None:
        for finding in outcome.findings[:SHOWN]:
            self.say(f"VIOLATION {verb.name}, {where}, seed {self.options.seed}: {finding.kind}: {finding.text}")


def matrix(options: argparse.Namespace, folder: Path) -> int:
    return Matrix(options, folder).run()


def missing_here() -> str | None:
    """Why faults cannot be made here; nothing where they can."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        return "calls are known by the numbers of Linux on x86-64"
    if os.geteuid() != 0:
        return NOT_ROOT
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/chaos", description=(__doc__ or "").split(":")[0])
    parser.add_argument("mode", nargs="?", choices=("matrix", "soak"), default="matrix")
    parser.add_argument("--minutes", type=float, default=30, help="of a soak")
    parser.add_argument("--callers", type=int, default=6, help="of a soak")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--faults", choices=("kill", "error"), action="append")
    parser.add_argument("--only", choices=[verb.name for verb in VERBS])
    parser.add_argument("--at", default="")
    # A trial waits more than it works.
    parser.add_argument("--jobs", type=int, default=1 + 2 * (os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.faults = options.faults or ["kill", "error"]
    reason = missing_here()
    if reason:
        print(f"left out: no faults can be made here: {reason}")
        return LEFT_OUT
    return exercised(options, "ivc", soak if options.mode == "soak" else matrix)


if __name__ == "__main__":
    raise SystemExit(main())
