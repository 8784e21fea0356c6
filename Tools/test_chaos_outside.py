"""The rules of Tools/chaos about what it looks at outside of the state directory; Tools/test_chaos.py runs them."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import sqlite3
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("IMAGEVAULT_BIN", ".")

from chaos_check import LOST, WRONG
from chaos_clients import ctl
from chaos_exports import NAME, export, hidden, left, place, written
from chaos_outside import Gone, Malformed, due, lagging, left_whole, listed, root, unlisted
from chaos_vault import Case, cut
from powercut_vault import NotServing

VECTORS = Path(__file__).resolve().parents[1] / "Tests/VaultTestKit/Vectors/backups.json"


class Outside(unittest.TestCase):
    """The anchor and the list of erasures, by a parser of our own."""

    HEAD = f"imagevault-erasures/1\nvault {'1f' * 16}\n"
    WENT = Gone(7, "default", "ab" * 32, "cd" * 16)
    LINE = f"gone 7 default {'ab' * 32} {'cd' * 16}\n"

    def test_lists_are_those_of_the_vectors(self) -> None:
        vectors = json.loads(VECTORS.read_text())["erasures"]
        for one in vectors["opens"]:
            found = listed(one["text"])
            self.assertEqual((len(found.lines), found.through), (one["lines"], one["through"]), one["rule"])
        for one in vectors["refusals"]:
            with self.assertRaises(Malformed, msg=one["rule"]):
                listed(one["text"])
        self.assertGreater(min(len(vectors["opens"]), len(vectors["refusals"])), 3)

    def test_numbers_have_one_spelling_and_64_bits(self) -> None:
        self.assertEqual(listed(f"{self.HEAD}through {2**64 - 1}\n").through, 2**64 - 1)
        for spelled in ("01", "+1", "1_0", "-1", "", " 1", "\u0661", str(2**64)):
            self.assertRaises(Malformed, listed, f"{self.HEAD}through {spelled}\n")

    def test_indexes_begin_anew_where_the_log_is_another(self) -> None:
        found = listed(self.HEAD + self.LINE + "through 9\nrestored 0\n" + self.LINE.replace("gone 7", "gone 2"))
        self.assertEqual(([one.event for one in found.lines], found.through, found.branches), ([7, 2], 0, 1))

    def test_a_list_that_is_cut_has_its_claims_and_no_end(self) -> None:
        found = cut(self.HEAD + "through 5\n" + self.LINE + "through 9\n")
        self.assertEqual(found, self.HEAD + "through 5\n" + self.LINE + self.LINE[: len(self.LINE) // 2])
        self.assertEqual((listed(found).lines, listed(found).through), ([self.WENT], 5))

    def test_only_what_takes_a_claim_is_due(self) -> None:
        going = {"action": "image.delete", "outcome": "done", "namespace": "default", "image": "ab" * 32}
        whole = going | {"action": "image.erased"}
        log = [
            going | {"action": "image.put", "reference": "cd" * 16}, going, whole | {"outcome": "refused"}, whole,
            going | {"reference": "cd" * 16}, whole | {"reference": "cd" * 16},
        ]  # fmt: skip
        self.assertEqual([(one.event, one.reference) for one in due(log)], [(3, None), (4, "cd" * 16), (5, "cd" * 16)])

    def test_a_list_lacks_nothing_and_has_nothing_of_its_own(self) -> None:
        def kinds(text: str, wanted: list[Gone], *acknowledged: str) -> list[str]:
            return [one.kind for one in unlisted(listed(self.HEAD + text), wanted, acknowledged)]

        self.assertEqual(kinds(self.LINE, [self.WENT], "ab" * 32), [])
        self.assertEqual(kinds("", [self.WENT]), [LOST])
        self.assertEqual(kinds(self.LINE, [self.WENT._replace(reference=None)]), [LOST, WRONG])
        self.assertEqual(kinds(self.LINE, [self.WENT], "ef" * 32), [LOST])
        self.assertEqual(kinds(self.LINE * 2, [self.WENT]), [WRONG])
        self.assertEqual(kinds(self.LINE + "restored 0\n", [self.WENT]), [WRONG])
        self.assertEqual(kinds(self.LINE[:-1], [self.WENT]), [LOST])

    def test_a_root_is_that_of_the_whole_tree(self) -> None:
        def tree(leaves: list[bytes]) -> bytes:
            if len(leaves) == 1:
                return leaves[0]
            half = 1 << (len(leaves) - 1).bit_length() - 1
            return hashlib.sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()

        leaves = [hashlib.sha256(bytes([number])).digest() for number in range(7)]
        edge = tree(leaves[:4]) + tree(leaves[4:6]) + leaves[6]
        self.assertEqual(root(edge), base64.b64encode(tree(leaves)).decode())
        self.assertEqual(root(leaves[0]), base64.b64encode(leaves[0]).decode())

    def judged(self, anchored: int, list_text: str, *others: str, refused: str = "") -> tuple[list[str], bool]:
        """Kinds of what is wrong with a vault of 9 events after its stop, and whether something lags before.

        `refused` is what vaultverify says of the anchor when its signature does not hold.
        """
        with tempfile.TemporaryDirectory() as made:
            case: Any = argparse.Namespace(outside=Path(made) / "anchors", state=Path(made), prepared=mock.Mock())
            case.prepared.ground.verifier.anchor = lambda file: [refused] if refused or not file.exists() else []
            case.outside.mkdir()
            with sqlite3.connect(case.state / "catalog.sqlite") as catalog:
                catalog.execute("CREATE TABLE log (size INTEGER, frontier BLOB)")
                catalog.execute("INSERT INTO log VALUES (9, ?)", (bytes(32),))
            catalog.close()
            said = f"imagevault-anchor/1\nvault {'1f' * 16}\nat now\ngeneration 1\nkeyring 00\nlog {anchored} "
            (case.outside / "anchor").write_text(f"{said}{base64.b64encode(bytes(32)).decode()}\n\nsigned\n")
            (case.outside / "anchor.erasures").write_text(list_text)
            for name in others:
                (case.outside / name).touch()
            event = {"action": "image.delete", "outcome": "done", "namespace": "default", "image": "ab" * 32}
            events = [{"action": "none", "outcome": "done"}] * 7 + [event | {"reference": "cd" * 16}]
            found = [one.kind for one in left_whole(case, events, ["ab" * 32])]
            lags = lagging(case, ["ab" * 32]) if list_text.startswith("image") else "no list"
            return found, bool(lags)

    def test_what_is_left_by_a_stop_is_of_the_logs_end(self) -> None:
        self.assertEqual(self.judged(9, self.HEAD + self.LINE + "through 9\n"), ([], False))
        self.assertEqual(self.judged(8, self.HEAD + self.LINE), ([WRONG], True))
        self.assertEqual(self.judged(9, self.HEAD), ([LOST, LOST], True))
        self.assertEqual(self.judged(9, self.HEAD + self.LINE + "through 10\n"), ([WRONG], False))
        self.assertEqual(self.judged(9, self.HEAD.replace("1f", "1e") + self.LINE), ([WRONG], False))
        self.assertEqual(self.judged(9, self.HEAD + self.LINE, "anchor.new"), ([WRONG], False))
        self.assertEqual(self.judged(9, "gone"), ([LOST], True))

    def test_an_anchor_that_nobody_signed_is_not_whole(self) -> None:
        self.assertEqual(self.judged(9, self.HEAD + self.LINE, refused="no signature holds"), ([WRONG], False))


class Exports(unittest.TestCase):
    EVENT = {"action": "image.put"}

    def judged(self, checkpoint: bytes, is_acknowledged: bool, log: list[dict[str, str]]) -> list[str]:
        """Kinds of what is wrong with a bundle of one event, which holds against a checkpoint of 1 event and no other.

        `checkpoint` is what the vault signed before, and `log` the events that it has when it came back.
        """
        with tempfile.TemporaryDirectory() as made:
            case: Any = Case(mock.Mock(), Path(made))
            case.prepared.ground.verifier.bundle = lambda bundle, known=(): [
                "rolled-back" for file in known or [case.run] if not file.is_file() or file.read_bytes() != b"1"
            ]
            (place(case) / NAME).write_text(f"event a b {json.dumps(self.EVENT)}\n")
            with mock.patch("chaos_exports.make") as make, mock.patch.object(Case, "door") as door:
                make.return_value.returncode = 0
                door.return_value.ask.return_value = (200, checkpoint)
                export(case, mock.Mock())
            return [one.kind for one in written(case, mock.Mock(events=log), is_acknowledged)]

    def test_a_bundle_has_what_was_signed_before_it_was_asked_for(self) -> None:
        self.assertEqual(self.judged(b"1", True, [self.EVENT]), [])
        self.assertEqual(self.judged(b"2", True, [self.EVENT]), [LOST])
        self.assertEqual(self.judged(b"2", False, [self.EVENT]), [WRONG])

    def test_the_log_goes_on_from_a_bundle(self) -> None:
        self.assertEqual(self.judged(b"1", True, [{"action": "image.get"}]), [LOST])
        self.assertEqual(self.judged(b"1", False, []), [LOST])

    def test_a_command_that_does_not_end_is_found_and_ends_no_run(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            case = Case(mock.Mock(), Path(made), ["/bin/sh", "-c", "exec sleep 5"])
            with mock.patch("chaos_clients.PATIENCE", 0.1), self.assertRaisesRegex(NotServing, "vaultctl ls does not"):
                ctl(case, "ls")

    def test_an_error_that_was_not_told_is_found(self) -> None:
        def failed(call: str) -> dict[str, Any]:
            return {"call": call, "file": "log.bundle", "error": "EIO"}

        self.assertEqual(hidden([{"call": "write"}, failed("unlink")]), [])
        self.assertEqual(len(hidden([failed("fsync"), failed("rename")])), 2)

    def test_only_one_that_was_killed_leaves_something(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "log.bundle").touch()
            self.assertEqual(left(folder, was_killed=False), [])
            (folder / "log.bundle.part-0a").touch()
            self.assertEqual((len(left(folder, was_killed=True)), len(left(folder, was_killed=False))), (0, 1))
            (folder / "log.bundle.part-1b").touch()
            self.assertEqual(len(left(folder, was_killed=True)), 2)


if __name__ == "__main__":
    unittest.main()
