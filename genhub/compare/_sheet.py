"""A suite's file as it is read: each setting, and what is wrong with it, with its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar, cast

from genhub._campaign.column import OPTIONS
from genhub._campaign.problems import Problem, meant
from genhub._campaign.row import Draft, Row, build, defaults_of
from genhub._campaign.sheet import Raw
from genhub._errors import ConfigError
from genhub._lines import line_of
from genhub.compare import _values as values
from genhub.compare._records import Case
from genhub.compare._rehearsal import Actor, actor_of
from genhub.routing import fingerprint

T = TypeVar("T")
Data = Mapping[str, Any]

#: What a suite says beside its requests.
SETTINGS = (
    "name", "title", "targets", "repetitions", "seed", "concurrency", "max_spend", "allow_unpriced", "timeout",
    "portability",
)  # fmt: skip
TABLES = ("request", "defaults", "checks", "sim")
CONCURRENCY = ("target", "all")
#: What a campaign's row may say, and a suite says for all.
FOREIGN = tuple(name for name in OPTIONS if name != "kind")
#: How much of a request's words is its name where it has no label.
SHORT = 40


class Sheet:
    """One suite's file, and what is wrong with it so far."""

    def __init__(self, path: Path, text: str, data: Data) -> None:
        self._path = path
        self.problems: list[Problem] = []
        self._text = text
        self._data = data

    def at(self, *keys: str | int) -> str:
        line = line_of(self._text, keys) or line_of(self._text, keys[:1])
        return f"{self._path}:{line}" if line is not None else str(self._path)

    def wrong(self, keys: tuple[str | int, ...], message: str, remedy: str | None = None) -> None:
        about = ".".join(str(key) for key in keys if isinstance(key, str))
        self.problems.append(Problem(where=self.at(*keys), field=about or None, message=message, remedy=remedy))

    def said(self) -> dict[str, Any]:
        """Return what it says, by the names of a suite's fields; it is of use only where nothing is wrong."""
        for name in self._data:
            if name not in SETTINGS and name not in TABLES:
                self.wrong((name,), "a suite has no such setting", meant(name, {*SETTINGS, *TABLES}))
        targets = self._targets()
        concurrency = self._table("concurrency", CONCURRENCY)
        drafts = [each for each in self._drafts() if each.row is not None]
        found: dict[str, Any] = {
            "title": self._read("title", values.words),
            "repetitions": self._read("repetitions", values.count),
            "seed": self._read("seed", values.whole),
            "max_spend": self._read("max_spend", values.cap),
            "allow_unpriced": self._read("allow_unpriced", values.truth),
            "timeout": self._read("timeout", values.time),
            "portability": self._read("portability", values.portability),
            "at_target": self._read("target", values.count, concurrency, "concurrency"),
            "at_once": self._read("all", values.count, concurrency, "concurrency"),
            "language": self._language(),
        }
        places = {name: self.at(name) for name in self._data}
        return {
            **{name: value for name, value in found.items() if value is not None},
            "path": self._path,
            "name": self._read("name", values.words) or self._path.stem,
            "targets": targets,
            "cases": tuple(Case(name=name_of(row), request=row.request) for each in drafts if (row := each.row)),
            "checks": self._checks(),
            "actors": self._actors(targets),
            "places": {**places, **{name_of(row): each.raw.at(None) for each in drafts if (row := each.row)}},
        }

    def _read(
        self, name: str, how: Callable[[Any], T], table: Data | None = None, inside: str | None = None
    ) -> T | None:
        """Read a setting; None where it is not said, or wrong."""
        data = self._data if table is None else table
        if name not in data:
            return None
        try:
            return how(data[name])
        except (ValueError, ConfigError) as error:
            said = error.message if isinstance(error, ConfigError) else str(error)
            self.wrong((name,) if inside is None else (inside, name), said.removeprefix(f"{name} "))
            return None

    def _table(self, name: str, known: tuple[str, ...]) -> Data:
        given: Any = self._data.get(name, {})
        if isinstance(given, int) and name == "concurrency":
            return {"all": given, "target": given}
        if not isinstance(given, Mapping):
            self.wrong((name,), f"must be a table, not {given!r}")
            return {}
        table = cast("Data", given)
        for each in table:
            if each not in known:
                self.wrong((name, each), "there is no such setting", meant(each, known))
        return table

    def _targets(self) -> tuple[str, ...]:
        given: Any = self._data.get("targets")
        if given is None:
            remedy = 'Add targets = ["powerpost", "adgen"]: accounts or routes'
            self.wrong(("targets",), "who is to be compared is not said", remedy)
            return ()
        several = _list(given)
        if not several or not all(isinstance(each, str) and each.strip() for each in several):
            self.wrong(("targets",), f"must be a list of accounts and routes, not {given!r}")
            return ()
        for each in dict.fromkeys(several):
            if several.count(each) > 1:
                self.wrong(("targets",), f"names {each!r} twice", "Name each once; repetitions says how often it runs")
        return tuple(several)

    def _drafts(self) -> list[Draft]:
        given: Any = self._data.get("request", [])
        if not isinstance(given, list):
            self.wrong(("request",), "request is one table; requests are several", "Write [[request]], in two brackets")
            return []
        rows = _list(cast("object", given))
        if not rows:
            remedy = 'Add one: [[request]], kind = "text", prompt = "..."'
            self.problems.append(
                Problem(where=str(self._path), message="the suite is empty: it holds no request", remedy=remedy)
            )
        defaults = defaults_of(self._defaults(), self.problems)
        drafts: list[Draft] = []
        for index, row in enumerate(rows):

            def place(name: str | None, index: int = index) -> str:
                return self.at("request", index, *([] if name is None else [name]))

            if not isinstance(row, dict):
                self.problems.append(Problem(where=place(None), message=f"a request is a table, not {row!r}"))
                continue
            raw = Raw(data=cast("Data", row), at=place)
            for name in FOREIGN:
                if name in raw.data:
                    message = "a suite's request has no such field: it is the same for all targets"
                    self.problems.append(Problem(where=place(name), field=name, message=message, remedy=_FOREIGN[name]))
            own = {name: value for name, value in raw.data.items() if name not in FOREIGN}
            drafts.append(build(Raw(data=own, at=place), index + 1, defaults, self.problems))
        self._differ(drafts)
        return drafts

    def _defaults(self) -> Raw | None:
        given: Any = self._data.get("defaults")
        if given is None:
            return None
        if not isinstance(given, Mapping):
            self.wrong(("defaults",), "defaults is a table", "Write [defaults]")
            return None
        table = cast("Data", given)
        for name in FOREIGN:
            if name in table:
                self.wrong(("defaults", name), "a suite's request has no such field", _FOREIGN[name])
        own = {name: value for name, value in table.items() if name not in FOREIGN}
        return Raw(data=own, at=lambda name: self.at("defaults", *([] if name is None else name.split("."))))

    def _differ(self, drafts: list[Draft]) -> None:
        """Cases have names of their own, and ask for different things: how often is `repetitions`'s to say."""
        names: dict[str, Draft] = {}
        asked: dict[str, Draft] = {}
        for draft in drafts:
            if draft.row is None:
                continue
            name = name_of(draft.row)
            if names.setdefault(name, draft) is not draft:
                remedy = "Give each request a label of its own"
                message = f"the name {name!r} is that of {names[name].raw.at(None)} too"
                self.problems.append(
                    Problem(where=draft.raw.at("label"), field="label", message=message, remedy=remedy)
                )
            same = asked.setdefault(fingerprint(draft.row.request), draft)
            if same is not draft:
                message = f"asks for the same as {same.raw.at(None)}"
                remedy = "Say how often it runs by `repetitions`"
                self.problems.append(Problem(where=draft.raw.at(None), message=message, remedy=remedy))

    def _checks(self) -> Mapping[str, bool]:
        """Read which checks and scorers count."""
        from genhub.compare._checks import NAMES
        from genhub.compare._scorers import GROUP

        scorers = [point.name for point in entry_points(group=GROUP)]
        table = self._table("checks", (*sorted(NAMES), *scorers))
        found = {name: self._read(name, values.truth, table, "checks") for name in table if not _names_one(name, table)}
        return {name: on for name, on in found.items() if on is not None}

    def _language(self) -> str | None:
        """Return the language that texts are to be in, where `language` of the checks names one."""
        given: Any = self._data.get("checks")
        table: Data = cast("Data", given) if isinstance(given, Mapping) else {}
        return str(table["language"]) if _names_one("language", table) else None

    def _actors(self, targets: tuple[str, ...]) -> Mapping[str, Actor]:
        found: dict[str, Actor] = {}
        for name, given in self._table("sim", tuple(self._data.get("sim", {}))).items():
            if targets and name not in targets:
                self.wrong(("sim", name), "is no target of this suite", meant(name, targets))
                continue
            try:
                found[name] = actor_of(given)
            except ValueError as error:
                field_, _, said = str(error).partition(": ")
                self.wrong(("sim", name, field_) if said else ("sim", name), said or field_)
        return found


def name_of(row: Row) -> str:
    """Return what to call a case: its label, or the beginning of its words."""
    if row.request.label:
        return row.request.label
    words = " ".join((row.words or row.name).split())
    return words if len(words) <= SHORT else f"{words[: SHORT - 1].rstrip()}…"


_FOREIGN = {
    "to": "Say `targets` once, at the top",
    "key": "The keys are made from the suite's name, the request, the target and the repetition",
    "portability": "Say `portability` once, at the top",
    "after": "Every run is for itself",
    "stop_after": "Say `timeout` at the top; a run that takes longer goes on, and counts as longer",
    "resume_after": "Every run goes to its end",
    "expect": "A run counts when it succeeded",
    "sim": "Say [sim.TARGET]: what a target's simulator does",
}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _names_one(name: str, table: Data) -> bool:
    return name == "language" and isinstance(table.get(name), str) and bool(table[name].strip())
