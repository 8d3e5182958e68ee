"""Where output goes: tables and lines for people, one JSON document for programs. Never an escape code in a file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, TextIO

import orjson
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from genhub._status import Status

#: What a terminal would obey: all control characters but the end of a line and the tab.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

_STYLES = {
    Status.SUCCEEDED: "green",
    Status.FAILED: "red",
    Status.EXPIRED: "red",
    Status.CANCELED: "yellow",
    Status.STOPPED: "yellow",
    Status.UNCONFIRMED: "bold magenta",
    Status.SUBMITTING: "magenta",
    Status.UNKNOWN: "magenta",
}
_WORDS = {
    "in doubt": "bold magenta",
    "already done": "green",
    "rate limited": "yellow",
    "next attempt": "yellow",
    "refused": "red",
}


def clean(text: object) -> str:
    """Return a text without what would steer a terminal: prompts and vendors' answers are foreign."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text).replace("\r\n", "\n"))


def status_text(word: str) -> Text:
    """Return a status in its colour."""
    style = _STYLES.get(Status(word)) if word in set(Status) else _WORDS.get(word)
    return Text(clean(word), style=style or "")


class Out:
    """Standard output and standard error of one call."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json

    @cached_property
    def console(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def aside(self) -> Console:
        return _console(sys.stderr)

    @property
    def live(self) -> bool:
        """True when a person looks at a terminal that can be drawn on."""
        return not self.json and self.console.is_terminal and not self.console.is_dumb_terminal

    def data(self, document: Any) -> None:
        """Write a JSON document, on a line of its own."""
        sys.stdout.write(orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
        sys.stdout.flush()

    def line(self, text: object = "", *, style: str = "") -> None:
        """Write a line of text; it is wrapped by the terminal, not by us."""
        self.console.print(Text(clean(text), style=style), soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        if self.console.is_terminal:
            self.console.print(what)
            return
        with self.console.capture() as drawn:
            self.console.print(what)
        self.console.file.write("\n".join(line.rstrip() for line in drawn.get().split("\n")))

    def say(self, text: object, *, style: str = "") -> None:
        """Tell something beside the result, on standard error."""
        self.aside.print(Text(clean(text), style=style), soft_wrap=True)

    def fail(self, error: str) -> None:
        line = Text("error: ", style="bold red")
        line.append(clean(error), style="not bold default")
        self.aside.print(line, soft_wrap=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()) -> None:
        """Write a table; cells are plain text, or Text that is clean already."""
        self.show(table(heads, rows, right=right))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()) -> Table:
    """Return a table without lines, such that it can be piped and read."""
    numbers = set(right)
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        made.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    return made


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process here, whatever it is in the middle of."""
        raise BrokenPipeError


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    return _Console(
        file=stream,
        force_terminal=terminal,
        no_color=bool(os.environ.get("NO_COLOR")) or None,
        color_system="auto" if terminal else None,
        width=None if terminal else max(_columns(), 40),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=False,
    )


def _columns() -> int:
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() else 160
