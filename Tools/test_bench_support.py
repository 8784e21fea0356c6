"""The rules of what benchmarks and exercises share: nothing that they began is left, and what no gain may loosen."""

from __future__ import annotations

import multiprocessing
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

os.environ.setdefault("IMAGEVAULT_BIN", "/nowhere")
import bench_support as support  # noqa: E402

#: Seconds that something may take to begin or to end.
PATIENCE = 60
EXERCISE = """
options = tool.argparse.Namespace(dir=sys.argv[1], seed=1, keep=False)
sys.exit(tool.exercised(options, "iv-", lambda *_: {}))
"""


class WhatWasBegun(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)

    def tool(self, script: str) -> subprocess.Popen[bytes]:
        """A process of its own that does it, over the folder."""
        where = {"IMAGEVAULT_BIN": str(self.folder), "PYTHONPATH": str(Path(__file__).parent)}
        command = [sys.executable, "-c", f"import pathlib, sys, bench_support as tool\n{script}", str(self.folder)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=os.environ | where, stdin=pipe, stdout=pipe, stderr=pipe)

    def told(self, pipe: int) -> bytes:
        """What comes next; nothing at the end."""
        self.assertTrue(select.select([pipe], [], [], PATIENCE)[0], "nothing comes")
        return os.read(pipe, 99)

    def test_a_daemon_ends_when_the_tool_is_killed(self) -> None:
        held, program = self.folder / "held", self.folder / "vaultd"
        os.mkfifo(held)
        program.write_text(f"#!/bin/sh\nexec >{held}\necho up\nexec sleep 600\n")
        program.chmod(0o755)
        # Before there is a writer: whatever becomes of it, nobody waits for it forever.
        daemon = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, daemon)
        with self.tool("tool.launched(pathlib.Path(sys.argv[1])).wait()") as tool:
            self.assertEqual(self.told(daemon), b"up\n")
            tool.kill()
        self.assertEqual(self.told(daemon), b"")

    def test_a_place_is_kept_when_something_was_found_or_the_tool_broke(self) -> None:
        for what, status in (("0", 0), ("1", 1), ("1 // 0", 1)):
            with self.tool(EXERCISE.format(what)) as tool:
                told = tool.communicate()[0]
            kept = list(self.folder.iterdir())
            self.assertEqual((tool.returncode, bool(kept), b"kept in " in told), (status, status > 0, status > 0), what)
            for place in kept:
                place.rmdir()

    def test_a_place_goes_with_a_tool_that_is_told_to_end(self) -> None:
        for ending in (signal.SIGTERM, signal.SIGHUP):
            with self.tool(EXERCISE.format("print('up', end='', flush=True) or sys.stdin.read()")) as tool:
                assert tool.stdout is not None
                self.assertEqual(self.told(tool.stdout.fileno()), b"up")
                tool.send_signal(ending)
            self.assertEqual((tool.returncode, list(self.folder.iterdir())), (128 + ending, []))


class Vault:
    """What Promises ask a vault: its log, and what SQLite's writer says of itself."""

    def __init__(self) -> None:
        self.events = [("vault.started", "done")]
        self.writer = "secure_delete on, synchronous full, journal wal"

    def told(self, _: str, target: str) -> dict[str, Any]:
        if target == "/v1/doctor":
            return {"checks": [{"id": "catalog-settings", "verdict": "ok", "evidence": [self.writer]}]}
        after = re.search(r"after=(-?\d+)", target)
        first = int(after[1]) + 1 if after else len(self.events) - 1
        page = self.events[first:first + 1000]
        events = [{"index": first + at, "action": one[0], "outcome": one[1]} for at, one in enumerate(page)]
        return {"size": len(self.events), "events": events}


class WhatIsPromised(unittest.TestCase):
    def setUp(self) -> None:
        self.vault = Vault()
        self.vault.events += [("image.put", "done")] * 3
        self.enterContext(unittest.mock.patch.object(support, "Door", lambda _: self.vault))
        self.enterContext(unittest.mock.patch.object(support, "BATCH", 0))
        self.promises = support.Promises(Path())

    def leave(self, **did: int) -> dict[str, int]:
        for verb, count in did.items():
            self.vault.events += [(action, "done") for action in support.EVENTS[verb]] * count
        return did

    def test_what_was_done_since_is_in_the_log_over_any_number_of_pages(self) -> None:
        self.assertEqual(self.promises.broken(self.leave(put=999, get=1001, range=5, list=2, delete=1)), [])
        # And again, later: what was counted is not counted twice.
        self.leave(put=1)
        self.assertEqual(self.promises.broken({"put": 1000, "get": 1006, "list": 2, "delete": 1}), [])

    def test_an_event_that_lacks_is_told_and_so_is_one_too_many(self) -> None:
        did = self.leave(put=2, get=2)
        self.assertEqual(self.promises.broken(did | {"put": 3}), ["2 events image.put done, 3 operations"])
        self.assertEqual(self.promises.broken(did | {"put": 1}), ["2 events image.put done, 1 operations"])
        self.vault.events.append(("read.begun", "done"))
        self.assertEqual(self.promises.broken(did), ["3 events read.begun done, 2 operations"])

    def test_an_operation_that_nobody_asked_for_is_told_whatever_came_of_it(self) -> None:
        self.vault.events += [("image.put", "refused"), ("log.read", "done")]
        self.assertEqual(self.promises.broken({}), ["1 events image.put refused, 0 operations"])

    def test_a_writer_that_does_not_flush_is_told(self) -> None:
        self.vault.writer = "secure_delete on, synchronous normal, journal wal"
        self.assertIn("synchronous normal", self.promises.broken({})[0])


class WhatNeverComes(unittest.TestCase):
    def test_a_process_that_ends_without_a_word_ends_the_bench(self) -> None:
        out: Any = multiprocessing.Queue()
        workers = [multiprocessing.Process(target=out.put, args=(7,)), multiprocessing.Process(target=sys.exit, args=(1,))]
        for worker in workers:
            worker.start()
        with self.assertRaisesRegex(SystemExit, "of 2 processes 1 told"):
            support.told_by(workers, out)

    def test_a_bench_that_hangs_ends_and_says_so(self) -> None:
        script = "import bench_support, time; bench_support.end_after(0.005); time.sleep(60)"
        where = os.environ | {"IMAGEVAULT_BIN": "/nowhere", "PYTHONPATH": str(Path(__file__).parent)}
        ended = subprocess.run([sys.executable, "-c", script], env=where, capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((ended.returncode, ended.stderr), (1, b"bench: it was not done in 0.005 minutes\n"))


if __name__ == "__main__":
    unittest.main()
