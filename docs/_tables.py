"""Tables in Markdown, and the register of the blocks that pages ask for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence

Rows = Iterable[Sequence[object]]
#: Every block by its name, as pages write it.
BLOCKS: dict[str, Callable[..., str]] = {}
#: What stands in a cell that has nothing to say.
NONE = "\u2013"


def block(function: Callable[..., str]) -> Callable[..., str]:
    """Make a function's result available to pages under its name."""
    BLOCKS[function.__name__.replace("_", "-")] = function
    return function


def table(head: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(each) for each in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Return a cell's text: a bar in code stays as it is, any other would end the cell."""
    parts = re.split(r"(`[^`]*`)", " ".join(str(value).split()))
    return "".join(part if part.startswith("`") else part.replace("|", "\\|") for part in parts)


def code(value: object) -> str:
    return f"`{value}`"


def first_line(member: object) -> str:
    """Return the first line of what something says about itself."""
    return (inspect.getdoc(member) or "").split("\n")[0]
