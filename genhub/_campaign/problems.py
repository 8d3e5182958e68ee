"""Everything that is wrong with a file, said at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from attrs import frozen


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong: where, what, and the remedy."""

    where: str  #: `launch.toml:12`
    message: str
    field: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        about = f"{self.where}: {self.field}" if self.field else self.where
        return f"{about}: {self.message}" + (f". {self.remedy}" if self.remedy else "")

    def facts(self) -> dict[str, Any]:
        return {"where": self.where, "field": self.field, "message": self.message, "remedy": self.remedy}


class Problems(Exception):
    """A file that can't be used as it is; nothing was sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: _line(each.where)))
        super().__init__("\n".join(map(str, self.problems)))

    def facts(self) -> dict[str, Any]:
        """Return what is wrong as plain data, in the form of a ConfigError's."""
        first = self.problems[0]
        return {
            "type": "ConfigError",
            "message": str(self),
            "where": first.where,
            "remedy": first.remedy,
            "problems": [each.facts() for each in self.problems],
        }


def _line(where: str) -> int:
    line = where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def meant(name: str, known: Collection[str]) -> str:
    """Return a remedy for a name that is not known: what may have been meant, or what there is."""
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known are: {', '.join(sorted(known))}" if known else "There is none"
