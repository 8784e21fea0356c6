"""The table of Tools/bench peer: from the rows of the load to what a reader compares."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

PEER = "improved-2w"
PHASES = ("put", "get")
#: Above this share of the machine used by others, a measurement is marked.
DISTURBED = 0.15
HEAD = [
    "workload", "ours/s", "peer/s", "ratio", "CPU ms ours", "peer", "RSS MB ours", "peer", "errors", "others",
]
Row = dict[str, Any]


def of(rows: list[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


@dataclass(frozen=True)
class Summary:
    """One workload and phase of one side, over all rounds."""

    rows: list[Row]

    @property
    def rate(self) -> float:
        return float(statistics.median(row["ops_s"] for row in self.rows))

    @property
    def rates(self) -> str:
        rates = [row["ops_s"] for row in self.rows]
        mark = "~" if self.others > DISTURBED else ""
        return f"{mark}{number(self.rate)} ({number(min(rates))}–{number(max(rates))})"

    @property
    def cpu(self) -> str:
        return f"{statistics.median(row['server_cpu_ms_op'] for row in self.rows):.2f}"

    @property
    def rss(self) -> float:
        return float(max(row["rss_mb"] for row in self.rows))

    @property
    def others(self) -> float:
        """The most of the machine that neither server nor clients used in a round."""
        return float(max(row["others_cpu"] for row in self.rows))

    @property
    def errors(self) -> int:
        return sum(row["errors"] for row in self.rows)

    def over(self, other: Summary) -> str:
        """The ratio of the medians, and between what it lay in the rounds."""
        both = zip(self.rows, other.rows, strict=True)
        pairs = [ours["ops_s"] / theirs["ops_s"] for ours, theirs in both if theirs["ops_s"]]
        return f"{self.rate / other.rate:.2f} ({min(pairs):.2f}–{max(pairs):.2f})" if pairs else "–"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(configs: list[str], levels: list[str], rows: list[Row]) -> None:
    """Prints the table, and what disturbed it."""
    lines: list[list[str]] = [HEAD]
    for config in configs:
        summaries = summarised(config, rows)
        lines += [line(config, level, phase, summaries, levels) for level in levels for phase in PHASES]
    widths = [max(len(cells[column]) for cells in lines) for column in range(len(HEAD))]
    for cells in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    print("\nMedian (least–most) of the rounds. CPU: of the server, for one operation. RSS: the most in any round.")
    if any(row.get("others_cpu", 0) > DISTURBED for row in rows):
        print(f"~: in a round others used more than {DISTURBED:.0%} of the machine; the column has the most.")


def summarised(config: str, rows: list[Row]) -> dict[str, Summary]:
    """By label and phase, such as "improved-2w put"."""
    workload, _, clients = config.partition("@")
    found: dict[str, list[Row]] = {}
    for row in sorted(of(rows, workload=workload, conc=int(clients)), key=lambda row: row["round"]):
        found.setdefault(f"{row['label']} {row['phase']}", []).append(row)
    return {name: Summary(rows) for name, rows in found.items()}


def line(config: str, level: str, phase: str, summaries: dict[str, Summary], levels: list[str]) -> list[str]:
    ours, theirs = summaries[f"ours-{level} {phase}"], summaries.get(f"{PEER} {phase}")
    name = f"{phase.upper()} {config}" + (f", {level}" if len(levels) > 1 else "")
    if theirs is None:
        errors, others = str(ours.errors), f"{ours.others:.0%}"
        return [name, ours.rates, "–", "–", ours.cpu, "–", number(ours.rss), "–", errors, others]
    return [
        name, ours.rates, theirs.rates, ours.over(theirs), ours.cpu, theirs.cpu, number(ours.rss),
        number(theirs.rss), f"{ours.errors}, {theirs.errors}", f"{ours.others:.0%}, {theirs.others:.0%}",
    ]


def place(row: Row) -> str:
    """Where a row is from, for a message."""
    return f"round {row['round'] + 1}, {row['label']}, {row['phase'].upper()} {row['workload']}@{row['conc']}"
