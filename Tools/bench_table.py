"""What this project must reach, and what it does: `Tools/bench`, or `Tools/bench table`.

Each row of the table is made from the newest results in Tools/bench-results: its target, the figure, whether it is met.
A row without a result is told with the command that makes it. The same results are drawn as plots beside them.
--measure makes results first; a row that is missed is no failure of the tool: what bounds it was looked up in a profile
and stands in Tools/bench-results/bounds.json, wherever the results lie.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_plots
from bench_figures import RESULTS, line_of

#: What makes each result, and about how many minutes it takes.
MAKING = {
    "micro": ("micro --minutes 10", 5),
    "service": ("service --minutes 30", 12),
    "versus": ("service --vs improved-2w --minutes 20", 7),
    "light": ("light --minutes 10", 4),
    "rotate": ("rotate", 10),
    "audit": ("audit --events 1000000", 15),
    "scale": ("scale --upto 1000000 --minutes 40", 30),
}
#: Which are drawn.
PLOTS = {"service": bench_plots.service, "scale": bench_plots.scale}
#: Where nobody wrote what bounds a row.
UNKNOWN = "not profiled yet"
Results = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Target:
    """A row: from which results its figure is made, and when it is met."""

    words: str
    needs: tuple[str, ...]
    unit: str
    bar: float
    is_least: bool
    figure: Callable[[Results], float]

    def is_met(self, figure: float) -> bool:
        return figure >= self.bar if self.is_least else figure <= self.bar

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {number(self.bar)}{self.unit}"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


# MARK: Figures


def compared(results: Results, name: str, level: str, phase: str) -> dict[str, Any]:
    for one in results["versus"]["ratios"]:
        if (one["workload"], one["conc"], one["level"], one["phase"]) == (name, 16, level, phase):
            return dict(one)
    raise KeyError(f"{phase} {name}@16 {level}")


def times(name: str, level: str, phase: str) -> Callable[[Results], float]:
    return lambda results: float(compared(results, name, level, phase)["ratio"]["median"])


def cpu(name: str, level: str, phase: str) -> Callable[[Results], float]:
    return lambda results: float(compared(results, name, level, phase)["ours"]["server_cpu_ms_op"])


def memory(name: str, clients: int) -> Callable[[Results], float]:
    """The most of any phase of 10 MB, at whatever level."""

    def figure(results: Results) -> float:
        found = [
            float(row["rss_mb"]) for row in results[name]["rows"]
            if (row["workload"], row["conc"]) == ("10m", clients) and row["label"] != "improved-2w"
        ]
        if not found:
            raise KeyError(f"10m@{clients}")
        return max(found)

    return figure


def overhead(phase: str) -> Callable[[Results], float]:
    def figure(results: Results) -> float:
        for one in results["audit"]["overhead"]:
            if (one["phase"], one["config"], one["client"]) == (phase, "200k@64", "load.c"):
                return statistics.median(one["cost"]) * 100
        raise KeyError(f"{phase} 200k@64")

    return figure


def rewraps(results: Results) -> float:
    return statistics.median(one["rewraps_per_second"] for one in results["rotate"]["rounds"])


def rotating(results: Results) -> float:
    return statistics.median(
        2 * one["during"]["p99_ms"] / (one["before"]["p99_ms"] + one["after"]["p99_ms"])
        for one in results["rotate"]["rounds"])


def million(results: Results) -> dict[str, Any]:
    """What was measured of a vault of a million images."""
    largest: dict[str, Any] = results["scale"]["sizes"][-1]
    if largest["images"] < 1_000_000:
        raise KeyError("1,000,000 images")
    return largest


def start(results: Results) -> float:
    return float(million(results)["costs"]["start"])


def resident(results: Results) -> float:
    """The most while it was asked, and not only after its start."""
    return max(float(row["rss_mb"]) for row in million(results)["rows"].values())


def light(size: str, phase: str) -> Callable[[Results], float]:
    """Processor time of a request, as a multiple of its parts'."""
    return lambda results: float(results["light"]["ratios"][size][phase]["median"])


