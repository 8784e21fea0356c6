"""The rules of what benchmarks and exercises share: nothing that they began is left, and what no gain may loosen."""

from __future__ import annotations

import argparse
import contextlib
import io
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
import bench_audit as audit  # noqa: E402
import bench_erase as erase  # noqa: E402
import bench_fairness as fairness  # noqa: E402
import bench_rotate as rotate  # noqa: E402
import bench_scale as scale  # noqa: E402
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


class WhatIsSaidToHold(unittest.TestCase):
    """Each measure says what it looked at, and nothing more."""

    COMPARED = "Every byte of each get was compared with what was stored"

    def setUp(self) -> None:
        self.vault = Vault()
        for tool in (support, rotate, fairness, erase):
            self.enterContext(unittest.mock.patch.object(tool, "Door", lambda _: self.vault))
        self.enterContext(unittest.mock.patch.object(support, "BATCH", 0))

    def replace(self, tool: Any, **names: Any) -> None:
        for name, value in names.items():
            self.enterContext(unittest.mock.patch.object(tool, name, value))

    def done(self, *verbs: str, times: int = 1) -> int:
        """Leaves in the log what verbs leave."""
        self.vault.events += [(action, "done") for verb in verbs for action in support.EVENTS[verb]] * times
        return times

    def place(self) -> argparse.Namespace:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        return argparse.Namespace(folder=folder, path=folder.joinpath, rotate=lambda: None, events=lambda _: None)

    def audit(self, *words: str) -> list[str]:
        """The lines that an audit says which measured nothing."""
        self.replace(audit, overhead=lambda _: ([], []), archive=lambda _: {"wrong": []}, show=lambda _: None)
        self.replace(audit, corpora=lambda *_: None, end_after=lambda _: None, end_by_signals=lambda: None)
        self.replace(audit, machine=lambda _: {})
        self.replace(sys, argv=["audit", "--peers", "/nowhere", *words])
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(audit.main(), 0)
        return said.getvalue().strip().splitlines()

    def test_a_log_that_is_exported_says_nothing_of_bytes_or_operations(self) -> None:
        self.assertEqual(self.audit("--only", "archive"), [
            "The export as lines has as many lines as the log has events, and vaultverify accepted the bundle.",
            "Of each image that was asked for, the log told as many readings as were made up, or one fewer.",
            "The catalog's writer is synchronous, asked after the export.",
        ])

    def test_the_overhead_of_events_says_nothing_of_an_export(self) -> None:
        alone = self.audit("--only", "overhead")
        self.assertEqual(alone, [
            "With events each put and get is in the log, once; without, the daemon left none of them.",
            "Every byte of each get that was measured was compared with what was stored.",
            "The catalog's writer is synchronous, asked of each daemon after its load.",
        ])
        self.assertEqual(self.audit(), [*alone, *self.audit("--only", "archive")])

    def test_a_rotation_says_that_only_photos_were_read(self) -> None:
        self.vault.put = lambda *_: str(self.done("put") and len(self.vault.events))  # type: ignore[attr-defined]
        self.replace(rotate, daemon=lambda *_: contextlib.nullcontext(), rates=lambda _: (1, 1), noise=lambda *_: b"")
        self.replace(rotate, fill=lambda *_: self.done("put", times=5))
        self.replace(rotate, readings=lambda *_: {"reads": self.done("get", times=7)})
        with contextlib.redirect_stdout(io.StringIO()):
            told = rotate.measure(self.place(), argparse.Namespace(keys=200, rounds=1, seconds=0))
        self.assertEqual(told["wrong"], [])
        self.assertEqual(told["looked_at"], [
            "Each put and get is in the log, once.",
            "The catalog's writer is synchronous, asked after the readings and after the rotations.",
            self.COMPARED + ", 64 photos; the images beside them were not read.",
        ])

    def test_a_size_says_that_the_writer_was_asked_after_the_restart(self) -> None:
        place, content = self.place(), (200, b"image")
        (place.folder / "state").mkdir()
        (place.folder / "state/catalog.sqlite").touch()
        door = unittest.mock.Mock()
        door.told = lambda *_: self.done("list") and {"images": [{"id": "a"}]}
        door.ask = lambda *_: self.done("get") and content
        row = {"ops": 3, "warm": 1, "server_cpu_ms_op": 1}

        def serving(_: Any, image: str | None = None, *__: Any) -> Any:
            # With an image, its answer is the first.
            if image:
                self.done("get")
            return contextlib.nullcontext({"pid": 1, "start": 1, "rss": 1})

        self.replace(scale, Door=lambda _: door, serving=serving, rotated=lambda _: 1)
        self.replace(scale, ordered=lambda *_: {"ops": self.done("put", times=9), "wall_s": 1})
        self.replace(scale, measured=lambda _, phase, *__: row if self.done(phase, times=4) else {})
        _, wrong, looked_at = scale.at_size(place, None, 0, 9, 0)  # type: ignore[arg-type]
        self.assertEqual(wrong, [])
        self.assertEqual(looked_at, [
            "Each get, list and put is in the log, once.",
            "The catalog's writer is synchronous, asked at each size after the restart.",
            self.COMPARED + ", and of one image again after each restart.",
            "Of each list the images were counted.",
        ])

    def test_fairness_says_of_puts_that_only_the_last_was_read(self) -> None:
        def side(work: str, **more: int) -> dict[str, float]:
            # Of what it stored, the quiet one reads the last.
            self.done(work, times=2 + sum(more.values()))
            self.done(*(["get"] if work == "put" else []))
            return {"requests": 2, "p50": 1, "p99": 1} | more

        self.vault.put = lambda *_: str(self.done("put"))  # type: ignore[attr-defined]
        self.replace(fairness, daemon=lambda *_: contextlib.nullcontext(), quiet=lambda _, work, *__: side(work))
        self.replace(fairness, beside=lambda _, work, *__: side(work, noisy_requests=5))
        self.replace(fairness.os, geteuid=lambda: 0)
        last = "Of what was put, the last image of the quiet one in each measurement was read and compared."
        each = self.COMPARED + "."
        for works, compared in (("get", [each]), ("put", [last]), ("get,put", [each, last])):
            options = argparse.Namespace(works=works, rounds=1, connections=1)
            told = fairness.measure(self.place(), options)  # type: ignore[arg-type]
            self.assertEqual(told["wrong"], [])
            logged, writer, *rest = told["looked_at"]
            self.assertEqual((logged, rest), ("Each put and get is in the log, once.", compared))
            self.assertEqual(writer, "The catalog's writer is synchronous, asked at the end.")

    def test_an_erasure_says_that_images_were_read_before_it(self) -> None:
        self.replace(erase, daemon=lambda *_: contextlib.nullcontext(), noise=lambda *_: b"")
        self.replace(erase, stored=lambda *_: str(self.done("put", "get")))
        self.replace(erase, erasures=lambda _, images: {"erased": self.done("delete", times=len(images))})
        others = unittest.mock.Mock(Value=lambda *_: argparse.Namespace(value=0))
        self.replace(erase, multiprocessing=others)
        told = erase.measure(self.place(), argparse.Namespace(images=4, rounds=2))  # type: ignore[arg-type]
        self.assertEqual(told["wrong"], [])
        self.assertEqual(told["looked_at"], [
            "Each put, get and delete is in the log, once.", "The catalog's writer is synchronous, asked at the end.",
            "Each image was read before its erasure, and every byte compared.",
        ])

    def test_a_load_says_what_its_rows_did(self) -> None:
        def rows(label: str, *phases: str) -> list[dict[str, Any]]:
            return [{"label": label, "phase": phase, "ops": 1} for phase in phases]

        ours, probe = rows("ours-decode", "put", "get"), {"label": "ours-decode", "phase": "probe"}
        writer = "The catalog's writer is synchronous, asked of each vault after its load."
        read = "Every byte of each get that was measured was compared with what was stored"
        logged = "Each put and get is in the log, once."
        self.assertEqual(support.looked_at_in([*ours, probe]), [logged, read + ".", writer])
        beside = support.looked_at_in(ours + rows("improved-2w", "put", "get"))
        self.assertEqual(beside, [logged, read + ", the peer's too.", writer])
        more = support.looked_at_in(ours + rows("ours-decode", "range", "list"))
        self.assertIn("Every byte of each get and range that was measured was compared with what was stored.", more)
        self.assertIn("Of each list the images were counted.", more)
        self.assertEqual(support.looked_at_in([one | {"ops": 0} for one in ours]), [])

    def test_what_was_looked_at_is_said_once_and_only_when_nothing_is_wrong(self) -> None:
        for wrong, looked_at, status, words in (
            ([], ["a", "b", "a"], 0, "a\nb"), ([], [], 0, "No promise was looked at."), (["c"], ["a"], 1, "WRONG: c"),
        ):
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(support.tell_broken(wrong, looked_at), status)
            self.assertEqual(said.getvalue().strip(), words)

    def test_promises_that_nobody_looked_at_are_none(self) -> None:
        promises = support.Promises(Path())
        self.assertEqual(promises.looked_at("now"), [])
        promises.unflushed()
        self.assertEqual(promises.looked_at("now"), ["The catalog's writer is synchronous, asked now."])
        self.done("put")
        promises.broken({"put": 1, "get": 0})
        self.assertEqual(promises.looked_at("now")[0], "Each put is in the log, once.")


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
