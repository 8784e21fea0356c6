"""The rules of what benchmarks and exercises share: nothing that they began is left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

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


if __name__ == "__main__":
    unittest.main()
