"""Where in a TOML file a key stands, for messages that name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """Return the line (from 1) of a key, or of its table when the key itself can't be found.

    `path` is what leads to it: `("accounts", "powerpost", "api_key")`, `("request", 3, "prompt")` (the fourth).
    """
    names = [part for part in path if isinstance(part, str)]
    wanted = next((part for part in path if isinstance(part, int)), None)
    best: tuple[int, int] | None = None  # how many names fit, line
    table: list[str] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = [_bare(part) for part in header[2].split(".")]
            if header[1] == "[[":
                seen[header[2]] = seen.get(header[2], -1) + 1
            fits = len(table)
        else:
            key, equals, _ = line.partition("=")
            if not equals or line.lstrip().startswith("#"):
                continue
            here = [*table, *(_bare(part) for part in key.split("."))]
            if here != names[: len(here)]:
                continue
            fits = len(here)
        if table != names[: len(table)]:
            continue
        if wanted is not None and seen.get(str(names[0]), -1) != wanted:
            continue
        if best is None or fits > best[0]:
            best = (fits, number)
    return best[1] if best else None


def _bare(part: str) -> str:
    return part.strip().strip("\"'")
