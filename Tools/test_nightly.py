"""The rules of Tools/nightly, each broken once. No tool runs."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock

import nightly
from deployed import ROOT, main
from nightly import PARTS, Done, Night, Part, all_of, arguments, chosen, failed, filled, listed, run, span, table


def shell(name: str, words: str, **more: bool) -> Part:
    return Part(name, 0, lambda _: ["/bin/sh", "-c", words], **more)


class Scratch(unittest.TestCase):
    def setUp(self) -> None:
        self.logs = Path(tempfile.mkdtemp(prefix="nightly"))
        self.addCleanup(shutil.rmtree, self.logs)
        self.night = Night(1, 7, self.logs)

    def is_gone(self, name: str) -> bool:
        """Whether the process ended whose number a part has written."""
        process = Path("/proc") / (self.logs / name).read_text().strip()
        return not process.exists() or "\nState:\tZ" in (process / "status").read_text()


class Runs(Scratch):
    def test_a_failure_stops_none_of_the_others(self) -> None:
        parts = [shell("one", "echo fine"), shell("two", "echo broken; exit 3"),
                 shell("three", "echo no disk; exit 77"), shell("four", "echo fine")]
        rows = all_of(parts, self.night, lambda _: None)
        self.assertEqual([one.outcome for one in rows], ["passed", "FAILED", "left out", "passed"])
        self.assertEqual([one.last for one in rows], ["fine", "broken", "no disk", "fine"])
        self.assertEqual([one.name for one in failed(rows, False)], ["two"])
        self.assertEqual([one.name for one in failed(rows, True)], ["two", "three"])

    def test_a_part_that_somebody_else_ended_says_so(self) -> None:
        done = run(shell("one", "echo working; kill -9 $$"), self.night)
        self.assertEqual((done.outcome, done.last), ("FAILED", "by signal 9 after: working"))

    def test_each_part_has_a_log_with_its_command_and_all_that_it_said(self) -> None:
        run(shell("one", "echo said; echo complained >&2"), self.night)
        self.assertRegex((self.logs / "one.log").read_text(), r"^\$ /bin/sh -c .*\nsaid\ncomplained\n$")

    def test_what_takes_too_long_is_ended_with_all_that_it_started(self) -> None:
        part = shell("long", f"sleep 60 & echo $! > {self.logs}/child; wait")
        began = time.monotonic()
        with mock.patch.object(nightly, "BUILD_MINUTES", 2 / 60):
            self.assertEqual(run(part, self.night).outcome, "TOO LONG")
        self.assertLess(time.monotonic() - began, 20)
        self.assertTrue(self.is_gone("child"))

    def test_what_a_part_leaves_behind_is_ended_before_the_next(self) -> None:
        part = shell("careless", f"sleep 60 & echo $! > {self.logs}/child")
        self.assertEqual(run(part, self.night).outcome, "passed")
        time.sleep(0.2)
        self.assertTrue(self.is_gone("child"))

    def test_what_outlives_its_leader_has_the_grace_too(self) -> None:
        child = (f"trap 'sleep 1; echo tidy > {self.logs}/tidied; exit' TERM; echo > {self.logs}/ready; "
                 "while :; do sleep 0.1; done")
        part = shell("leader", f'sh -c "{child}" & while [ ! -e {self.logs}/ready ]; do sleep 0.05; done')
        self.assertEqual(run(part, self.night).outcome, "passed")
        self.assertEqual((self.logs / "tidied").read_text(), "tidy\n")

    def test_what_outlives_its_leader_and_is_deaf_is_killed_after_the_grace(self) -> None:
        child = f"trap '' TERM; echo \\$\\$ > {self.logs}/child; while :; do sleep 0.1; done"
        part = shell("leader", f'sh -c "{child}" & while [ ! -s {self.logs}/child ]; do sleep 0.05; done')
        began = time.monotonic()
        with mock.patch.object(nightly, "GRACE_SECONDS", 1):
            self.assertEqual(run(part, self.night).outcome, "passed")
        self.assertGreater(time.monotonic() - began, 1)
        self.assertTrue(self.is_gone("child"))

    def test_what_does_not_heed_the_first_word_is_killed(self) -> None:
        part = shell("deaf", f"trap '' TERM; echo $$ > {self.logs}/child; while :; do sleep 0.1; done")
        with mock.patch.object(nightly, "BUILD_MINUTES", 2 / 60), mock.patch.object(nightly, "GRACE_SECONDS", 0.5):
            self.assertEqual(run(part, self.night).outcome, "TOO LONG")
        self.assertTrue(self.is_gone("child"))

    def test_an_interruption_ends_the_part_and_the_rest_is_told_as_not_run(self) -> None:
        part = shell("first", f"echo $$ > {self.logs}/child; sleep 60")
        timer = threading.Timer(1, self.night.stop.set)
        timer.start()
        rows = all_of([part, shell("second", "true")], self.night, lambda _: None)
        self.assertTrue(self.is_gone("child"))
        self.assertEqual([one.outcome for one in rows], ["STOPPED", "not run"])
        self.assertEqual(len(failed(rows, False)), 2)

    def test_a_part_without_its_peers_is_left_out(self) -> None:
        with mock.patch.dict(os.environ, IMAGEVAULT_PEERS=str(self.logs)):
            self.assertEqual(run(shell("bench", "exit 1", needs_peers=True), self.night).outcome, "left out")
            (self.logs / "load").mkdir()
            (self.logs / "load/load.py").touch()
            self.assertEqual(run(shell("bench", "exit 1", needs_peers=True), self.night).outcome, "FAILED")


class Command(Scratch):
    """The whole of it, with two parts of its own."""

    def start(self, parts: str, *words: str) -> subprocess.Popen[str]:
        code = (f"import sys; sys.path.insert(0, {str(ROOT / 'Tools')!r}); import nightly\n"
                f"nightly.PARTS = tuple(nightly.Part(name, 0, lambda _, text=text: ['/bin/sh', '-c', text]) "
                f"for name, text in {parts})\nsys.exit(nightly.main())")
        return subprocess.Popen([sys.executable, "-c", code, "--logs", str(self.logs), *words], text=True,
                                stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})

    def test_ends_with_1_after_a_failure_and_prints_the_table(self) -> None:
        process = self.start("[('good', 'echo yes'), ('bad', 'echo no; exit 2')]")
        said = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1)
        self.assertRegex(said, r"(?m)^good  passed   0 s   yes$")
        self.assertRegex(said, r"(?m)^bad   FAILED   0 s   no$")
        self.assertRegex(said, r"nightly: 2 parts, 1 passed, 0 left out, 1 to look at")
        kept = (self.logs / "table.txt").read_text()
        self.assertTrue(kept.startswith("part ") and said.endswith(kept), kept)
        process = self.start("[('good', 'true'), ('bad', 'exit 2')]", "--only", "good", "--logs", f"{self.logs}/other")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_logs_of_an_earlier_run_are_neither_added_to_nor_replaced(self) -> None:
        self.start("[('good', 'echo first')]").communicate(timeout=60)
        before = {path: path.read_bytes() for path in self.logs.rglob("*") if path.is_file()}
        self.assertEqual({path.name for path in before}, {"good.log", "table.txt"})
        process = self.start("[('good', 'echo second')]")
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2)
        self.assertEqual({path: path.read_bytes() for path in self.logs.rglob("*") if path.is_file()}, before)

    def test_a_stop_from_outside_ends_what_runs_and_still_prints_the_table(self) -> None:
        process = self.start(f"[('first', 'echo $$ > {self.logs}/child; sleep 60'), ('second', 'true')]")
        while not (self.logs / "child").exists() or not (self.logs / "child").read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1)
        self.assertRegex(said, r"(?m)^first +STOPPED ")
        self.assertTrue(self.is_gone("child"))


class Parts(Scratch):
    def test_every_part_is_a_tool_that_is_there_with_options_that_it_has(self) -> None:
        names = [part.name for part in PARTS]
        self.assertEqual(len(names), len(set(names)))
        for night in (self.night, Night(0.01, 7, self.logs)):
            for part in PARTS:
                words = part.words(night)
                self.assertTrue(os.access(ROOT / words[0], os.X_OK), words[0])
                tool = ROOT / words[0]
                text = "".join(path.read_text() for path in [tool, *tool.parent.glob(f"{tool.name}*.py")])
                for word in words[1:]:
                    self.assertNotRegex(word, r"[{}]", part.name)
                    if re.match("[-a-z]", word):
                        self.assertRegex(text, rf"(?<![\w-]){word}(?![\w-])", part.name)

    def test_every_tool_with_a_long_mode_has_a_part(self) -> None:
        """Those that README.md tells of, but for what builds, shows or measures one thing alone."""
        told = set(re.findall(r"(?m)^Tools/([a-z-]+)", (ROOT / "README.md").read_text()))
        told -= {"demo", "test", "up", "down", "corpus", "install", "package", "sbom", "licences", "nightly",
                 "release-state"}
        self.assertGreater(len(told), 10)
        self.assertEqual(told - {part.words(self.night)[0].partition("/")[2] for part in PARTS}, set())

    def test_readme_and_help_say_how_long_it_takes_and_when_a_part_is_ended(self) -> None:
        readme = (ROOT / "README.md").read_text()
        told = subprocess.run([ROOT / "Tools/nightly", "--help"], capture_output=True, text=True, check=True)
        help_text = told.stdout
        short = sum(part.takes(Night(0.01, 7, self.logs)) for part in chosen([], ["fuzz"]))
        self.assertRegex(readme, rf"(?m)^Tools/nightly --scale 0\.01 --skip fuzz +# .* about {short:.0f} minutes$")
        self.assertEqual(round(sum(part.takes(self.night) for part in PARTS) / 60), 15)
        self.assertRegex(readme, r"by the times\s+of `--list` fifteen hours")
        for text in (readme, help_text):
            words = " ".join(text.split())
            self.assertIn(f"{nightly.PATIENCE} times its minutes", words)
            self.assertIn(f"and {nightly.BUILD_MINUTES} minutes more for building what it needs", words)
        self.assertEqual(help_text.splitlines()[-1], "  REQUIRE_ALL=1 Tools/nightly --only chaos --only soak")

    def test_a_scale_divides_numbers_down_to_the_least_that_means_something(self) -> None:
        self.assertEqual(filled("--requests {100000/1500} {logs}/a", self.night),
                         ["--requests", "100000", f"{self.logs}/a"])
        self.assertEqual(filled("{100000/1500}", Night(0.5, 7, self.logs)), ["50000"])
        self.assertEqual(filled("{100000/1500}", Night(0.001, 7, self.logs)), ["1500"])
        words = {part.name: part.words(Night(0.01, 7, self.logs)) for part in PARTS}
        self.assertIn("--quick", words["chaos"])
        self.assertNotIn("--quick", next(part for part in PARTS if part.name == "chaos").words(self.night))
        self.assertEqual(words["hostile"][-2:], ["--seed", "7"])

    def test_only_and_skip_choose_in_the_order_of_all(self) -> None:
        self.assertEqual([part.name for part in chosen(["canary", "chaos"], [])], ["chaos", "canary"])
        self.assertEqual(len(chosen([], ["fuzz"])), len(PARTS) - 1)
        for words in (["--only", "nothing"], ["--only", "fuzz", "--skip", "fuzz"], ["--scale", "0"], ["--scale", "x"]):
            with self.subTest(words), redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as raised:
                arguments(words)
            self.assertEqual(raised.exception.code, 2)

    def test_a_folder_with_anything_of_an_earlier_run_is_refused_with_what_to_do(self) -> None:
        (self.logs / "results").mkdir()
        (self.logs / "notes.md").touch()
        words = ["--logs", str(self.logs)]
        self.assertEqual(arguments(words).logs, self.logs)
        for name in ("chaos.log", "erase.json", "results/light.json", "table.txt"):
            (self.logs / name).touch()
            with self.subTest(name), redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as raised:
                arguments(words)
            self.assertEqual(raised.exception.code, 2)
            self.assertIn(f"--logs {self.logs} holds {name} of an earlier run", said.getvalue())
            self.assertIn("name another folder, move that one away, or leave --logs out", said.getvalue())
            self.assertTrue(arguments(["--list", *words]).list)
            (self.logs / name).unlink()

    def test_the_list_has_every_part_with_its_command(self) -> None:
        lines = list(listed(PARTS, self.night))
        self.assertEqual(len(lines), len(PARTS) + 1)
        self.assertRegex(lines[0], r"^simulate +\d+ min  Tools/simulate 1000000 --seed 7$")


class Table(unittest.TestCase):
    def test_is_told_in_columns(self) -> None:
        said = table([Done("chaos", "passed", 7300, "chaos: all"), Done("soak", "FAILED", 61, "")])
        self.assertEqual(said.splitlines(), ["part   outcome  took   said last", "chaos  passed   2.0 h  chaos: all",
                                             "soak   FAILED   61 s"])
        self.assertEqual([span(seconds) for seconds in (1.4, 125, 7300)], ["1 s", "2 min", "2.0 h"])


if __name__ == "__main__":
    main("nightly")
