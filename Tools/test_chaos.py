"""The rules of Tools/chaos, each broken once."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("IMAGEVAULT_BIN", ".")

from chaos import NOT_ROOT, Matrix, Row, drawn, missing_here, table
from chaos_calls import Fault, Kind, Point, calls_of, counted, errors, file_kind, kills, points
from chaos_check import LOST, WRONG, Finding, blob_files, blobs_named, litter, unfinished
from chaos_flushes import believed_again, without
from chaos_load import EITHER, GONE, THERE, Caller, Promise, Promises, judged
from chaos_soak import LONG, at_end, untried
from chaos_trial import Judged, Outcome, is_proper
from chaos_undo import Unflushed
from test_chaos_outside import Exports, Outside

__all__ = ["Exports", "Outside"]

STATE = "/a/state"
WAL, BLOB = Kind("write", "catalog.sqlite-wal"), Kind("unlink", "blob")


def call(name: str, descriptor: int, path: str = "/f", error: str | None = None, process: int = 1) -> dict[str, Any]:
    return {"call": name, "descriptor": descriptor, "path": path, "process": process, "error": error}


def written(offset: int, count: int, error: str | None = None) -> dict[str, Any]:
    return call("write", 3, error=error) | {"offset": offset, "bytes": count}


class FilesOfAVault(unittest.TestCase):
    def test_random_names_are_one_kind(self) -> None:
        self.assertEqual(file_kind(f"{STATE}/blobs/0f/{'ab' * 15}", STATE), "blob")
        self.assertEqual(file_kind(f"{STATE}/blobs/0f/{'ab' * 15} (deleted)", STATE), "blob")
        self.assertEqual(file_kind(f"{STATE}/blobs/0f", STATE), "blobs/XX")
        self.assertEqual(file_kind(f"{STATE}/cases/{'0' * 32}", STATE), "cases/ID")

    def test_fixed_names_are_kinds_of_their_own(self) -> None:
        self.assertEqual(file_kind(f"{STATE}/keyring.new", STATE), "keyring.new")
        self.assertEqual(file_kind(STATE, STATE), ".")

    def test_the_anchor_and_what_lies_beside_it_are_files_outside(self) -> None:
        told = {
            "/run/anchors": "anchors", "/run/anchors/anchor.new": "anchor.new", "/run/anchors2": None, "/run": None,
            "/run/anchors/anchor.erasures (deleted)": "anchor.erasures", f"{STATE}/keyring": "keyring",
        }  # fmt: skip
        self.assertEqual({path: file_kind(path, STATE, "/run/anchors") for path in told}, told)
        self.assertEqual(
            [Kind("write", file).is_outside for file in ("anchors", "anchor.new", "keyring", ".", "blob")],
            [True, True, False, False, False],
        )

    def test_where_no_state_counts_the_anchor_does(self) -> None:
        self.assertIsNone(file_kind(f"{STATE}/keyring", None, "/run/anchors"))
        self.assertEqual(file_kind("/run/anchors/anchor", None, "/run/anchors"), "anchor")

    def test_what_lies_elsewhere_is_no_file_of_it(self) -> None:
        for path in ("/a/stateful", "/a", "socket:[17]", "/dev/null", "/a/run/anchor"):
            self.assertIsNone(file_kind(path, STATE))


class Points(unittest.TestCase):
    def test_what_any_run_had_is_found(self) -> None:
        found = points([Counter({WAL: 2}), Counter({WAL: 1, BLOB: 1})])
        self.assertEqual(found, [Point(BLOB, 1), Point(WAL, 1), Point(WAL, 2)])

    def test_outside_the_first_that_all_runs_had_is_found(self) -> None:
        anchor = Kind("rename", "anchor")
        found = points([Counter({WAL: 2, anchor: 3}), Counter({WAL: 1, anchor: 2}), Counter({anchor: 2})])
        self.assertEqual(found, [Point(anchor, 1), Point(WAL, 1), Point(WAL, 2)])
        self.assertEqual(points([Counter({anchor: 3}), Counter()]), [])

    def test_what_came_before_the_verb_is_no_point(self) -> None:
        lines = [{"call": "write", "file": "catalog.sqlite-wal", "nth": nth} for nth in (0, 0, 1, 2)]
        self.assertEqual(counted(lines), Counter({WAL: 2}))

    def test_every_point_is_killed_at_and_writes_also_half_way(self) -> None:
        faults = kills([Point(BLOB, 1), Point(WAL, 1)])
        self.assertEqual([str(fault) for fault in faults], [
            "kill at unlink blob 1", "kill at write catalog.sqlite-wal 1", "torn at write catalog.sqlite-wal 1",
        ])  # fmt: skip

    def test_every_error_that_a_call_can_end_with_is_tried(self) -> None:
        def told(call: str, file: str) -> list[str]:
            return [fault.what for fault in errors([Point(Kind(call, file), 1)])]

        self.assertEqual(told("write", "blob"), ["EIO", "ENOSPC", "EDQUOT"])
        self.assertEqual(told("fsync", "blob"), ["EIO", "ENOSPC", "EDQUOT", "loses"])
        self.assertEqual(told("fsync", "blobs/XX"), ["EIO", "ENOSPC", "EDQUOT"])
        self.assertEqual([fault.what for fault in errors([Point(BLOB, 1)])], ["EIO"])
        self.assertEqual(errors([Point(Kind("chmod", "keyring.new"), 1)]), [])

    def test_a_trace_may_end_in_the_middle_of_a_line_and_nowhere_else(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "trace"
            trace.write_text('{"nth": 1}\n{"nth"')
            self.assertEqual(calls_of(trace), [{"nth": 1}])
            trace.write_text('{"nth"\n{"nth": 1}\n')
            self.assertRaises(ValueError, calls_of, trace)
            self.assertEqual(calls_of(Path(folder) / "none"), [])

    def test_a_sample_has_every_kind_before_any_twice(self) -> None:
        faults = kills([Point(WAL, nth) for nth in range(1, 50)] + [Point(BLOB, 1)])
        for seed in range(20):
            chosen = drawn(faults, 3, random.Random(seed))
            kinds = {(fault.point.kind, fault.what) for fault in chosen}
            self.assertEqual(kinds, {(WAL, "kill"), (WAL, "torn"), (BLOB, "kill")})

    def test_a_sample_has_one_kind_of_what_lies_outside(self) -> None:
        outside = [Point(Kind("fsync", file), 1) for file in ("anchors", "anchor.new", "anchor.erasures")]
        for seed in range(20):
            chosen = drawn(kills([*outside, Point(BLOB, 1), Point(BLOB, 2)]), 2, random.Random(seed))
            self.assertEqual(sorted(fault.point.kind.is_outside for fault in chosen), [False, True])

    def test_a_seed_draws_the_same(self) -> None:
        faults = kills([Point(WAL, nth) for nth in range(1, 50)])
        self.assertEqual(drawn(faults, 9, random.Random(4)), drawn(faults, 9, random.Random(4)))
        self.assertNotEqual(drawn(faults, 9, random.Random(4)), drawn(faults, 9, random.Random(5)))


class FailedFlushes(unittest.TestCase):
    def test_a_flush_of_the_same_descriptor_is_reported(self) -> None:
        self.assertEqual(len(believed_again([call("fsync", 3, error="EIO"), call("fsync", 3)])), 1)
        self.assertEqual(len(believed_again([call("fdatasync", 3, error="EIO"), call("fsync", 3)])), 1)

    def test_a_descriptor_that_was_opened_anew_is_another(self) -> None:
        self.assertEqual(believed_again([call("fsync", 3, error="EIO"), call("close", 3), call("fsync", 3)]), [])

    def test_another_descriptor_or_process_is_another(self) -> None:
        failed = call("fsync", 3, error="EIO")
        self.assertEqual(believed_again([failed, call("fsync", 4), call("fsync", 3, process=2)]), [])

    def test_what_was_written_again_whole_may_be_flushed_again(self) -> None:
        failed = [written(0, 10), written(20, 10), call("fsync", 3, error="EIO")]
        for again, lines in (
            ([], 1), ([written(0, 10)], 1), ([written(0, 30)], 0), ([written(20, 10), written(0, 10)], 0),
            ([written(0, 10), written(20, 10, "EIO")], 1), ([written(40, 5)], 1),
        ):  # fmt: skip
            self.assertEqual(len(believed_again([*failed, *again, call("fsync", 3)])), lines, again)

    def test_ranges_are_cut(self) -> None:
        self.assertEqual(without([(0, 10), (20, 30)], (5, 25)), [(0, 5), (25, 30)])
        self.assertEqual(without([(0, 10)], (2, 4)), [(0, 2), (4, 10)])
        self.assertEqual(without([(0, 10)], (10, 14)), [(0, 10)])

    def test_flushes_that_succeed_may_come_again(self) -> None:
        self.assertEqual(believed_again([call("fsync", 3), call("fsync", 3)]), [])


@unittest.skipUnless(missing_here() in (None, NOT_ROOT), "calls are known by their numbers on x86-64")
class Tracing(unittest.TestCase):
    """Of a program whose threads write to one file by turns, and flush it after the second and the fourth time."""

    PROGRAM = """
