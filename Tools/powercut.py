"""No byte was ever received whose event is missing after a crash: see Tools/powercut."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench_support import exercised, noise
from powercut_check import Fate, Kept, events, missing, newest
from powercut_disk import FLUSH, Replay, Unmountable, WriteLog, last_flush, missing_here, mounted, recorded
from powercut_load import EDGES, Account, Line, load, store
from powercut_vault import Daemon, Ground, NotServing

#: The exit status of what cannot be done here.
LEFT_OUT = 77
#: Images that are there from the beginning, for all callers.
SHARED = 24
#: The recorded disk.
DISK_MIB = 1024
#: Milliseconds between a reading that was chosen and the kill, at most.
DELAY_MS = 20
#: Checkpoints from before that a cut is held against, beside the newest.
BEFORE = 3
#: Of so many flushes, a cut comes before the one that most writes wait for.
FLUSHES_DRAWN = 32
#: Flushes that the lying disk loses: more than those of the last readings.
LOST_FLUSHES = 16
#: Violations that are printed of each crash.
SHOWN = 5


class Report:
    """What was found, as it goes."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.begun, self.violations = time.monotonic(), 0

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def found(self, lines: list[str], where: str) -> None:
        self.violations += len(lines)
        for line in lines[:SHOWN]:
            self.say(f"VIOLATION {where}, seed {self.options.seed}: {line}")
        if len(lines) > SHOWN:
            self.say(f"  and {len(lines) - SHOWN:,} more")

    def end(self, account: Account, figures: str) -> int:
        callers = f"{len(account.readings):,} readings, {len(account.images):,} images stored"
        took = time.monotonic() - self.begun
        print(
            f"{self.options.mode}: {callers}, {figures}, {self.violations:,} violations; "
            f"{took:.0f} s, seed {self.options.seed}",
            flush=True,
        )
        return 1 if self.violations else 0


