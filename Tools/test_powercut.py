"""The rules of Tools/powercut, each broken once."""

from __future__ import annotations

import random
import struct
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from powercut_check import Due, Fate, Kept, Verifier, events, missing, newest
from powercut_disk import ATOM, DISCARD, ENTRY, FLUSH, HEADING, MAGIC, SECTOR, VERSION, Replay, WriteLog, last_flush

IMAGE = "ab" * 32
#: What the base of a replayed disk is full of.
BLANK = b"-"


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)

    def log(self, *entries: tuple[int, bytes | int, int]) -> WriteLog:
        """A log of writes, each with its place, its bytes or how many a discard has, and flags."""
        content = HEADING.pack(MAGIC, VERSION, len(entries), SECTOR).ljust(SECTOR, b"\0")
        for place, data, flags in entries:
            length = data if isinstance(data, int) else len(data)
            content += ENTRY.pack(place // SECTOR, length // SECTOR, flags, 0).ljust(SECTOR, b"\0")
            content += b"" if isinstance(data, int) else data
        path = self.folder / "log.raw"
        path.write_bytes(content)
        log = WriteLog(path)
        self.addCleanup(log.file.close)
        return log

    def replay(self, log: WriteLog, atoms: int) -> Replay:
        (self.folder / "base.raw").write_bytes(BLANK * atoms * ATOM)
        return Replay(self.folder / "base.raw", log, self.folder / "safe.raw")

    def disk(self, replay: Replay, cut: int, seed: int = 0, lost: int = 0) -> str:
        """A letter for each atom of the disk after a cut."""
        replay.cut(cut, self.folder / "cut.raw", random.Random(seed), lost)
        content = (self.folder / "cut.raw").read_bytes()
        atoms = [content[at : at + ATOM] for at in range(0, len(content), ATOM)]
        assert all(atom == atom[:1] * ATOM for atom in atoms)
        return b"".join(atom[:1] for atom in atoms).replace(b"\0", b"0").decode()


class LogOfWrites(Folder):
    def test_entries_are_where_the_log_says(self) -> None:
        log = self.log((0, b"a" * 1024, 0), (8192, 4096, DISCARD), (0, b"", FLUSH), (512, b"b" * 512, 0))
        entries = log.entries()
        self.assertEqual(log.count(), 4)
        self.assertEqual([entry[:3] for entry in entries], [(0, 1024, 0), (8192, 4096, 4), (0, 0, 1), (512, 512, 0)])
        self.assertEqual(log.read(entries[3].data, 512), b"b" * 512)

    def test_a_log_that_ends_early_is_none(self) -> None:
        log = self.log((0, b"a" * 512, 0), (0, b"", FLUSH))
        path = self.folder / "log.raw"
        path.write_bytes(path.read_bytes()[: SECTOR * 3])
        with self.assertRaisesRegex(ValueError, "ends in entry 1"):
            log.entries()

    def test_another_file_is_none(self) -> None:
        self.log((0, b"", FLUSH))
        (self.folder / "log.raw").write_bytes(struct.pack("<Q", 1) + bytes(SECTOR))
        other = WriteLog(self.folder / "log.raw")
        self.addCleanup(other.file.close)
        with self.assertRaisesRegex(ValueError, "no log of writes"):
            other.count()

    def test_what_is_safe_ends_with_a_flush_before_the_cut(self) -> None:
        entries = self.log((0, b"", FLUSH), (0, b"a" * 512, 0), (0, b"", FLUSH), (0, b"b" * 512, 0)).entries()
        self.assertEqual([last_flush(entries, cut) for cut in range(5)], [0, 1, 1, 3, 3])
        self.assertEqual([last_flush(entries, 4, lost) for lost in range(3)], [3, 1, 0])


class AfterACut(Folder):
    def test_what_was_flushed_stays_and_what_came_later_never_was(self) -> None:
        log = self.log((0, b"a" * ATOM, 0), (ATOM, b"b" * ATOM, 0), (0, b"", FLUSH), (0, b"c" * ATOM, 0))
        for seed in range(20):
            self.assertEqual(self.disk(self.replay(log, 3), 3, seed), "ab-")

    def test_of_what_was_not_flushed_any_part_may_be_there(self) -> None:
        log = self.log((0, b"a" * ATOM, 0), (0, b"", FLUSH), (0, b"b" * ATOM * 2, 0), (ATOM * 2, b"c" * ATOM, 0))
        replay = self.replay(log, 3)
        seen = {self.disk(replay, 4, seed) for seed in range(200)}
        self.assertEqual(seen, {first + second + third for first in "ab" for second in "-b" for third in "-c"})

    def test_what_was_discarded_is_zero(self) -> None:
        log = self.log((0, b"a" * ATOM * 2, 0), (ATOM, ATOM, DISCARD), (0, b"", FLUSH))
        self.assertEqual(self.disk(self.replay(log, 2), 3), "a0")

    def test_a_lying_disk_loses_what_it_acknowledged(self) -> None:
        log = self.log((0, b"a" * ATOM, 0), (0, b"", FLUSH), (0, b"b" * ATOM, 0), (0, b"", FLUSH))
        self.assertEqual(self.disk(self.replay(log, 1), 4), "b")
        self.assertEqual(self.disk(self.replay(log, 1), 4, lost=1), "a")

    def test_cuts_come_in_order(self) -> None:
        replay = self.replay(self.log((0, b"a" * ATOM, 0), (0, b"", FLUSH)), 1)
        self.disk(replay, 2)
        with self.assertRaisesRegex(ValueError, "in order"):
            self.disk(replay, 1)


class WhatALogOwes(Folder):
    DUE = [Due("1", "read.begun", IMAGE, 100, 7), Due("2", "image.put", IMAGE, None, 9)]
    LOG: list[dict[str, Any]] = [
        {"action": "read.begun", "outcome": "done", "trace": "1", "image": IMAGE, "bytes": 100},
        {"action": "read.ended", "outcome": "done", "trace": "1", "image": IMAGE, "bytes": 100},
        {"action": "image.put", "outcome": "done", "trace": "2", "image": IMAGE, "bytes": 5000},
    ]

    def test_a_log_with_every_event_is_accepted(self) -> None:
        self.assertEqual(missing(self.DUE, self.LOG, 9), (2, []))

    def test_a_dropped_event_is_reported(self) -> None:
        self.assertRegex(missing(self.DUE, self.LOG[1:], 9)[1][0], "^no read.begun of trace 1")
        self.assertRegex(missing(self.DUE, self.LOG[:2], 9)[1][0], "^no image.put of trace 2")

    def test_an_event_about_something_else_is_reported(self) -> None:
        for change in ({"image": "cd" * 32}, {"bytes": 99}):
            _, lines = missing(self.DUE, [self.LOG[0] | change, *self.LOG[1:]], 9)
            self.assertRegex(lines[0], "about something else")

    def test_a_refusal_is_no_event_of_a_reading(self) -> None:
        self.assertEqual(len(missing(self.DUE, [self.LOG[0] | {"outcome": "refused"}, *self.LOG[1:]], 9)[1]), 1)

    def test_what_was_received_after_the_cut_is_not_owed(self) -> None:
        self.assertEqual(missing(self.DUE, [], 6), (0, []))
        self.assertEqual(missing(self.DUE, self.LOG, 7), (1, []))

    def test_an_image_is_there_from_its_answer_until_its_erasure_is_asked_for(self) -> None:
        fate = Fate(b"", stored=3, erasing=6, erased=8)
        self.assertEqual([fate.must_be_there(cut) for cut in (2, 3, 6, 7, 9)], [False, True, True, False, False])
        self.assertEqual([fate.must_be_gone(cut) for cut in (2, 6, 7, 8, 9)], [False, False, False, True, True])

    def test_the_newest_that_was_signed_is_not_from_after_the_cut(self) -> None:
        kept = [Kept(b"old", 3), Kept(b"new", 5)]
        self.assertEqual([newest(kept, cut) for cut in (2, 4, 5)], [None, *kept])

    def test_a_bundles_events_are_its_bodies(self) -> None:
        bundle = self.folder / "log.bundle"
        bundle.write_text('imagevault-bundle/1\nrows all\n\nevent c2FsdA== Y29udGVudA== {"index":4,"action":"a b"}\nnode\n')
        self.assertEqual(list(events(bundle)), [{"index": 4, "action": "a b"}])


class Verifying(Folder):
    def verifier(self, program: str) -> Verifier:
        """One whose vaultverify is a script."""
        file = self.folder / "vaultverify"
        file.write_text(f"#!/bin/sh\n{program}\n")
        file.chmod(0o755)
        return Verifier(self.folder, Path("audit.pub"), "3b9a")

    def test_a_program_that_refuses_is_told_and_none_else(self) -> None:
        for status in (0, 1):
            verifier = self.verifier(f"echo said; exit {status}")
            for lines in (verifier.bundle(Path("b")), verifier.anchor(Path("a"))):
                self.assertEqual([line.endswith(f"ended with {status}: said") for line in lines], [True] * status)

    def test_a_bundle_is_held_against_the_fingerprint_and_what_is_known(self) -> None:
        told = self.verifier('echo "$@"; exit 1').bundle(Path("b"), [Path("one"), Path("two")])
        self.assertTrue(told[0].endswith(": bundle b --key audit.pub --fingerprint 3b9a --known one --known two"), told)

    def test_a_program_that_does_not_end_is_told(self) -> None:
        with mock.patch("powercut_check.PATIENCE", 0.1):
            told = self.verifier("exec sleep 5").anchor(Path("a"))
        self.assertEqual(told, ["vaultverify anchor a --key audit.pub does not end within 0.1 s"])


if __name__ == "__main__":
    unittest.main()
