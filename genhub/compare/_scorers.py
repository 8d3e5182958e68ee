"""Scorers: judges that are plugged in, found by the entry points `genhub.scorers`; built-in ones take the same road."""

from __future__ import annotations

import asyncio
import inspect
import math
import re
from collections.abc import Awaitable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from genhub._errors import ConfigError
from genhub._jobs import Output
from genhub._requests import Request
from genhub.compare._checks import NAMES
from genhub.compare._records import Check

GROUP = "genhub.scorers"
_LONGEST = 200  # of an error that is shown


class Scorer(Protocol):
    """Gives an output a figure: more is better. An entry point names an object of this form, or its class."""

    @property
    def name(self) -> str:
        """The entry point's name."""
        ...

    def score(self, request: Request, output: Output, file: Path | None) -> float | Awaitable[float | None] | None:
        """Return the figure, or `None` where this output has none. A plain function is called in a thread."""
        ...


def scorers(names: Sequence[str] | None = None) -> Mapping[str, Scorer]:
    """Import the scorers of these names, in this order (`None`: all that are installed, by name).

    Raises ConfigError for a name that nobody has, and for one that can't be used.
    """
    points = _points()
    wanted = sorted(points) if names is None else list(dict.fromkeys(names))
    for name in wanted:
        if name not in points:
            raise ConfigError(
                f"there is no scorer {name!r}", remedy=f"Installed are: {', '.join(sorted(points)) or 'none'}"
            )
    return {name: _load(points[name]) for name in wanted}


async def score(
    judges: Mapping[str, Scorer], request: Request, outputs: Sequence[Output], files: Sequence[Path | None]
) -> tuple[Check, ...]:
    """Let every scorer judge every output. One that raises is noted, and breaks nothing."""
    found: list[Check] = []
    for name, judge in judges.items():
        for place, output in enumerate(outputs, 1):
            file = files[place - 1] if place <= len(files) else None
            value, said = await _one(judge, request, output, file)
            found.append(Check(name=name, passed=None, value=value, said=said, output=place))
    return tuple(found)


async def _one(judge: Scorer, request: Request, output: Output, file: Path | None) -> tuple[float | None, str]:
    try:
        if inspect.iscoroutinefunction(judge.score):
            given: Any = judge.score(request, output, file)
        else:
            given = await asyncio.to_thread(judge.score, request, output, file)
        value: Any = await given if inspect.isawaitable(given) else given
        if value is None:
            return None, "no score: it says nothing of this output"
        figure = float(value)
    except Exception as error:  # it is somebody else's code
        return None, f"no score: it raised {type(error).__name__}: {error}"[:_LONGEST]
    if not math.isfinite(figure):
        return None, f"no score: {figure} is not a finite number"
    return figure, f"{figure:.3g}"


def _points() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        first = found.setdefault(point.name, point)
        if first.value != point.value:
            raise ConfigError(
                f"two packages claim the scorer {point.name!r}: {first.value} and {point.value}",
                remedy="Uninstall one of them",
            )
    return found


def _load(point: EntryPoint) -> Scorer:
    if point.name in NAMES:
        raise ConfigError(f"the scorer {point.name!r} ({point.value}) has the name of a check", remedy="Rename it")
    try:
        loaded: Any = point.load()
        judge: Any = loaded() if inspect.isclass(loaded) else loaded
    except Exception as error:
        raise ConfigError(
            f"the scorer {point.name!r} ({point.value}) can't be imported: {error}", remedy="Install its package again"
        ) from error
    if not callable(getattr(judge, "score", None)):
        raise ConfigError(
            f"the scorer {point.name!r} ({point.value}) has no method `score`",
            remedy="It needs `name` and `score(request, output, file)`",
        )
    if getattr(judge, "name", None) != point.name:
        raise ConfigError(
            f"the scorer {point.name!r} ({point.value}) calls itself {getattr(judge, 'name', None)!r}",
            remedy="Its `name` has to be its entry point's",
        )
    scorer: Scorer = judge
    return scorer


class PromptWords:
    """The share of the prompt's content words that the text takes up, from 0 to 1: an example that needs no model."""

    name = "prompt_words"

    def score(self, request: Request, output: Output, file: Path | None) -> float | None:
        """Return the share; `None` for what is no text, and for a prompt without words of four letters and more."""
        wanted = _content(getattr(request, "prompt", None) or "")
        text = " ".join(filter(None, (output.title, output.text, *output.hashtags)))
        if output.kind != "text" or not text or not wanted:
            return None
        have = _content(text)
        return sum(any(_alike(word, each) for each in have) for word in wanted) / len(wanted)


_WORD = re.compile(r"[^\W\d_]+")
_ENDING = 3  # letters, at most: sneaker, sneakers
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # #DarkMode is two words
#: Words that say how to write, or nothing.
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "about above after also any are been caption captions could does each every from hashtag hashtags have here "
        "include into just like make more most much only other over please post posts short should some such than that "
        "their them then there these they this those very were what when where which while will with without would "
        "write your",
    )
)


def _content(text: str) -> set[str]:
    words = (word.casefold() for word in _WORD.findall(_HUMP.sub(" ", text)))
    return {word for word in words if len(word) >= 4 and word not in _EMPTY}


def _alike(one: str, other: str) -> bool:
    """True for the same word, or the same with a plural or the like."""
    return (one.startswith(other) or other.startswith(one)) and abs(len(one) - len(other)) <= _ENDING