@dataclass
class Trial:
    """A vault, and the account that it is held against."""

    report: Report
    ground: Ground
    account: Account

    def served(self, first: Callable[[], None], meanwhile: Callable[[], None]) -> None:
        """Stores what all read, and lets callers read until they have enough."""
        line, run, options = Line(self.ground.run / "images.sock"), self.ground.run, self.report.options
        for number in range(SHARED):
            edge = EDGES[number % len(EDGES)]
            store(line, self.account, noise(edge, edge, self.account.chance.getrandbits(60)))
        line.close()
        first()
        load(run, self.account, options.seed, options.gets, options.callers, meanwhile)

    def held(self, run: Path, cut: int, known: list[Kept]) -> tuple[int, list[str]]:
        """How many events the vault of `run` has to have after a crash, and what is wrong with it."""
        bundle = run / "log.bundle"
        lines = self.ground.verifier.export(run, known, bundle)
        if lines and known:
            # What is in the log is to be known even so.
            lines += self.ground.verifier.export(run, [], bundle)
        demanded, absent = missing(self.account.due, events(bundle) if bundle.exists() else [], cut)
        try:
            lines += absent + read_back(run, self.account.images, cut)
        except OSError as error:
            lines.append(f"the daemon answers no more: {error}")
        return demanded, lines

    def examine(self, replay: Replay, at: int, lost: int = 0) -> tuple[int, list[str]]:
        """Gives a disk whose power was cut at `at` to a daemon; tells as ``held``."""
        run = self.report.folder / f"{'lie' if lost else 'cut'}-{at}"
        self.ground.settings(run, run / "mnt/state")
        chance = f"{self.report.options.seed}/{at}"
        replay.cut(at, run / "disk.raw", random.Random(chance), lost)
        known: list[Kept] = []
        # The lying disk is to be found out by the events that are not there.
        if not lost:
            anchor = newest(self.account.anchors, at)
            if anchor:
                (run / "anchor").write_bytes(anchor.text)
            before = [kept for kept in self.account.checkpoints if kept.moment <= at]
            known = before[:: max(1, len(before) // BEFORE)][:BEFORE] + before[-1:]
        try:
            with mounted(run / "disk.raw", run / "mnt"):
                daemon = Daemon(run)
                try:
                    demanded, lines = self.held(run, at, known)
                finally:
                    daemon.stop()
        except (Unmountable, NotServing) as error:
            demanded, lines = 0, [str(error)]
        if lines and not lost:
            # As it was before anything came up on it.
            replay.cut(at, run / "cut.raw", random.Random(chance))
        elif not self.report.options.keep:
            shutil.rmtree(run)
        return demanded, lines


def read_back(run: Path, images: dict[str, Fate], cut: int) -> list[str]:
    """Lines for acknowledged images that are not there or not equal, and for erased ones that are."""
    line = Line(run / "images.sock")
    lines: list[str] = []
    for image, fate in images.items():
        status, content = line.ask(f"GET /v1/images/{image}")
        whole = status == 200 and content == fate.content
        if fate.must_be_there(cut) and not whole:
            lines.append(f"image {image}, stored by moment {fate.stored}, is answered {status} {content[:100]!r}")
        elif fate.must_be_gone(cut) and status != 404:
            lines.append(f"image {image}, erased by moment {fate.erased}, is answered {status}")
        elif not whole and status != 404:
            lines.append(f"image {image} is answered {status} {content[:100]!r}")
    line.close()
    return lines


# MARK: kill


def kill(report: Report) -> int:
    options, chance, kills = report.options, random.Random(report.options.seed), 0
    ground = Ground(report.folder, report.folder / "state")
    account = Account(lambda: kills, random.Random(f"{options.seed}/traces"))
    trial, daemon = Trial(report, ground, account), Daemon(ground.run)
    at = sorted(chance.randrange(1, options.gets) for _ in range(options.kills))

    def meanwhile() -> None:
        nonlocal kills, daemon
        if kills == len(at) or len(account.readings) < at[kills]:
            return
        time.sleep(chance.random() * DELAY_MS / 1000)
        readings, since = len(account.readings), time.monotonic()
        daemon.kill()
        kills += 1
        daemon = Daemon(ground.run)
        took = time.monotonic() - since
        report.say(f"kill {kills} of {len(at)} after {readings:,} readings; it serves again after {took:.2f} s")

    demanded, known = 0, dict[int, Kept]()
    try:
        trial.served(lambda: None, meanwhile)
        # The newest from before each kill.
        known = {kept.moment: kept for kept in account.checkpoints}
        demanded, lines = trial.held(ground.run, kills + 1, list(known.values()))
    except NotServing as error:
        lines = [str(error)]
    finally:
        daemon.kill()
    report.found(account.faults + lines, "after the kills")
    figures = f"{account.broken:,} broken off, {kills} kills, {demanded:,} events demanded"
    return report.end(account, f"{figures}, {len(known)} checkpoints from before")


# MARK: cut


def cut(report: Report) -> int:
    folder, options, first = report.folder, report.options, 0
    with recorded(folder, folder / "mnt", DISK_MIB) as log:
        ground = Ground(folder, folder / "mnt/state")
        account = Account(log.count, random.Random(f"{options.seed}/traces"))
        trial, daemon = Trial(report, ground, account), Daemon(ground.run)

        def begun() -> None:
            nonlocal first
            first = log.count()

        try:
            trial.served(begun, progress(report, account))
        finally:
            daemon.kill()
        last = log.count()
    report.found(account.faults, "before any cut")
    report.say(f"{len(account.readings):,} readings; writes and flushes {first:,} to {last:,} are of that time")
    demanded = cuts(trial, Replay(folder / "base.raw", log, folder / "safe.raw"), first, last)
    report.found(lying(trial, log), "lying disk")
    return report.end(account, f"{last:,} writes and flushes, {options.cuts} cuts, {demanded:,} events demanded")


def progress(report: Report, account: Account) -> Callable[[], None]:
    told = 0

    def meanwhile() -> None:
        nonlocal told
        if len(account.readings) // 1000 > told:
            told = len(account.readings) // 1000
            report.say(f"{told * 1000:,} readings")

    return meanwhile


def cuts(trial: Trial, replay: Replay, first: int, last: int) -> int:
    """All cuts; gives how many events were demanded after them."""
    report, sum_demanded = trial.report, 0
    for number, at in enumerate(moments(trial, replay, first, last), start=1):
        demanded, lines = trial.examine(replay, at)
        sum_demanded += demanded
        loose = at - last_flush(replay.entries, at)
        where = f"cut {number} of {report.options.cuts} behind entry {at:,}, {loose:,} of them not flushed"
        report.say(f"{where}: {demanded:,} events demanded")
        report.found(lines, f"cut {at}")
    return sum_demanded


def moments(trial: Trial, replay: Replay, first: int, last: int) -> list[int]:
    """Cuts in order: right after a byte was received, right before a flush of much, and anywhere."""
    options, readings = trial.report.options, trial.account.readings
    chance = random.Random(f"{options.seed}/cuts")
    flushes = [at for at in range(first, last) if replay.entries[at].flags & FLUSH]
    waiting = dict(zip(flushes[1:], (at - before for before, at in pairwise(flushes)), strict=True))
    ways: list[Callable[[], int]] = [
        lambda: chance.choice(readings).moment,
        lambda: max(chance.choices(flushes[1:], k=FLUSHES_DRAWN), key=waiting.__getitem__),
        lambda: chance.randrange(first, last + 1),
    ]
    return sorted(ways[number % len(ways)]() for number in range(options.cuts))


def lying(trial: Trial, log: WriteLog) -> list[str]:
    """A disk that loses what it acknowledged has to be found out; otherwise nothing was shown."""
    folder = trial.report.folder
    replay = Replay(folder / "base.raw", log, folder / "safe.raw")
    demanded, lines = trial.examine(replay, trial.account.readings[-1].moment, LOST_FLUSHES)
    absent = sum(line.startswith("no read.begun") for line in lines)
    found = f"found out by {absent:,} of {demanded:,} events"
    trial.report.say(f"a disk that loses its last {LOST_FLUSHES} flushes, to see whether the check sees it: {found}")
    return [] if absent else ["it was not found out"]


# MARK: The command


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/powercut", description=(__doc__ or "").split(":")[0])
    parser.add_argument("mode", choices=("kill", "cut"))
    parser.add_argument("--gets", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cuts", type=int, default=40)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    reason = missing_here() if options.mode == "cut" else None
    if reason:
        print(f"left out: no disk can be cut from its power here: {reason}")
        return LEFT_OUT
    do = kill if options.mode == "kill" else cut
    return exercised(options, "ivp", lambda options, folder: do(Report(options, folder)))


if __name__ == "__main__":
    raise SystemExit(main())
