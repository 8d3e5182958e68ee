"""A campaign on a terminal: accounts and their counts, how far it is, and what happened last."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from genhub._campaign import Progress, Verdict, words
from genhub._ledger import totals
from genhub._status import Status
from genhub.cli._out import Out, clean, status_text, table

#: So many changes are shown.
LAST = 8


class Screen:
    """Drawn again at every change and a few times a second."""

    def __init__(self, out: Out) -> None:
        self._rows: Sequence[Progress] = ()
        self._last: deque[Text] = deque(maxlen=LAST)
        self._began = time.monotonic()
        self._live = Live(self, console=out.console, refresh_per_second=8, transient=True)

    def begin(self, rows: Sequence[Progress]) -> None:
        self._rows = rows
        self._live.start()

    def changed(self, each: Progress) -> None:
        line = Text(f"{words.seconds(time.monotonic() - self._began):>8}  ", style="dim")
        word = status_text(each.word)
        word.pad_right(max(0, 13 - len(word)))
        line.append_text(word)
        line.append(f"{clean(each.row.name)} ")
        line.append(f"({clean(each.account)})", style="dim")
        if each.word in ("rate limited", "next attempt", "refused", "in doubt", "stopped") and each.note:
            line.append(f" {clean(each.note)}", style="dim")
        self._last.append(line)

    def end(self) -> None:
        self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        done = sum(each.over for each in self._rows)
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(1, len(self._rows)), completed=done, width=40),
            Text(f"{done} of {len(self._rows)}"),
            Text(words.seconds(time.monotonic() - self._began), style="dim"),
        )
        for line in self._last:
            line.truncate(max(20, options.max_width - 1), overflow="ellipsis")
        yield Group(_accounts(self._rows), Text(), bar, Text(), *self._last)


def _accounts(rows: Sequence[Progress]) -> Table:
    counts: dict[str, Counter[str]] = {}
    for each in rows:
        counts.setdefault(each.account, Counter())[_stage(each)] += 1
    spent = {
        total.group: ", ".join(f"{words.amount(credits)} {words.sure(credits)}" for credits in total.credits)
        for total in totals((each.job for each in rows if each.job is not None), "account")
    }
    stages = ("waiting", "queued", "running", "done", "failed", "in doubt")
    names = sorted({*counts, *spent})  # somebody may have tried who has none of the rows now
    lines = [
        [name, *(counts.get(name, Counter[str]())[stage] or "" for stage in stages), spent.get(name, "")]
        for name in names
    ]
    return table(("account", *stages, "credits so far"), lines, right=stages)


def _stage(each: Progress) -> str:
    if each.verdict is Verdict.IN_DOUBT or (each.status is not None and each.status.in_doubt and each.over):
        return "in doubt"
    if each.over:
        return "done" if each.verdict is Verdict.FINE else "failed"
    if each.status in (Status.RUNNING, Status.UNKNOWN):
        return "running"
    return "queued" if each.status is Status.QUEUED else "waiting"
