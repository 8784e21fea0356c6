"""Normal traffic against a real daemon, and what detection says of it: see Tools/traffic."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from traffic_people import hour
from traffic_run import Traffic, alarms
from traffic_vault import TrafficVault, events


def main() -> int:
    parser = argparse.ArgumentParser(prog="traffic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--times", type=float, default=12)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--trace", type=Path)
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ivt", dir=options.dir))
    failed = True
    try:
        failed = run(folder, options)
    finally:
        if failed or options.keep:
            print(f"traffic: the vault is in {folder}")
        else:
            shutil.rmtree(folder)
    return 1 if failed else 0


def run(folder: Path, options: argparse.Namespace) -> bool:
    """Whether anything was raised, or answered as it should not be."""
    acts = hour(options.seed, options.minutes)
    vault = TrafficVault(folder, options.times)
    traffic = Traffic(vault, options.seed)
    with vault.served():
        traffic.fill(options.images)
        begun = vault.now()
        progress = threading.Timer(0, print, (f"traffic: {len(acts)} requests, {options.minutes:g} minutes",))
        progress.start()
        traffic.run(acts)
        span = vault.now() - begun
        # What the last events came to is an event, too.
        time.sleep(1)
        log = list(events(vault))
    raised = alarms(log)
    if options.trace:
        options.trace.write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in log))
    if options.replay:
        options.replay.write_text("".join(f"{line}\n" for line in replay(log)))
    return tell(traffic, log, raised, span, options)


#: What no rule counts, and would be most of a log.
UNCOUNTED = {"read.ended", "read.unchanged", "image.list", "log.read", "status.read", "erasure.purged"}


def replay(log: list[dict[str, Any]]) -> Iterator[str]:
    """What rules see of each event, in a line: milliseconds since the one before, action, code, principal, actor and
    image by number, and of how many events an export was; `-` for what is not there."""
    numbers: dict[str, dict[str, int]] = {"actor": {}, "image": {}}
    before: datetime | None = None
    for event in log:
        if event.get("action") in UNCOUNTED or "at" not in event:
            continue
        at = datetime.fromisoformat(str(event["at"]))
        wait = (at - (before or at)) // timedelta(milliseconds=1)
        before = (before or at) + wait * timedelta(milliseconds=1)
        words = [str(wait), str(event["action"]), str(event.get("code", "-")), str(event.get("principal", "-"))]
        for name, known in numbers.items():
            words.append(str(known.setdefault(event[name], len(known))) if name in event else "-")
        words.append(str(event["to"] - event["from"]) if "from" in event else "-")
        yield " ".join(words)


def tell(
    traffic: Traffic, log: list[dict[str, Any]], raised: list[dict[str, Any]], span: float,
    options: argparse.Namespace,
) -> bool:
    by_action = Counter(str(event.get("action")) for event in log)
    statuses: Counter[str] = Counter()
    for (what, status), count in sorted(traffic.answers.items()):
        statuses[f"{what} {status}"] = count
    wrong = {name: count for name, count in statuses.items() if name.endswith((" 0", " 500", " 503"))}
    for name, count in sorted(by_action.items()):
        print(f"  {name:24} {count:7}")
    print("  answers: " + ", ".join(f"{name}: {count}" for name, count in statuses.items()))
    for alarm in raised:
        print("  ALARM " + json.dumps(alarm))
    if wrong:
        print(f"traffic: WRONG answers: {wrong}")
    print(
        f"traffic: seed {options.seed}: {span / 60:.1f} minutes of the vault's clock, which ran "
        f"{options.times:g} times as fast, {len(log)} events, {by_action['read.begun']} readings, "
        f"at most {traffic.late:.1f} s late: {len(raised)} false alarms"
    )
    return bool(raised or wrong)


if __name__ == "__main__":
    sys.exit(main())
