"""What platforms take, as data: `limits.toml` beside this module says where each figure is from, and of what day."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from genhub.compare._measure import Unit, measure


@frozen(kw_only=True)
class Limit:
    """The most of something that a platform takes."""

    most: int
    unit: Unit

    def over(self, text: str) -> bool:
        """True when a text is longer than this."""
        return measure(text, self.unit) > self.most

    def said(self, text: str) -> str:
        """Say how long a text is, against this."""
        return f"{measure(text, self.unit)} of {self.most} {self.unit.words}"


@frozen(kw_only=True)
class Limits:
    """What one platform takes. Nothing said is not "no limit", but "none known"."""

    platform: str
    text: tuple[Limit, ...] = ()  #: each of them holds
    title: tuple[Limit, ...] = ()
    hashtags: int | None = None
    source: str  #: the page that says so
    also: tuple[str, ...] = ()  #: further pages
    checked: date  #: when it was last read
    note: str = ""


def limits(platform: str) -> Limits | None:
    """Return what a platform takes; `None`: not known here."""
    return _table().get(plain(platform))


def platforms() -> tuple[str, ...]:
    """Return the platforms whose limits are known."""
    return tuple(sorted({each.platform for each in _table().values()}))


def plain(platform: str) -> str:
    """Return a platform's one name: without its format (`instagram:reel`, `instagram-feed`), and never an alias."""
    words = [word for word in re.split(r"[\s:/_-]+", platform.strip().casefold()) if word]
    if not words:
        return ""
    known = _table()
    return known[words[0]].platform if words[0] in known else "-".join(words)


@cache
def _table() -> Mapping[str, Limits]:
    """Return the limits by name and alias."""
    read = tomllib.loads((files("genhub.compare") / "limits.toml").read_text(encoding="utf-8"))
    found: dict[str, Limits] = {}
    for platform, said in read.items():
        names: Sequence[str] = said.pop("names", ())
        one = Limits(
            platform=platform,
            text=_several(said.pop("text", ())),
            title=_several(said.pop("title", ())),
            also=tuple(said.pop("also", ())),
            **said,
        )
        found.update(dict.fromkeys((platform, *names), one))
    return found


def _several(said: Sequence[Mapping[str, Any]]) -> tuple[Limit, ...]:
    return tuple(Limit(most=each["most"], unit=Unit(each["unit"])) for each in said)
