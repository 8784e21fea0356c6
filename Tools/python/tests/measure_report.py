"""How long a report takes to open in a headless Chromium, and how much memory: `Tools/bench report`, decision 0034."""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
from browser import Browser, headless

#: Numbers of events.
COUNTS = (3_000, 30_000, 100_000)
BEGIN, QUARTER = 1782864000, 91 * 86400
ACTIONS = ("read.begun", "read.ended", "image.put", "image.list")


def events(count: int) -> Iterator[dict[str, Any]]:
    """A quarter of seven users' requests, with the fields that most events have."""
    for number in range(count):
        digest = hashlib.sha256(b"%d" % number).hexdigest()
        time_of = time.gmtime(BEGIN + QUARTER * number // count)
        yield {
            "at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time_of)}.{number % 1_000_000:06d}Z",
            **{"action": ACTIONS[number % 4], "outcome": "done", "door": "images"},
            **{"uid": 1000 + number % 7, "gid": 1000, "pid": 1000 + number % 100},
            **{"executable": "/usr/bin/php-fpm8.2", "unit": "php8.2-fpm.service", "request_id": digest[:16]},
            **{"actor": digest[:2] * 16, "client": digest[:4] * 8, "trace": digest[:32], "namespace": "default"},
            **{"image": digest, "bytes": 200_000 + number, "duration_us": 1234},
        }


def until(browser: Browser, condition: str) -> float:
    begun = time.monotonic()
    while not browser.run(condition):
        time.sleep(0.05)
    return time.monotonic() - begun


def most_memory(profile: bytes) -> float:
    """MB, of the browser's processes that draw a page."""
    found = [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"--type=renderer" in command and profile in command:
                found += map(int, re.findall(r"VmHWM:\s+(\d+)", (process / "status").read_text()))
        except OSError:
            continue
    return max(found) / 1000


def measure(count: int, folder: Path) -> str:
    page, key = folder / "report.html", folder / "audit.pub"
    page.write_bytes(made.report(made.bundle(list(events(count)))))
    key.write_text(made.KEY + "\n")
    with headless() as browser:
        browser.call("DOM.enable")
        browser.call("Page.enable")
        begun = time.monotonic()
        browser.open(page)
        until(browser, "given.bundle !== null")
        read = time.monotonic() - begun
        browser.choose("#key-file", key)
        checked = until(browser, 'document.body.dataset.verdict === "holds" && !element("events").hidden')
        memory = most_memory(b"chromium")
    size = page.stat().st_size / 1e6
    return f"{count:,} events: {size:.0f} MB; read {read:.1f} s, checked {checked:.1f} s, {memory:.0f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="Tools/bench report",
        description="Prints for each number of events the report's size, seconds until its bundle is read, seconds "
        "from the key to the verdict and the tables, and the most memory that the page's process had.",
    )
    parser.add_argument("events", type=int, nargs="*", default=COUNTS, help=f"{COUNTS} unless told")
    with tempfile.TemporaryDirectory() as place:
        for count in parser.parse_args().events:
            print(measure(count, Path(place)), flush=True)