TARGETS = (
    Target("PUT 200 KB @16, structure, beside improved-2w", ("versus",), " ×", 2.5, True, times("200k", "structure", "put")),
    Target("  CPU of the server", ("versus",), " ms", 0.5, False, cpu("200k", "structure", "put")),
    Target("PUT 200 KB @16, decode (JPEG), beside improved-2w", ("versus",), " ×", 0.7, True, times("200k-jpeg", "decode", "put")),
    Target("  CPU of the server", ("versus",), " ms", 2.6, False, cpu("200k-jpeg", "decode", "put")),
    Target("GET 200 KB @16, beside improved-2w", ("versus",), " ×", 2, True, times("200k", "structure", "get")),
    Target("  CPU of the server", ("versus",), " ms", 0.15, False, cpu("200k", "structure", "get")),
    Target("PUT 10 MB @16, beside improved-2w", ("versus",), " ×", 2.5, True, times("10m", "structure", "put")),
    Target("GET 10 MB @16, beside improved-2w", ("versus",), " ×", 2, True, times("10m", "structure", "get")),
    Target("  peak RSS with 10 MB @16", ("versus",), " MB", 150, False, memory("versus", 16)),
    Target("  peak RSS with 10 MB, 64 at once", ("service",), " MB", 150, False, memory("service", 64)),
    Target("audit overhead, PUT 200 KB @64", ("audit",), " %", 15, False, overhead("put")),
    Target("audit overhead, GET 200 KB @64", ("audit",), " %", 15, False, overhead("get")),
    Target("rewrap", ("rotate",), " keys/s", 200_000, True, rewraps),
    Target("  GET p99 during a rotation", ("rotate",), " ×", 1.5, False, rotating),
    Target("start with 1,000,000 images", ("scale",), " s", 1, False, start),
    Target("  peak RSS with 1,000,000 images", ("scale",), " MB", 150, False, resident),
    Target("offline verification", ("audit",), " events/s", 300_000, True,
           lambda results: float(results["audit"]["archive"]["export"]["verified_per_second"])),
    *(Target(f"speed of light: CPU of a {phase.upper()} of {size}, of its parts'", ("light",), " ×", 1.6, False,
             light(size, phase)) for phase in ("put", "get") for size in ("200k", "1m", "10m")),
)


# MARK: The table


def rows_of(results: Results) -> list[dict[str, Any]]:
    """Each target with its figure; None where no result has one."""
    found = []
    for target in TARGETS:
        row: dict[str, Any] = {"what": target.words.strip(), "target": target.wanted, "figure": None, "met": None}
        row["words"] = target.words
        missing = [name for name in target.needs if name not in results]
        row["needs"] = missing or list(target.needs)
        if not missing:
            try:
                figure = target.figure(results)
                row |= {"figure": figure, "met": target.is_met(figure), "unit": target.unit}
            except (KeyError, IndexError, ValueError) as error:
                row["why"] = f"no {error.args[0] if error.args else 'figure'} in it"
        found.append(row)
    return found


def show(rows: list[dict[str, Any]]) -> None:
    width = max(len(row["words"]) for row in rows)
    print(f"{'':{width}}  {'target':>18}  {'figure':>18}  ")
    for row in rows:
        if row["met"] is None:
            print(f"{row['words']:{width}}  {row['target']:>18}  {'–':>18}  not measured{': ' + row['why'] if 'why' in row else ''}; "
                  + " and ".join(f"Tools/bench --measure {name}" for name in row["needs"]))
            continue
        figure = number(row["figure"]) + row["unit"]
        print(f"{row['words']:{width}}  {row['target']:>18}  {figure:>18}  {'met' if row['met'] else 'MISSED'}")


def made_by(results: Results, field: str) -> dict[str, list[str]]:
    """Which results each commit or program made."""
    found: dict[str, list[str]] = {}
    for name, told in results.items():
        found.setdefault(told.get("machine", {}).get(field) or "unknown", []).append(name)
    return found


def doubts_about(results: Results) -> list[str]:
    """Why these results should not be read as those of one vault."""
    commits, doubts = made_by(results, "commit"), []
    for field, made in (("commit", commits), ("program", made_by(results, "program"))):
        if len(made) > 1:
            each = "; ".join(f"{one}: {', '.join(names)}" for one, names in made.items())
            doubts.append(f"the results are of different {field}s ({each})")
    unsure = [name for commit, names in commits.items() if commit == "unknown" or commit.endswith("-dirty") for name in names]
    if unsure:
        doubts.append(f"of no commit, or of sources that were changed since: {', '.join(unsure)}")
    return doubts + [f"{name} says that promises did not hold" for name, told in results.items() if told.get("wrong")]


