"""A comparison while it runs: how far each target is, and the money so far."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from genhub._campaign import words
from genhub._credits import Credits
from genhub._jobs import Job
from genhub._ledger import totals
from genhub.cli._out import Out, clean, table
from genhub.compare._progress import Progress
from genhub.compare._records import Outcome

#: So many changes are shown.
LAST = 6
_STYLES = {
    Outcome.SUCCEEDED: "green",
    Outcome.FAILED: "red",
    Outcome.REFUSED: "red",
    Outcome.IN_DOUBT: "bold magenta",
    Outcome.TIMED_OUT: "yellow",
    Outcome.STOPPED: "yellow",
}


class View(Protocol):
    """Somebody who is told of every change."""

    def begin(self, lines: Sequence[Progress]) -> None: ...

    def changed(self, each: Progress) -> None: ...

    def end(self) -> None: ...


class Silent:
    """For a program that wants only the end."""

    def begin(self, lines: Sequence[Progress]) -> None:
        pass

    def changed(self, each: Progress) -> None:
        pass

    def end(self) -> None:
        pass


class Lines:
    """A line for each run that is over, beside the result; a pipe that is closed takes no run with it."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._lines: Sequence[Progress] = ()

    def begin(self, lines: Sequence[Progress]) -> None:
        self._lines = lines
        self._say(f"{len(lines)} runs")

    def changed(self, each: Progress) -> None:
        if each.seen is not None:
            done = sum(line.seen is not None for line in self._lines)
            self._say(f"{done:>4}/{len(self._lines)}  {line_of(each)}  [{spent(self._lines)}]")

    def end(self) -> None:
        pass

    def _say(self, text: str) -> None:
        try:
            self._out.say(text)
        except OSError:
            self._out = Out()


class Screen:
    """Drawn again at every change and a few times a second."""

    def __init__(self, out: Out) -> None:
        self._lines: Sequence[Progress] = ()
        self._last: deque[Text] = deque(maxlen=LAST)
        self._began = time.monotonic()
        self._live = Live(self, console=out.console, refresh_per_second=8, transient=True)

    def begin(self, lines: Sequence[Progress]) -> None:
        self._lines = lines
        self._live.start()

    def changed(self, each: Progress) -> None:
        if each.seen is not None:
            style = _STYLES.get(each.seen.outcome, "dim")
            self._last.append(Text(clean(line_of(each)), style=style))

    def end(self) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        done = sum(each.seen is not None for each in self._lines)
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(1, len(self._lines)), completed=done, width=40),
            Text(f"{done} of {len(self._lines)}"),
            Text(words.seconds(time.monotonic() - self._began), style="dim"),
            Text(f"{spent(self._lines)} so far"),
        )
        for line in self._last:
            line.truncate(max(20, options.max_width - 1), overflow="ellipsis")
        yield Group(_targets(self._lines), Text(), bar, Text(), *self._last)


def _targets(lines: Sequence[Progress]) -> Table:
    targets: dict[str, list[Progress]] = {}
    for each in sorted(lines, key=lambda each: each.trial.target):
        targets.setdefault(each.trial.target, []).append(each)
    stages = ("waiting", "running", "succeeded", "failed", "can't", "in doubt")
    rows: list[list[object]] = []
    for name, several in targets.items():
        counts = Counter(map(_stage, several))
        rows.append([name, *(counts.get(stage) or "" for stage in stages), spent(several)])
    return table(("target", *stages, "spent"), rows, right=stages)


def _stage(each: Progress) -> str:
    if each.seen is None:
        return "waiting" if each.word == "waiting" else "running"
    match each.seen.outcome:
        case Outcome.SUCCEEDED:
            return "succeeded"
        case Outcome.UNSUPPORTED | Outcome.NOT_RUN:
            return "can't"
        case Outcome.IN_DOUBT:
            return "in doubt"
        case _:
            return "failed"


def line_of(each: Progress) -> str:
    """Return what became of a run in a line."""
    seen = each.seen
    assert seen is not None
    parts = [f"{seen.outcome:<11}", f"{seen.case} ({seen.target})"]
    if seen.spans.total is not None and seen.outcome in (Outcome.SUCCEEDED, Outcome.TIMED_OUT):
        parts.append(("more than " if seen.censored else "") + words.seconds(seen.spans.total))
    if each.job is not None:
        parts.append(spent([each]))
    if seen.outcome is not Outcome.SUCCEEDED and (seen.message or seen.failure):
        parts.append(seen.message or str(seen.failure))
    if each.earlier:
        parts.append("sent before")
    return "  ".join(parts)


def spent(lines: Iterable[Progress]) -> str:
    """Return what runs cost so far: in money where there are prices, else in each vendor's credits."""
    return cost([each.job for each in lines if each.job is not None])


def cost(jobs: Sequence[Job]) -> str:
    """Return what jobs cost, all their attempts together."""
    found = totals(jobs, "account")
    priced = bool(found) and not any(total.unpriced for total in found)
    parts = [each for total in found for each in (total.money if priced else total.credits)]
    units = dict.fromkeys(each.unit for each in parts)
    sums = [Credits.sum(each for each in parts if each.unit == unit) for unit in units]
    return " + ".join(f"{words.amount(each)} {words.unit(each)}" for each in sums) or "nothing spent"
