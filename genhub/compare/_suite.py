"""A suite: what is asked, of whom and how often, read from a TOML file and checked as a whole."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from attrs import field, frozen

from genhub._campaign.problems import Problem, Problems
from genhub._credits import Price
from genhub._itinerary import Portability
from genhub.compare._records import Case
from genhub.compare._rehearsal import Actor
from genhub.routing import fingerprint


@frozen(kw_only=True)
class Suite:
    """The same requests for several targets. Times are in seconds."""

    path: Path
    name: str
    title: str = ""
    targets: tuple[str, ...]  #: accounts or routes
    cases: tuple[Case, ...]
    repetitions: int = 3
    seed: int = 1
    at_target: int = 2  #: so many runs at once at each target
    at_once: int = 12  #: and in all
    max_spend: Price | Decimal | None = None  #: money, or credits where all targets have the same
    allow_unpriced: bool = False  #: under a cap, send what nobody can estimate
    timeout: float | None = 900.0  #: of each run: it goes on after that, and counts as longer
    portability: Portability | None = None  #: `None`: as a route says, else strict
    checks: Mapping[str, bool] = field(factory=dict[str, bool])  #: of checks and scorers: false leaves one out
    language: str | None = None  #: what texts are to be in where a request does not say
    actors: Mapping[str, Actor] = field(factory=dict[str, Actor])  #: what simulators do in a rehearsal, by target
    places: Mapping[str, str] = field(factory=dict[str, str], repr=False, eq=False)  #: `file:line` of what it says

    @property
    def fingerprint(self) -> str:
        """Tells its requests from others': results of other requests are not compared with these."""
        each = sorted(fingerprint(case.request) for case in self.cases)
        return sha256("\n".join(each).encode()).hexdigest()[:16]

    def at(self, name: str) -> str:
        """Return where it says something, for messages."""
        return self.places.get(name, str(self.path))


def load_suite(path: str | Path) -> Suite:
    """Read a suite; raises Problems that name everything that is wrong in it, with file and line.

    Whether there are such accounts is not looked at here: see `check`.
    """
    path = Path(path)
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problems([Problem(where=str(path), message=f"is not TOML: {error}")]) from None
    from genhub.compare._sheet import Sheet

    sheet = Sheet(path, text, data)
    said = sheet.said()
    if sheet.problems:
        raise Problems(sheet.problems)
    return Suite(**said)


def _text(path: Path) -> str:
    if path.suffix.lower() != ".toml":
        raise Problems([Problem(where=str(path), message="a suite is a .toml file")])
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        remedy = "Name a file that is there; benchmarks/suites/captions.toml is one to begin with"
        raise Problems([Problem(where=str(path), message="there is no such file", remedy=remedy)]) from None
    except UnicodeDecodeError:
        remedy = "Save it with the encoding UTF-8"
        raise Problems([Problem(where=str(path), message="is not UTF-8", remedy=remedy)]) from None
    except OSError as error:
        raise Problems([Problem(where=str(path), message=f"can't be read: {error.strerror}")]) from None