import os, sys, threading
path, said = sys.argv[1:]
file, turns = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), [threading.Event() for _ in range(5)]
results = []
def write(number):
    turns[number].wait(10)
    try:
        results.append(os.pwrite(file, b"abcd", 4 * number))
        if number % 2:
            os.fsync(file)
    except OSError as error:
        results.append(error.strerror)
    turns[number + 1].set()
threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
turns[0].set()
for thread in threads: thread.join()
os.write(os.open(said, os.O_WRONLY | os.O_CREAT), repr(results).encode())
"""

    def traced(self, what: str, nth: int, call: str = "write", outside: bool = False) -> tuple[int, bytes, str]:
        """How the program ended, what it wrote, and what it says its writes came to."""
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made).resolve()
            (folder / "state").mkdir()
            (folder / "outside").mkdir()
            (folder / "control").write_bytes(struct.pack("<qqqq", 1, 0, 0, 0))
            fault = [call, "file", nth, what]
            plan = {name: str(folder / name) for name in ("state", "outside", "control", "trace")}
            (folder / "plan").write_text(json.dumps(plan | {"fault": fault}))
            tracer = [sys.executable, str(Path(__file__).with_name("chaos_trace.py")), str(folder / "plan")]
            place = "outside" if outside else "state"
            program = [sys.executable, "-c", self.PROGRAM, str(folder / place / "file"), str(folder / "said")]
            status = subprocess.run([*tracer, *program], timeout=60, stderr=subprocess.DEVNULL).returncode
            said = folder / "said"
            return status, (folder / place / "file").read_bytes(), said.read_text() if said.exists() else ""

    def test_writes_of_all_threads_are_counted_together(self) -> None:
        for nth in (1, 3, 4):
            self.assertEqual(self.traced("kill", nth), (9, b"abcd" * (nth - 1), ""))

    def test_files_outside_count_too(self) -> None:
        self.assertEqual(self.traced("kill", 3, outside=True), (9, b"abcd" * 2, ""))

    def test_half_of_a_write_is_done(self) -> None:
        self.assertEqual(self.traced("torn", 2), (9, b"abcdab", ""))

    def test_a_write_that_fails_writes_nothing_and_says_why(self) -> None:
        told = self.traced("ENOSPC", 2)
        self.assertEqual(told, (0, b"abcd\0\0\0\0abcdabcd", "[4, 'No space left on device', 4, 4]"))

    def test_a_flush_that_loses_takes_what_was_written_since_the_last(self) -> None:
        status, content, said = self.traced("loses", 2, "fsync")
        self.assertEqual((status, content, said), (0, b"abcd" * 2, "[4, 4, 4, 4, 'Input/output error']"))

    def test_a_point_that_does_not_come_changes_nothing(self) -> None:
        self.assertEqual(self.traced("kill", 5), (0, b"abcd" * 4, "[4, 4, 4, 4]"))


class Undoing(unittest.TestCase):
    def test_a_file_becomes_what_it_was_at_its_last_flush(self) -> None:
        with tempfile.NamedTemporaryFile() as made:
            path, unflushed = made.name, Unflushed()

            def write(offset: int, content: bytes) -> None:
                unflushed.writes(path, offset, len(content))
                with open(path, "r+b") as file:
                    os.pwrite(file.fileno(), content, offset)

            write(0, b"abcdef")
            unflushed.is_safe(path)
            write(2, b"XY")
            write(1, b"12345678")
            self.assertEqual(Path(path).read_bytes(), b"a12345678")
            unflushed.undo(path)
            self.assertEqual(Path(path).read_bytes(), b"abcdef")
            unflushed.undo(path)
            self.assertEqual(Path(path).read_bytes(), b"abcdef")


class Soaking(unittest.TestCase):
    def test_what_is_given_is_what_was_stored(self) -> None:
        promise = Promise(b"abcd")
        self.assertIsNone(judged(promise, THERE, 200, b"abcd"))
        for is_damaged in (False, True):
            promise.is_damaged = is_damaged
            self.assertRegex(judged(promise, THERE, 200, b"abcX") or "", "other bytes")

    def test_what_is_there_is_refused_only_for_what_passes(self) -> None:
        promise = Promise(b"abcd")
        self.assertIsNone(judged(promise, THERE, 503, b""))
        for status in (404, 500, 403):
            self.assertIsNotNone(judged(promise, THERE, status, b""))
        promise.is_damaged = True
        self.assertIsNone(judged(promise, THERE, 500, b""))

    def test_what_is_being_deleted_may_be_gone_and_not_come_back(self) -> None:
        promise = Promise(b"abcd", EITHER)
        self.assertIsNone(judged(promise, THERE, 404, b""))
        self.assertIsNone(judged(promise, EITHER, 200, b"abcd"))
        self.assertIsNotNone(judged(promise, GONE, 200, b"abcd"))

    def test_only_what_is_damaged_may_be_quarantined_instead_of_deleted(self) -> None:
        for is_damaged, status, faults in ((True, 409, 0), (False, 409, 1), (True, 400, 1), (False, 200, 0)):
            promises = Promises({"a": Promise(b"abcd", is_damaged=is_damaged)})
            caller = Caller(0, 0, Path("."), promises, threading.Event())
            caller.own, caller.line = ["a"], mock.Mock()
            caller.line.ask.return_value = (status, b'{"code":"quarantined"}')
            caller.delete()
            self.assertEqual((len(promises.faults), promises.images["a"].state == GONE), (faults, status == 200))

    def test_a_soak_in_which_nothing_happened_holds_nothing(self) -> None:
        promises = mock.Mock()
        promises.count.return_value = 1
        done = Counter({"kill": 1, "restart": 1, "full disk": 1, "images damaged": 1})
        self.assertEqual(untried(promises, done, Counter(equal=1), LONG), [])
        for act in done:
            short = done - Counter([act])
            self.assertEqual(untried(promises, short, Counter(equal=1), LONG), [f"no {act} came"])
            self.assertEqual(untried(promises, short, Counter(), LONG / 2), [])
        self.assertEqual(len(untried(promises, done, Counter(), LONG)), 1)
        self.assertEqual(untried(promises, Counter(), Counter(), LONG / 2), ["nothing disturbed it"])
        promises.count.return_value = 0
        self.assertEqual(len(untried(promises, done, Counter(equal=1), LONG)), 3)

    def test_the_end_of_each_promise(self) -> None:
        for promise, status, outcome, holds in (
            (Promise(b"a"), 200, "equal", True), (Promise(b"a"), 404, "lost", False), (Promise(b"a"), 0, "lost", False),
            (Promise(b"b"), 200, "other", False), (Promise(b"a", GONE), 404, "gone", True),
            (Promise(b"a", GONE), 200, "back", False), (Promise(b"a", EITHER), 404, "gone", True),
            (Promise(b"a", EITHER), 200, "equal", True), (Promise(b"a", is_damaged=True), 500, "not given", True),
            (Promise(b"a", is_damaged=True), 200, "unnoticed", False),
        ):  # fmt: skip
            told, wrong = at_end(promise, status, b"a")
            self.assertEqual((told, wrong is None), (outcome, holds))


class Runs(unittest.TestCase):
    def test_a_run_that_tried_nothing_fails(self) -> None:
        for tries in (0, 1):
            matrix = Matrix.__new__(Matrix)
            matrix.options = argparse.Namespace(only="none", at="typing eror", quick=False, jobs=1, seed=1)
            matrix.begun, matrix.missed = time.monotonic(), 0
            matrix.rows = [Row("put", "state", "kill", 1, faults_tried=tries)]
            with contextlib.redirect_stdout(io.StringIO()) as said:
                self.assertEqual(matrix.run(), 1 - tries)
            self.assertEqual("nothing was tried" in said.getvalue(), not tries)

    def test_files_that_have_no_point_or_none_that_came_are_told(self) -> None:
        for every, chosen, tried, missed in ((0, 0, 0, 1), (3, 2, 0, 1), (3, 0, 0, 0), (3, 2, 2, 0)):
            matrix = Matrix.__new__(Matrix)
            matrix.begun, matrix.missed = time.monotonic(), 0
            with contextlib.redirect_stdout(io.StringIO()) as said:
                matrix.told(Row("put", "anchor", "kill", every, faults_tried=tried), every, chosen)
            self.assertEqual((matrix.missed, "VIOLATION put, anchor" in said.getvalue()), (missed, bool(missed)))


class Judging(unittest.TestCase):
    def test_a_vault_that_forgot_is_found_out_by_the_verb_itself_and_by_the_list(self) -> None:
        lost, wrong = [Finding(LOST, "an image")], [Finding(WRONG, "an event")]
        verb, erasures = "the verb", "the list of erasures"
        for judged, has_claims, blind in (
            (Judged([], lost, []), False, []), (Judged([], lost, lost), True, []),
            (Judged(lost, [], lost), False, [verb]), (Judged(lost, wrong, lost), True, [verb]),
            (Judged(lost, lost, wrong), True, [erasures]), (Judged([], [], []), True, [verb, erasures]),
        ):  # fmt: skip
            self.assertEqual(judged.blind(has_claims), blind, judged)

    def test_an_answer_is_a_success_or_says_what_it_is(self) -> None:
        problem = {"code": "storage-full", "status": 507}
        self.assertTrue(is_proper((201, b"")))
        self.assertTrue(is_proper((507, json.dumps(problem).encode())))
        for content in (b"", b"oh no", json.dumps(problem | {"status": 200}).encode(), b'{"status": 507}'):
            self.assertFalse(is_proper((507, content)))

    def test_blobs_and_rows_are_held_against_each_other(self) -> None:
        self.assertEqual(litter(["a", "b"], ["b", "c"]), (["a"], ["c"]))

    def test_every_file_of_a_shard_is_one_that_a_row_has_to_name(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder)
            (state / "blobs/0f").mkdir(parents=True)
            (state / "blobs/0f" / ("ab" * 15)).touch()
            (state / "blobs/0f/odd").touch()
            with sqlite3.connect(state / "catalog.sqlite") as catalog:
                catalog.execute("CREATE TABLE image (blob BLOB)")
                catalog.execute("INSERT INTO image VALUES (?)", (bytes.fromhex("0f" + "ab" * 15),))
            catalog.close()
            self.assertEqual(litter(blob_files(state), blobs_named(state)), (["0fodd"], []))

    def test_a_file_that_never_took_its_place_is_found_wherever_it_lies(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder)
            for name in ("blobs/0f", "cases"):
                (state / name).mkdir(parents=True)
            for name in ("keyring", "keyring.new", "cases/a.case", "cases/a.case.new", "blobs/0f/x.new"):
                (state / name).touch()
            self.assertEqual(unfinished(state), ["cases/a.case.new", "keyring.new"])

    def test_a_row_counts_points_once_and_faults_each(self) -> None:
        point = Point(WAL, 1)
        row = Row("put", "anchor", "kill", 2)
        row.entered([
            Outcome(Fault(point, "kill"), has_fired=True), Outcome(Fault(Point(WAL, 2), "kill")),
            Outcome(Fault(point, "torn"), has_fired=True, findings=[Finding(LOST, "an image")]),
        ])  # fmt: skip
        self.assertEqual((row.points_tried, row.faults_tried, row.survived, row.lost, row.violations), (1, 2, 1, 1, 1))
        self.assertRegex(table([row]), r"put +anchor +kill +2 +1 +2 +1 +1$")


if __name__ == "__main__":
    unittest.main()
