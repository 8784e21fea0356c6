"""Plots of the benches' results as SVG: a few lines over a logarithmic axis, readable on any background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 460, 300, 62, 34, 12, 46
COLOURS = ("#1f6feb", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0f766e")


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One plot; the horizontal axis is logarithmic and has a mark at each value that occurs."""

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    is_logarithmic: bool = True

    def drawn(self, x: float, y: float) -> str:
        points = [point for line in self.lines for point in line.points if point[1] > 0]
        if not points:
            return ""
        values = sorted({across for across, _ in points})
        low, high = self.range([up for _, up in points])
        box = f'<g transform="translate({x},{y})">'
        box += text(LEFT, 18, self.title, size=13, weight="bold")
        box += text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, self.across, anchor="middle")
        box += text(LEFT, 31, self.up, size=10)
        for value in self.marks(low, high):
            at = self.up_at(value, low, high)
            box += f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#d4d4d8"/>'
            box += text(LEFT - 6, at + 4, short(value), anchor="end", size=10)
        for value in values:
            at = across_at(value, values)
            box += f'<path d="M{at:.1f} {HEIGHT - BOTTOM}v4" stroke="#52525b"/>'
            box += text(at, HEIGHT - BOTTOM + 17, short(value), anchor="middle", size=10)
        for number, line in enumerate(self.lines):
            box += self.line(number, line, values, low, high)
        return box + "</g>"

    def line(self, number: int, line: Line, values: list[float], low: float, high: float) -> str:
        colour = COLOURS[number % len(COLOURS)]
        at = [
            (across_at(across, values), self.up_at(up, low, high)) for across, up in sorted(line.points) if up > 0
        ]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
        drawn = f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        drawn += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at)
        column, row = number % 3, number // 3
        x, y = WIDTH - RIGHT - 66 * (3 - column), 14 + 13 * row
        return drawn + f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>' + text(x + 7, y, line.name, size=10)

    def range(self, values: list[float]) -> tuple[float, float]:
        if self.is_logarithmic:
            return 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values) * 1.001))
        return 0, max(values) * 1.1

    def marks(self, low: float, high: float) -> list[float]:
        if self.is_logarithmic:
            return [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)]
        return [high * part / 5 for part in range(6)]

    def up_at(self, value: float, low: float, high: float) -> float:
        if self.is_logarithmic:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return HEIGHT - BOTTOM - (value - low) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)


def across_at(value: float, values: list[float]) -> float:
    low, high = math.log(values[0]), math.log(values[-1])
    share = (math.log(value) - low) / ((high - low) or 1)
    return LEFT + 14 + share * (WIDTH - LEFT - RIGHT - 28)


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 11, weight: str = "normal") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}">'
            f"{escape(words)}</text>")


def short(value: float) -> str:
    for bound, unit in ((1e6, "M"), (1e3, "k")):
        if value >= bound:
            return f"{value / bound:g}{unit}" if value / bound % 1 == 0 else f"{value / bound:.2g}{unit}"
    return f"{value:.3g}"


def picture(panels: Sequence[Panel], words: str, columns: int = 2) -> str:
    """An SVG of panels beside and below each other, with one line of words at the foot."""
    rows = -(-len(panels) // columns)
    wide, high = WIDTH * columns, HEIGHT * rows + 26
    drawn = "".join(
        panel.drawn(WIDTH * (number % columns), HEIGHT * (number // columns)) for number, panel in enumerate(panels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
            f'font-family="sans-serif" fill="#18181b"><rect width="{wide}" height="{high}" fill="#ffffff"/>'
            f"{drawn}{text(12, high - 9, words, size=10)}</svg>\n")


# MARK: Of which results

SIZES = {"20k": 20_000, "200k": 200_000, "1m": 1_000_000, "10m": 10_000_000}
DECODED = "decoded"
VERBS = ("put", DECODED, "get", "range", "list", "delete")


def lines_of(rows: list[dict[str, Any]], across: str, up: str, verbs: Sequence[str] = VERBS) -> list[Line]:
    def place(row: dict[str, Any]) -> float:
        return float(row["conc"]) if across == "conc" else float(SIZES[row["workload"]])

    found = (Line(verb, [(place(row), row[up]) for row in rows if row["phase"] == verb and row[up]]) for verb in verbs)
    return [line for line in found if line.points]


def service(told: dict[str, Any], words: str) -> str:
    """Rates and tails of level `structure`, and of puts that are decoded: of 200 KB by connections, and of 16 connections
    by size."""
    rows = [
        row if row["label"] == "ours-structure" else row | {"phase": DECODED}
        for row in told["rows"] if row["label"] == "ours-structure" or row["phase"] == "put"
    ]
    clients = [row for row in rows if row["workload"] == "200k"]
    sizes = [row for row in rows if row["conc"] == 16 and row["workload"] in SIZES]
    moving = ("put", DECODED, "get", "range")
    return picture([
        Panel("Rate, 200 KB", "connections", "requests a second", lines_of(clients, "conc", "ops_s")),
        Panel("Latency, 99 %, 200 KB", "connections", "ms", lines_of(clients, "conc", "p99_ms")),
        Panel("Throughput @16", "bytes of an image", "MB a second", lines_of(sizes, "size", "mb_s", moving)),
        Panel("Latency, 99 %, @16", "bytes of an image", "ms", lines_of(sizes, "size", "p99_ms", moving)),
    ], words)


def scale(told: dict[str, Any], words: str) -> str:
    """What verbs, a start and memory cost, each as a multiple of the smallest vault's, and as they are."""
    found = told["sizes"]

    def line(name: str, by: float = 1) -> Line:
        return Line(name, [(one["images"], one["costs"][name] / by) for one in found])

    first = found[0]["costs"]
    return picture([
        Panel("Cost, as a multiple", "images stored", "times that of the smallest",
              [line(name, first[name] or 1) for name in ("put", "get", "list", "rotate")], is_logarithmic=False),
        Panel("Start and memory", "images stored", "seconds; MB", [line("start"), line("rss")]),
    ], words)


def write(folder: Path, name: str, drawn: str) -> Path:
    path = folder / f"{name}.svg"
    path.write_text(drawn)
    return path
