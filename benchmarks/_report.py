"""What every benchmark shares: tables, the machine, results as data, medians of paired rounds."""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

ROOT = Path(__file__).parents[1]
#: Before the benchmark adds its own.
LOAD = os.getloadavg()[0]


@frozen(kw_only=True)
class Table:
    """One table of a report."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def plain(self) -> str:
        """Return it for a terminal."""
        lines = [list(self.head), *map(list, self.rows)]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.head))]
        lines.insert(1, ["-" * width for width in widths])
        shown = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([self.title, "", *shown, *([""] if self.notes else []), *self.notes])

    def markdown(self) -> str:
        """Return it for the docs."""
        lines = [list(self.head), ["---"] * len(self.head), *map(list, self.rows)]
        shown = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        notes = [f"{note}\n" for note in self.notes]
        return "\n".join([f"**{self.title}**", "", *shown, "", *notes])


@frozen(kw_only=True)
class Goal:
    """A figure that has to be reached: at most, or at least, so much."""

    figure: str
    most: float | None = None
    least: float | None = None
    later: bool = False  #: of a later version: said, and no failure yet

    def missed(self, figures: Mapping[str, float]) -> bool:
        """Tell whether it was measured and not reached."""
        value = figures.get(self.figure)
        if value is None:
            return False
        return (self.most is not None and not value <= self.most) or (
            self.least is not None and not value >= self.least
        )

    def verdict(self, figures: Mapping[str, float]) -> str:
        """Say whether it is reached."""
        value = figures.get(self.figure)
        goal = f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"
        if value is None:
            return f"{self.figure}: not measured (goal: {goal})"
        word = "reached" if not self.missed(figures) else "NOT REACHED YET" if self.later else "MISSED"
        return f"{self.figure}: {value:.3g}, goal{' of a later version' * self.later} {goal}: {word}"


@frozen(kw_only=True)
class Report:
    """One run of one benchmark."""

    name: str
    tables: Sequence[Table]
    figures: Mapping[str, float]  #: what two runs are compared by
    goals: Sequence[Goal] = ()
    versions: Mapping[str, str] = field(factory=dict[str, str])
    at: str = field(factory=lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    command: str = field(factory=lambda: command())
    machine: Mapping[str, Any] = field(factory=lambda: machine())

    def show(self, *, markdown: bool = False) -> str:
        """Return the whole report as text."""
        said = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        where = "{system}, {cores} cores, load {load} at the start, {python}".format_map(dict(self.machine))
        head = [f"{self.name}: {self.at}", f"command: {self.command}", where, *([said] if said else [])]
        tables = [table.markdown() if markdown else table.plain() + "\n" for table in self.tables]
        goals = [goal.verdict(self.figures) for goal in self.goals]
        return "\n".join(["  \n".join(head) if markdown else "\n".join(head), "", *tables, *goals])

    def save(self, path: Path) -> None:
        """Write it as data, for `python -m benchmarks.compare`."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def machine() -> dict[str, Any]:
    """Say what was measured on, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores,
        "load": round(LOAD, 1),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def command() -> str:
    """Return how this run was started."""
    spec = sys.modules["__main__"].__spec__
    module = "benchmarks" if spec is None else spec.name
    return " ".join(["python -m", module, *sys.argv[1:]])


def versions(*distributions: str) -> dict[str, str]:
    """Return the installed versions."""
    return {name: version(name) for name in distributions}


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", action="store_true", help="print tables as the docs have them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as data too")
    return parser


def finish(report: Report, options: argparse.Namespace) -> int:
    """Print a report, and save it where that was asked for; returns the exit code: 1 when a goal was missed."""
    print(report.show(markdown=options.markdown))
    if options.json is not None:
        report.save(options.json)
    return int(any(goal.missed(report.figures) and not goal.later for goal in report.goals))


def paired_ratio(these: Sequence[float], those: Sequence[float]) -> float:
    """Return the median of the ratios of two rows measured side by side, round by round."""
    return statistics.median(this / that for this, that in zip(these, those, strict=True))


def interval(values: Sequence[float], *, share: float = 0.95, draws: int = 2000, seed: int = 1) -> tuple[float, float]:
    """Return the bootstrap interval of a median."""
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(draws))
    edge = (1 - share) / 2
    return medians[int(edge * draws)], medians[int((1 - edge) * draws) - 1]