def named(rows: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its name. One that is indented is named after the one above, with a colon between."""
    head = ""
    for row in rows:
        if row["words"] == row["what"]:
            head = row["what"]
        yield row["what"] if row["what"] == head else f"{head}: {row['what']}", row


def sentences(folder: Path) -> dict[str, str]:
    """What bounds each row that bounds.json names, a list of {"rows": […], "words": "…"}; none without the file.

    Raises ValueError where a row is named twice, or words are, which belong together.
    """
    path = folder / "bounds.json"
    told = json.loads(path.read_text()) if path.exists() else []
    for what, each in (("words", [one["words"] for one in told]), ("row", [row for one in told for row in one["rows"]])):
        if twice := [one for one, count in Counter(each).items() if count > 1]:
            raise ValueError(f"{path.name}: {what} twice: {'; '.join(twice)}")
    return {row: one["words"] for one in told for row in one["rows"]}


def bounds_of(rows: list[dict[str, Any]], told: dict[str, str]) -> list[tuple[str, str]]:
    """What bounds each row that is missed, as somebody wrote who had profiled it."""
    return [(name, told.get(name) or UNKNOWN) for name, row in named(rows) if row["met"] is False]


def show_bounds(bounds: list[tuple[str, str]]) -> None:
    """Rows that the same words bound are told together."""
    together: dict[str, list[str]] = {}
    for what, words in bounds:
        together.setdefault(words, []).append(what)
    if together:
        print("\nWhat bounds those that are missed")
    for words, rows in together.items():
        print(f"- {'; '.join(rows)}: {words}")


def names_of_rows() -> set[str]:
    """What a sentence of bounds.json may be about."""
    return {name for name, _ in named([{"words": target.words, "what": target.words.strip()} for target in TARGETS])}


def loaded(folder: Path) -> Results:
    return {name: json.loads(path.read_text()) for name in MAKING if (path := folder / f"{name}.json").exists()}


def measure(names: list[str], folder: Path) -> list[str]:
    """What ended with an error: the next is measured all the same."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names:
        command, minutes = MAKING[name]
        print(f"Tools/bench {command}: about {minutes} minutes", file=sys.stderr, flush=True)
        tool = [str(Path(__file__).parent / "bench"), *command.split(), "--json", str(folder / f"{name}.json")]
        if code := subprocess.run(tool, check=False).returncode:
            failed.append(f"Tools/bench {command} ended with {code}")
            print(f"bench: {failed[-1]}", file=sys.stderr, flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="Tools/bench", description=(__doc__ or "").split("\n")[0], allow_abbrev=False,
        epilog="; ".join(f"{name}: Tools/bench {command}, about {minutes} min" for name, (command, minutes) in MAKING.items()))
    parser.add_argument("--measure", help=f"all, or of {','.join(MAKING)}, comma between")
    parser.add_argument("--from", dest="folder", type=Path, default=RESULTS, help="where the results lie")
    options = parser.parse_args()
    names = list(MAKING) if options.measure == "all" else (options.measure or "").split(",") if options.measure else []
    if unknown := set(names) - set(MAKING):
        parser.error(f"no such result: {', '.join(sorted(unknown))}")
    failed = measure(names, options.folder)
    results = loaded(options.folder)
    rows = rows_of(results)
    machines = dict.fromkeys(line_of(told["machine"]) for told in results.values() if "machine" in told)
    print("\n".join(machines), end="\n\n" if machines else "")
    show(rows)
    print("".join(f"\nWARNING: {words}" for words in doubts_about(results)))
    # Nobody measured them: results in another folder are held against them, too.
    show_bounds(bounds_of(rows, sentences(RESULTS)))
    if results:
        (options.folder / "table.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    for name, draw in PLOTS.items():
        if name in results:
            print(bench_plots.write(options.folder, name, draw(results[name], line_of(results[name]["machine"]))))
    for words in failed:
        print(f"FAILED: {words}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
