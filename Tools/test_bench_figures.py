"""The rules of the benches' statistics: times in buckets, ratios, growth, what a service used, the table, the plots."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree
from pathlib import Path
from typing import Any, ClassVar

os.environ.setdefault("IMAGEVAULT_BIN", "/nowhere")
import bench  # noqa: E402
import bench_audit as audit  # noqa: E402
import bench_figures as figures  # noqa: E402
import bench_light as light  # noqa: E402
import bench_micro as micro  # noqa: E402
import bench_plots as plots  # noqa: E402
import bench_service as service  # noqa: E402
import bench_table as table  # noqa: E402


class Buckets(unittest.TestCase):
    def test_each_time_lies_in_its_bucket_and_buckets_follow_each_other(self) -> None:
        chance = random.Random(1)
        for time in [0, 1, 127, 128, 129, 255, 256, *(chance.randrange(2 ** chance.randrange(1, 40)) for _ in range(5000))]:
            least, next_least = figures.bounds(figures.bucket(time))
            self.assertTrue(least <= time < next_least, time)
            self.assertLessEqual(next_least - least, max(1, time / 64))
        for index in range(2000):
            self.assertEqual(figures.bounds(index)[1], figures.bounds(index + 1)[0])

    def test_a_quantile_is_that_of_the_times_within_a_bucket(self) -> None:
        chance = random.Random(2)
        times = sorted(int(chance.lognormvariate(13, 1)) for _ in range(20_001))
        counted = figures.Times((figures.bucket(time), 1) for time in times)
        for share in figures.QUANTILES.values():
            exact = times[math.ceil(share * len(times)) - 1]
            self.assertLess(abs(counted.quantile(share) / exact - 1), 1 / 64)

    def test_added_times_have_the_quantiles_of_all(self) -> None:
        few = figures.Times([(figures.bucket(1_000_000), 1)])
        many = figures.Times([(figures.bucket(10_000), 999)])
        both = few + many
        self.assertEqual(len(both), 1000)
        self.assertEqual(both.quantiles_ms()["p99_ms"], many.quantiles_ms()["p99_ms"])
        self.assertEqual(both.quantile(1), few.quantile(1))

    def test_of_no_times_there_is_no_quantile(self) -> None:
        self.assertEqual(set(figures.Times().quantiles_ms().values()), {None})

    def test_the_client_counts_by_the_same_rule(self) -> None:
        """Its own lines, with a program around them."""
        source = (Path(__file__).parent.parent / "Tests/Bench/load.c").read_text()
        body = source[source.index("static void count_time"):source.index("static void add_part")]
        program = f"""#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>
            enum {{ BUCKETS = 60 * 64 }}; static uint64_t buckets[BUCKETS], longest;\n{body}
            int main(int n, char **words) {{ for (int i = 1; i < n; i++) {{ count_time(strtoull(words[i], 0, 10));
            for (int b = 0; b < BUCKETS; b++) if (buckets[b]) printf("%d\\n", b), buckets[b] = 0; }} return 0; }}"""
        times = [0, 1, 127, 128, 255, 256, 1000, 123_456, 10**9, 120 * 10**9]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["cc", "-x", "c", "-", "-o", f"{folder}/count"], input=program, text=True, check=True)
            told = subprocess.run([f"{folder}/count", *map(str, times)], capture_output=True, text=True, check=True).stdout
        self.assertEqual([int(line) for line in told.split()], [figures.bucket(time) for time in times])


class Ratios(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds_with_its_spread(self) -> None:
        found = figures.ratio([10, 20, 90], [10, 10, 10])
        self.assertEqual((found["median"], found["least"], found["most"], found["rounds"]), (2, 1, 9, 3))

    def test_a_round_of_one_side_is_none(self) -> None:
        self.assertEqual(figures.ratio([10, 20], [0, 10])["rounds"], 1)
        with self.assertRaises(ValueError):
            figures.ratio([1], [0])
        with self.assertRaises(ValueError):
            figures.ratio([1, 2], [1])

    def test_what_grows_with_the_number_is_not_logarithmic(self) -> None:
        sizes = [1e3, 1e4, 1e5, 1e6]
        self.assertTrue(figures.is_at_most_logarithmic(sizes, [1, 1, 1, 1]))
        self.assertTrue(figures.is_at_most_logarithmic(sizes, [math.log(size) for size in sizes]))
        self.assertFalse(figures.is_at_most_logarithmic(sizes, [size**0.5 for size in sizes]))


class Used(unittest.TestCase):
    def test_a_child_that_ended_still_counts(self) -> None:
        burn = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
        script = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint('done', flush=True)\ninput()"
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            self.assertEqual(parent.stdout.readline(), b"done\n")
            self.assertGreaterEqual(figures.cpu_seconds([parent.pid]), 0.28)
            self.assertGreater(figures.memory_mb([parent.pid]), 1)
            parent.communicate(b"\n")
        self.assertEqual(figures.cpu_seconds([parent.pid]), 0)

    def test_a_clock_leaves_out_what_does_not_fit_and_says_so(self) -> None:
        clock = figures.Clock(1)
        self.assertTrue(clock.allows("this", 30))
        self.assertFalse(clock.allows("that", 90))
        self.assertEqual(clock.left_out, ["that"])


class Table(unittest.TestCase):
    RESULTS: ClassVar[dict[str, dict[str, Any]]] = {
        "light": {"ratios": {size: {"put": {"median": 1.5}, "get": {"median": 1.7}} for size in ("200k", "1m", "10m")}},
        "rotate": {"rounds": [{"rewraps_per_second": 250_000, "before": {"p99_ms": 2}, "after": {"p99_ms": 2},
                               "during": {"p99_ms": 4}}]},
        "scale": {"sizes": [{"images": 100_000, "costs": {"start": 0.1}}]},
    }

    def test_each_row_says_whether_it_is_met_and_one_without_figure_is_not_met(self) -> None:
        found = {row["what"]: row for row in table.rows_of(self.RESULTS)}
        self.assertEqual(len(table.rows_of(self.RESULTS)), len(table.TARGETS))
        self.assertIs(found["rewrap"]["met"], True)
        self.assertIs(found["GET p99 during a rotation"]["met"], False)
        self.assertIs(found["speed of light: CPU of a PUT of 1m, of its parts'"]["met"], True)
        self.assertIs(found["speed of light: CPU of a GET of 1m, of its parts'"]["met"], False)
        # A start of fewer images is not one of a million.
        self.assertIsNone(found["start with 1,000,000 images"]["met"])
        self.assertIsNone(found["offline verification"]["met"])

    def test_each_result_that_a_row_needs_can_be_made(self) -> None:
        for target in table.TARGETS:
            self.assertLessEqual(set(target.needs), set(table.MAKING))

    def test_a_missed_row_is_told_with_what_bounds_it(self) -> None:
        rows: list[dict[str, Any]] = [
            {"what": "put", "words": "put", "met": True}, {"what": "CPU", "words": "  CPU", "met": False},
            {"what": "get", "words": "get", "met": False}, {"what": "CPU", "words": "  CPU", "met": False},
            {"what": "start", "words": "start", "met": None}, {"what": "list", "words": "list", "met": False},
        ]
        told = {"put": "the hash", "put: CPU": "the hash", "get": "the rest", "get: CPU": "the runtime"}
        self.assertEqual(
            table.bounds_of(rows, told),
            [("put: CPU", "the hash"), ("get", "the rest"), ("get: CPU", "the runtime"), ("list", "not profiled yet")])

    def test_a_sentence_is_written_once_for_all_of_its_rows_and_a_row_has_one(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            self.assertEqual(table.sentences(folder), {})
            for told, why in (
                ([{"rows": ["put", "get"], "words": "the hash"}, {"rows": ["list"], "words": "the rest"}], None),
                ([{"rows": ["put"], "words": "the hash"}, {"rows": ["put"], "words": "the rest"}], "row twice: put"),
                ([{"rows": ["put"], "words": "the hash"}, {"rows": ["get"], "words": "the hash"}], "words twice: the hash"),
            ):
                (folder / "bounds.json").write_text(json.dumps(told))
                if why:
                    with self.assertRaisesRegex(ValueError, why):
                        table.sentences(folder)
                else:
                    wanted = {"put": "the hash", "get": "the hash", "list": "the rest"}
                    self.assertEqual(table.sentences(folder), wanted)

    def test_each_target_of_the_design_has_its_row(self) -> None:
        """DESIGN.md §9, and memory at 64 connections and at a million images."""
        self.assertEqual([(target.words.strip(), target.wanted) for target in table.TARGETS], [
            ("PUT 200 KB @16, structure, beside improved-2w", "≥ 2.5 ×"), ("CPU of the server", "≤ 0.5 ms"),
            ("PUT 200 KB @16, decode (JPEG), beside improved-2w", "≥ 0.7 ×"), ("CPU of the server", "≤ 2.6 ms"),
            ("GET 200 KB @16, beside improved-2w", "≥ 2 ×"), ("CPU of the server", "≤ 0.15 ms"),
            ("PUT 10 MB @16, beside improved-2w", "≥ 2.5 ×"), ("GET 10 MB @16, beside improved-2w", "≥ 2 ×"),
            ("peak RSS with 10 MB @16", "≤ 150 MB"), ("peak RSS with 10 MB, 64 at once", "≤ 150 MB"),
            ("audit overhead, PUT 200 KB @64", "≤ 15 %"), ("audit overhead, GET 200 KB @64", "≤ 15 %"),
            ("rewrap", "≥ 200,000 keys/s"), ("GET p99 during a rotation", "≤ 1.5 ×"),
            ("start with 1,000,000 images", "≤ 1 s"), ("peak RSS with 1,000,000 images", "≤ 150 MB"),
            ("offline verification", "≥ 300,000 events/s"),
            *((f"speed of light: CPU of a {phase} of {size}, of its parts'", "≤ 1.6 ×")
              for phase in ("PUT", "GET") for size in ("200k", "1m", "10m")),
        ])

    def test_memory_is_the_most_of_ours_in_any_phase(self) -> None:
        def row(label: str, workload: str, clients: int, rss: float) -> dict[str, Any]:
            return {"label": label, "workload": workload, "conc": clients, "rss_mb": rss}

        results = {
            "versus": {"rows": [row("ours-structure", "10m", 16, 140), row("improved-2w", "10m", 16, 900)], "ratios": []},
            "service": {"rows": [
                row("ours-structure", "10m", 64, 120), row("ours-decode", "10m", 64, 160), row("ours-decode", "1m", 64, 500),
            ]},
            "scale": {"sizes": [{"images": 1_000_000, "costs": {"start": 1}, "rows": {"put": {"rss_mb": 90}, "get": {"rss_mb": 99}}}]},
        }
        found = {row["what"]: row["figure"] for row in table.rows_of(results) if "RSS" in row["what"]}
        self.assertEqual(list(found.values()), [140, 160, 99])

    def test_the_overhead_of_events_is_that_beside_the_client_in_c(self) -> None:
        one = {"config": "200k@64", "phase": "put"}
        told = {"overhead": [one | {"client": "load.py", "cost": [0.01]}, one | {"client": "load.c", "cost": [0.1, 0.2, 0.3]}]}
        self.assertEqual(table.overhead("put")({"audit": told}), 20)

    def test_results_of_different_commits_are_doubted(self) -> None:
        def of(commit: str, **more: Any) -> dict[str, Any]:
            return {"machine": {"commit": commit}} | more

        self.assertEqual(table.doubts_about({"light": of("abc"), "scale": of("abc")}), [])
        self.assertIn("(abc: light; def: scale)", table.doubts_about({"light": of("abc"), "scale": of("def")})[0])
        self.assertIn("changed since: light", table.doubts_about({"light": of("abc-dirty")})[0])
        two = [{"machine": {"commit": "abc", "program": program}} for program in ("12", "34")]
        self.assertIn("different programs (12: light; 34: scale)", table.doubts_about({"light": two[0], "scale": two[1]})[0])
        self.assertIn("scale says", table.doubts_about({"scale": of("abc", wrong=["1 event"])})[0])
        self.assertEqual(len(table.doubts_about({"scale": {}})), 1)

    def test_a_result_that_a_bench_has_just_written_is_no_change_of_the_sources(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            def git(*words: str) -> None:
                who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
                subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)

            results = Path(folder) / "Tools/bench-results"
            results.mkdir(parents=True)
            for file in (results / "light.json", Path(folder) / "main.swift"):
                file.write_text("1")
            self.assertEqual(figures.commit(Path(folder)), "unknown")
            git("init", "--quiet")
            git("add", ".")
            git("commit", "--quiet", "--message", "a")
            (results / "light.json").write_text("2")
            self.assertRegex(figures.commit(Path(folder)), "^[0-9a-f]+$")
            (Path(folder) / "main.swift").write_text("2")
            self.assertRegex(figures.commit(Path(folder)), "^[0-9a-f]+-dirty$")


class Committed(unittest.TestCase):
    """The results that are kept in the repository."""

    BOUNDS = table.sentences(figures.RESULTS)

    def test_what_bounds_each_row_that_is_missed_is_told_and_of_no_row_that_is_met(self) -> None:
        rows = table.rows_of(table.loaded(figures.RESULTS))
        missed = table.bounds_of(rows, self.BOUNDS)
        self.assertEqual([what for what, words in missed if words == table.UNKNOWN], [])
        # One that is not measured yet may have its sentence.
        self.assertEqual([name for name, row in table.named(rows) if row["met"] and name in self.BOUNDS], [])

    def test_results_of_another_folder_are_told_with_what_bounds_them_too(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("light", "rotate"):
                shutil.copy(figures.RESULTS / f"{name}.json", folder)
            missed = table.bounds_of(table.rows_of(table.loaded(Path(folder))), self.BOUNDS)
            self.assertGreater(len(missed), 0)
            with contextlib.redirect_stdout(io.StringIO()) as said, \
                    unittest.mock.patch("sys.argv", ["bench", "--from", folder]):
                self.assertEqual(table.main(), 0)
        for what, words in missed:
            self.assertRegex(said.getvalue(), rf"(?m)^- .*{re.escape(what)}.*: {re.escape(words)}$")

    def test_each_sentence_is_about_a_row(self) -> None:
        self.assertEqual(set(self.BOUNDS) - table.names_of_rows(), set())

    def test_the_table_that_is_kept_is_of_the_results_that_are_kept(self) -> None:
        kept = json.loads((figures.RESULTS / "table.json").read_text())
        self.assertEqual(kept, json.loads(json.dumps(table.rows_of(table.loaded(figures.RESULTS)))))

    def test_each_result_says_where_it_is_from(self) -> None:
        for name, told in table.loaded(figures.RESULTS).items():
            for field in ("cpu", "cores", "kernel", "filesystem", "commit", "build", "at"):
                self.assertTrue(told["machine"][field], f"{name}: {field}")

    def test_each_plot_is_of_the_results_that_are_kept_and_shown(self) -> None:
        readme = (Path(__file__).parent.parent / "README.md").read_text()
        results = table.loaded(figures.RESULTS)
        for name, draw in table.PLOTS.items():
            self.assertIn(name, list(results))
            drawn = draw(results[name], figures.line_of(results[name]["machine"]))
            self.assertEqual((figures.RESULTS / f"{name}.svg").read_text(), drawn)
            self.assertIn(f"(Tools/bench-results/{name}.svg)", readme)


class Words(unittest.TestCase):
    """What is asked for on the command line."""

    def refused(self, tool: Any, *words: str) -> str:
        said = io.StringIO()
        # Only the micro-benchmarks take no peers.
        peers = [] if tool is micro.main else ["--peers", "/nowhere"]
        command = ["Tools/bench", *peers, *words]
        with unittest.mock.patch.object(sys, "argv", command), contextlib.redirect_stderr(said):
            with self.assertRaises(SystemExit) as ended:
                tool()
        self.assertEqual(ended.exception.code, 2, said.getvalue())
        return said.getvalue()

    def test_a_zero_that_means_nothing_is_refused(self) -> None:
        whole, above = "0 is no whole number from 1 on", "0 is no number above 0"
        for tool, option, why in (
            (audit.main, "rounds", whole), (audit.main, "seconds", above), (audit.main, "export", whole),
            (audit.main, "events", whole), (audit.main, "minutes", above),
            (light.main, "rounds", whole), (light.main, "seconds", above), (light.main, "part-seconds", above),
            (micro.main, "rounds", whole), (micro.main, "seconds", above), (micro.main, "minutes", above),
            (service.arguments, "rounds", whole), (service.arguments, "seconds", above),
            (bench.arguments, "rounds", whole), (bench.arguments, "seconds", above),
        ):
            self.assertIn(f"argument --{option}: {why}", self.refused(tool, f"--{option}", "0"))

    def test_neither_less_than_nothing_nor_what_is_no_number_is_measured(self) -> None:
        for text in ("-1", "1.5", "", "two", "1_0"):
            with self.assertRaises(argparse.ArgumentTypeError):
                figures.at_least_one(text)
        for text in ("-0.1", "nan", "inf", "", "two"):
            with self.assertRaises(argparse.ArgumentTypeError):
                figures.above_zero(text)
        self.assertEqual((figures.at_least_one("12"), figures.above_zero("0.5")), (12, 0.5))

    def test_what_was_asked_for_is_not_replaced(self) -> None:
        options = argparse.Namespace(seed=0, rounds=None, seconds=2.0)
        figures.fill_in(options, seed=1, rounds=3, seconds=4.0)
        self.assertEqual(vars(options), {"seed": 0, "rounds": 3, "seconds": 2.0})

    def test_a_seed_of_zero_is_a_seed(self) -> None:
        asked: list[argparse.Namespace] = []

        def archive(options: argparse.Namespace) -> None:
            asked.append(options)
            raise SystemExit("that was all")

        command = ["Tools/bench", "--peers", "/nowhere", "--only", "archive", "--seed", "0"]
        with (
            unittest.mock.patch.object(sys, "argv", command), unittest.mock.patch.object(audit, "archive", archive),
            unittest.mock.patch.object(audit, "machine", lambda _: {}),
            unittest.mock.patch.object(audit, "end_after", lambda _: None),
            unittest.mock.patch.object(audit, "end_by_signals", lambda: None),
            self.assertRaisesRegex(SystemExit, "that was all"),
        ):
            audit.main()
        self.assertEqual((asked[0].seed, asked[0].events), (0, 10_000_000))

    def test_no_config_at_all_is_refused(self) -> None:
        for tool in (audit.main, service.arguments):
            self.assertIn("no such config", self.refused(tool, "--configs", ""))

    def test_what_would_do_nothing_is_refused(self) -> None:
        for tool, words, named in (
            (service.arguments, ("--vs", "improved-2w", "--configs", "200k@16"), "--configs does nothing with --vs"),
            (service.arguments, ("--vs", "improved-2w", "--level", "decode"), "--level does nothing with --vs"),
            (service.arguments, ("--rounds", "5"), "--rounds does nothing without --vs"),
            (audit.main, ("--only", "archive", "--rounds", "3"), "--rounds does nothing with --only archive"),
            (audit.main, ("--only", "overhead", "--events", "3"), "--events does nothing with --only overhead"),
        ):
            self.assertIn(named, self.refused(tool, *words))


class Versus(unittest.TestCase):
    def test_who_begins_changes_from_round_to_round(self) -> None:
        begun: list[str] = []
        row = {"ops_s": 1}

        def measured(who: str, told: Any) -> Any:
            begun.append(who)
            return told

        options = argparse.Namespace(rounds=3, seconds=0, compared=[("200k", 16, "structure")])
        with (
            unittest.mock.patch.object(service, "ours", lambda *_: measured("ours", ([row], []))),
            unittest.mock.patch.object(service, "theirs", lambda *_: measured("theirs", [row])),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            rows, wrong = service.versus(options, figures.Clock(1))
        self.assertEqual(begun, ["ours", "theirs", "theirs", "ours", "ours", "theirs"])
        self.assertEqual([one["round"] for one in rows], [0, 0, 1, 1, 2, 2])
        self.assertEqual(wrong, [])


class Plots(unittest.TestCase):
    def test_a_plot_is_sound_and_has_a_point_for_each_value(self) -> None:
        lines = [plots.Line("put <&>", [(1, 10), (16, 100), (64, 1000)]), plots.Line("get", [(1, 5), (64, 0)])]
        drawn = plots.picture([plots.Panel("Rate", "connections", "a second", lines)], "a & b", columns=1)
        root = xml.etree.ElementTree.fromstring(drawn)
        points = [one for one in root.iter("{http://www.w3.org/2000/svg}circle") if one.get("r") == "3"]
        # Nothing that was not measured is drawn.
        self.assertEqual(len(points), 4)
        for point in points:
            self.assertTrue(0 <= float(point.get("cx", "-1")) <= plots.WIDTH)
            self.assertTrue(0 <= float(point.get("cy", "-1")) <= plots.HEIGHT)

    def test_the_service_is_drawn_by_connections_and_by_size_and_puts_that_are_decoded_apart(self) -> None:
        rows = [
            {"label": f"ours-{level}", "workload": name, "conc": clients, "phase": phase, "ops_s": 9, "p99_ms": 2, "mb_s": 3}
            for level in ("structure", "decode") for name in (*plots.SIZES, "mix") for clients in (1, 16, 64)
            for phase in ("put", "get", "range", "list", "delete")
        ]
        drawn = plots.service({"rows": rows}, "")
        # By connections five verbs and decoded puts of three numbers; by size three and those of four; each with its tail.
        self.assertEqual(drawn.count('r="3"'), 2 * (6 * 3 + 4 * 4))
        self.assertEqual(drawn.count(">decoded<"), 4)

    def test_more_is_higher(self) -> None:
        for is_logarithmic in (True, False):
            panel = plots.Panel("", "", "", [], is_logarithmic)
            low, high = panel.range([3.0, 700.0])
            self.assertGreater(panel.up_at(3, low, high), panel.up_at(700, low, high))
            self.assertTrue(low <= 3 and high >= 700)


if __name__ == "__main__":
    unittest.main()
