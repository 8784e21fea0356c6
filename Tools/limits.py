"""More than a daemon has room for, while somebody asks for little: see Tools/limits."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench_support import exercised
from hostile_quiet import Quiet
from limits_flood import USERS, Act, Flood, half_uploads, idle, reads_slowly, stays, trickles, uploads
from limits_line import Tally
from limits_vault import LimitsVault
from limits_watch import Load, left_over, load, over_bars

#: Connections of one uid, and in all, as the vault has them; those that a flood leaves to others of its uid.
OF_ONE, OF_ALL, LEFT_TO_OTHERS = 4096, 12_000, 96
#: The quiet client's 99th percentile may be so many times what it is alone, and is not looked at below so many seconds:
#: a machine of two cores that a flood keeps busy is slow for everybody.
QUIET_TIMES, QUIET_LEAST = 24.0, 3.0
#: Seconds for a flood to stand, and to end.
PATIENCE = 300
#: Seconds that memory and descriptors get to come back, and between two looks.
SETTLE, LOOK = 20, 0.1
#: Uploads before everything.
WARM = 16
#: Uploads that trickle, seconds that they do, which is more than the vault lets others wait for memory, and how often a
#: backend dies.
TRICKLING, TRICKLE, DEATHS = 24, 13.0, 3


@dataclass
class Phase:
    """One flood: what the daemon took before, at the peak and afterwards, and who waited for how long."""

    name: str
    before: Load
    peak: Load
    after: Load
    tally: Tally
    quiet: list[float]
    faults: list[str] = field(default_factory=list)


def late(times: Sequence[float]) -> float:
    return sorted(times)[len(times) * 99 // 100] if times else 0.0


def too_slow(quiet: Sequence[float], alone: float) -> str | None:
    """Whether the quiet client waited for too long, beside what it waits for alone."""
    bar = max(QUIET_LEAST, QUIET_TIMES * alone)
    if not quiet:
        return "the quiet client got no answer"
    if late(quiet) <= bar:
        return None
    return f"the quiet client waited {late(quiet):.2f} s (p99), of {bar:.2f} that may be"


class Run:
    """One run over one vault."""

    def __init__(self, options: argparse.Namespace, vault: LimitsVault, process: subprocess.Popen[bytes]) -> None:
        self.options, self.vault, self.process = options, vault, process
        self.begun, self.seeds = time.monotonic(), random.Random(options.seed)
        self.phases: list[Phase] = []
        self.alone = 0.0
        self.violations: list[str] = []

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    @property
    def users(self) -> tuple[int | None, ...]:
        return USERS if self.vault.has_two_users else (None,)

    def flood(self, act: Act, count: int, user: int | None = None) -> Flood:
        user = user if user is not None else self.users[0]
        return Flood(self.vault.images, user, self.seeds.getrandbits(60), act, count)

    # MARK: Watching

    def look(self) -> Load:
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.process.returncode}")
        return load(self.process.pid)

    def until(self, floods: Sequence[Flood], peak: Load, is_over: bool, seconds: float = PATIENCE) -> Load:
        """Looks at the daemon until the floods stand or are over."""
        give_up = time.monotonic() + seconds
        while True:
            for flood in floods:
                flood.hear()
            peak = peak.at_most(self.look())
            if all(flood.is_over or (flood.stands and not is_over) for flood in floods):
                return peak
            if time.monotonic() > give_up:
                raise RuntimeError(f"a flood neither stands nor ends within {seconds:.0f} s")
            time.sleep(LOOK)

    def watched(self, seconds: float, peak: Load) -> Load:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            peak = peak.at_most(self.look())
            time.sleep(LOOK)
        return peak

    def settled(self, before: Load, peak: Load) -> Load:
        """When it has no more than it may have then; it looks for what it could give back every few seconds."""
        give_up = time.monotonic() + SETTLE
        while left_over(before, peak, now := self.look()) and time.monotonic() < give_up:
            time.sleep(0.5)
        return now

    # MARK: Phases

    def phase(
        self, name: str, floods: Sequence[Flood], before: Load, connections: int, readers: int = 0, pause: float = 0,
    ) -> None:
        """Lets floods stand beside the quiet client for a while, and then end."""
        peak = self.until(floods, before, is_over=False)
        quiet = Quiet(self.vault.folder, self.options.seed)
        peak = self.watched(max(pause, self.options.pause), peak)
        for flood in floods:
            flood.end()
        # What comes to its end by itself does so beside the quiet client.
        peak = self.until(floods, peak, is_over=True)
        faults, times, _ = quiet.ended()
        self.took(name, floods, before, peak, times, faults, connections, readers)

    def took(
        self, name: str, floods: Sequence[Flood], before: Load, peak: Load, quiet: list[float], faults: list[str],
        connections: int, readers: int = 0,
    ) -> None:
        after = self.settled(before, peak)
        tally, found = Tally(), [f"the quiet client noticed: {line}" for line in faults]
        for flood in floods:
            found += [flood.fault] if flood.fault else []
            if flood.tally:
                tally.add(flood.tally)
        found += [f"{kind} × {count:,}" for kind, count in tally.faults.items()]
        found += over_bars(before, peak, after, connections, readers)
        if self.vault.has_two_users and (slow := too_slow(quiet, self.alone)):
            found.append(slow)
        phase = Phase(name, before, peak, after, tally, quiet, found)
        self.phases.append(phase)
        self.say(f"{name}: {len(found)} violations")
        for line in found:
            self.violations.append(f"{name}: {line}")
            self.say(f"VIOLATION, {name}: {line}")

    def connections(self) -> None:
        """As many as were asked for, of users none of which has more than it may; and then more than there are
        places."""
        wanted: int = self.options.connections
        each = min(OF_ONE - LEFT_TO_OTHERS, -(-wanted // max(1, len(self.users) - 1)))
        first, before = self.users[: max(1, len(self.users) - 1)], self.look()
        floods = [self.flood(idle(each), each, user) for user in first]
        peak = self.until(floods, before, is_over=False)
        over = 0
        # The last user, or the only one, asks for more than it may have.
        if wanted >= OF_ONE:
            over = OF_ONE - (0 if len(self.users) > 1 else each) + LEFT_TO_OTHERS
            more = self.flood(idle(over), over, self.users[-1])
            # The quiet client knocks at what is full.
            peak = self.until([more], peak, is_over=False)
            floods.append(more)
        self.phase("idle connections", floods, before, each * len(first) + over)
        told = self.phases[-1].tally.answers
        if len(floods) > len(first) and not told["503"]:
            self.violations.append("idle connections: nobody was refused, and there were more than may be")

    def dying(self) -> None:
        """Backends that are killed in the middle of their uploads."""
        before = peak = self.look()
        count, quiet = self.options.uploads // 2, Quiet(self.vault.folder, self.options.seed)
        floods = []
        for _ in range(DEATHS):
            flood = self.flood(half_uploads(count), count)
            peak = self.until([flood], peak, is_over=False)
            flood.kill()
            floods.append(flood)
        faults, times, _ = quiet.ended()
        self.took("backends that die", floods, before, peak, times, faults, count)

    def everything(self) -> None:
        image, content = self.vault.large()
        # Pools and caches fill once.
        warm = self.flood(uploads(WARM), WARM)
        self.until([warm], self.look(), is_over=True)
        quiet = Quiet(self.vault.folder, self.options.seed)
        time.sleep(self.options.pause)
        faults, times, _ = quiet.ended()
        self.alone = late(times)
        self.violations += [f"alone: the quiet client noticed: {line}" for line in faults]
        self.say(f"alone the quiet client waits {1000 * self.alone:.0f} ms (p99)")
        self.connections()
        count, readers = self.options.uploads, self.options.readers
        self.phase("uploads at once", [self.flood(uploads(count), count)], self.look(), count)
        self.phase("uploaders that stay", [self.flood(stays(readers), readers)], self.look(), 2 * readers)
        trickling = [self.flood(trickles(TRICKLING), TRICKLING)]
        self.phase("uploads that trickle", trickling, self.look(), TRICKLING, pause=TRICKLE)
        slow = reads_slowly(readers, image, hashlib.sha256(content).digest())
        self.phase("slow readers", [self.flood(slow, readers)], self.look(), readers, readers)
        self.dying()

    def hold_at_the_end(self) -> None:
        self.violations += [f"at the end: {line}" for line in self.vault.left()]
        try:
            self.say(f"the log: {self.vault.verified()}")
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            self.violations.append(f"at the end: {error}")


def table(phases: Sequence[Phase]) -> list[str]:
    """A row a phase: before, at the peak, afterwards."""
    lines = [f"{'':22}{'MB':>20}{'threads':>14}{'descriptors':>20}{'quiet p99':>11}  answers"]
    for phase in phases:
        loads = (phase.before, phase.peak, phase.after)
        memory = " ".join(f"{one.memory:.0f}" for one in loads)
        threads = " ".join(str(one.threads) for one in loads)
        descriptors = " ".join(str(one.descriptors) for one in loads)
        answers = ", ".join(f"{status} × {count:,}" for status, count in sorted(phase.tally.answers.items()))
        waits = f"{1000 * late(phase.quiet):.0f} ms"
        lines.append(f"{phase.name:22}{memory:>20}{threads:>14}{descriptors:>20}{waits:>11}  {answers or '-'}")
    return lines


def raise_descriptors(wanted: int) -> None:
    """For the daemon, which takes the hard limit over, and for the floods."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < wanted and os.getuid() == 0:
        # Beyond what the kernel has for one process it refuses.
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            hard = wanted
        except (OSError, ValueError):
            pass
    if hard < wanted:
        raise SystemExit(f"limits: {wanted} descriptors are needed, and {hard} allowed: ulimit -Hn {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(wanted, 1024)), hard))


def exercise(options: argparse.Namespace, folder: Path) -> int:
    # The daemon keeps a quarter of them from connections.
    raise_descriptors(min(OF_ALL, options.connections + OF_ONE) * 4 // 3 + 64)
    vault = LimitsVault(folder)
    with vault.served() as process:
        run = Run(options, vault, process)
        try:
            run.everything()
            run.hold_at_the_end()
        except RuntimeError as error:
            run.violations.append(str(error))
            run.say(f"VIOLATION: {error}")
    print("\n".join(table(run.phases)))
    for line in run.violations:
        print(f"violated: {line}")
    answers = sum((phase.tally.answers for phase in run.phases), Counter[str]())
    peak = max((phase.peak.memory for phase in run.phases), default=0.0)
    refused = answers["503"] + answers["429"]
    print(
        f"limits: {len(run.phases)} floods, {answers.total():,} answers, {refused:,} of them refusals with a time to "
        f"come again; {peak:.0f} MB at the peak; {len(run.violations)} violations; "
        f"{time.monotonic() - run.begun:.0f} s, seed {options.seed}",
        flush=True,
    )
    return 1 if run.violations else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/limits", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--uploads", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--pause", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    return exercised(parser.parse_args(), "ivl", exercise)


if __name__ == "__main__":
    raise SystemExit(main())
