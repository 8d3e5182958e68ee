"""One row of a campaign: a request, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import field, frozen

from genhub._campaign.column import OPTIONS, fields_of
from genhub._campaign.problems import Problem, meant
from genhub._campaign.sheet import Raw
from genhub._errors import ConfigError, InvalidRequest
from genhub._itinerary import Portability
from genhub._requests import REQUESTS, Request
from genhub._settings import duration
from genhub._status import Status

_FINALS = sorted(str(status) for status in Status if status.is_final)
_EVERY = {name for kind in REQUESTS for name in fields_of(kind)}


@frozen(kw_only=True)
class Row:
    """One request of a campaign, and what is to be done with it."""

    where: str  #: `launch.toml:12`
    number: int  #: from 1
    request: Request
    to: str | tuple[str, ...] | None = None  #: an account, a route, or accounts in the order in which they are tried
    portability: Portability | None = None  #: `None`: as the route says, else strict
    key: str | None = None  #: the user's own
    after: str | None = None  #: the label of a row that has to be accepted first
    stop_after: float | None = None  #: seconds after its acceptance
    resume_after: float | None = None  #: seconds after the stop
    expect: Status = Status.SUCCEEDED  #: the end that is fine
    sim: Mapping[str, Any] = field(factory=dict[str, Any])  #: what the embedded simulators are to do with it

    @property
    def name(self) -> str:
        """What to call it: its label, or its number and kind."""
        return self.request.label or f"#{self.number} {self.request.kind}"

    @property
    def names(self) -> tuple[str, ...]:
        """The account or the route, or the accounts."""
        return (self.to,) if isinstance(self.to, str) else self.to or ()

    @property
    def words(self) -> str | None:
        """What it is about: the prompt or the script."""
        return getattr(self.request, "prompt", None) or getattr(self.request, "script", None)


Defaults = Mapping[str, Any]


def defaults_of(raw: Raw | None, problems: list[Problem]) -> Defaults:
    """Check the names in `[defaults]`; their values are checked in the rows that they reach."""
    found: dict[str, Any] = {}
    if raw is None:
        return found
    for name, value in raw.data.items():
        if name in REQUESTS and isinstance(value, Mapping):
            table = cast("Mapping[str, Any]", value)
            known = {*fields_of(name), *OPTIONS}
            for inner in table:
                if inner not in known:
                    problems.append(
                        Problem(
                            where=raw.at(f"{name}.{inner}"),
                            field=f"defaults.{name}.{inner}",
                            message=f"unknown field of {name}",
                            remedy=meant(inner, known),
                        )
                    )
            found[name] = {inner: each for inner, each in table.items() if inner in known}
        elif name in _EVERY or name in OPTIONS:
            found[name] = value
        else:
            remedy = meant(name, {*_EVERY, *OPTIONS, *REQUESTS})
            problems.append(
                Problem(where=raw.at(name), field=f"defaults.{name}", message="unknown field", remedy=remedy)
            )
    return found


@frozen(kw_only=True)
class Draft:
    """A row as far as it can be read: what it says of other rows counts even when it is wrong itself."""

    raw: Raw
    number: int
    said: Mapping[str, Any]  #: with the defaults
    row: Row | None = None  #: when nothing is wrong with it

    def text(self, name: str) -> str | None:
        """Return an option as far as it is a text."""
        value = self.said.get(name)
        return value if isinstance(value, str) else None


def build(raw: Raw, number: int, defaults: Defaults, problems: list[Problem]) -> Draft:
    """Read one row; what is wrong with it is added to the problems."""
    before = len(problems)
    problems += raw.problems
    kind = raw.data.get("kind", defaults.get("kind"))
    if kind not in REQUESTS:
        if not raw.problems:
            message = "kind is missing" if kind is None else f"unknown kind {kind!r}"
            near = meant(kind, REQUESTS) if isinstance(kind, str) else f"One of {', '.join(REQUESTS)}"
            where = raw.at("kind" if kind is not None else None)
            problems.append(Problem(where=where, field="kind", message=message, remedy=near))
        return Draft(raw=raw, number=number, said=raw.data)
    said = _merged(raw.data, kind, defaults)
    names = fields_of(kind)
    for name in said:
        if name not in names and name not in OPTIONS:
            problems.append(_unknown(raw, kind, name))
    fields = {name: value for name, value in said.items() if name in names}
    for name, value in fields.items():
        if (fault := _wrong(kind, name, value)) is not None:
            problems.append(Problem(where=raw.at(name), field=name, message=fault))
    options = {name: _option(name, said[name], raw, problems) for name in OPTIONS if name in said and name != "kind"}
    if "resume_after" in said and "stop_after" not in said:
        remedy = "Say stop_after too: a job is resumed after it was stopped"
        where = raw.at("resume_after")
        problems.append(Problem(where=where, field="resume_after", message="nothing is stopped", remedy=remedy))
    row = None
    if len(problems) == before:
        row = Row(where=raw.at(None), number=number, request=REQUESTS[kind](**fields), **options)
    return Draft(raw=raw, number=number, said=said, row=row)


def _unknown(raw: Raw, kind: str, name: str) -> Problem:
    others = [other for other in REQUESTS if name in fields_of(other)]
    remedy = f"It is one of {' and '.join(others)}" if others else meant(name, {*fields_of(kind), *OPTIONS})
    return Problem(where=raw.at(name), field=name, message=f"{kind} requests have no such field", remedy=remedy)


def _merged(own: Mapping[str, Any], kind: str, defaults: Defaults) -> dict[str, Any]:
    """Lay a row over the defaults of its kind, and these over those of all; tables are laid over one another."""
    names = {*fields_of(kind), *OPTIONS}
    data: dict[str, Any] = {name: value for name, value in defaults.items() if name in names}
    for layer in (defaults.get(kind, {}), own):
        for name, value in layer.items():
            data[name] = _laid(data[name], value) if name in ("extra", "tags") and name in data else value
    return data


def _laid(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    lower, upper = cast("Mapping[str, Any]", below), cast("Mapping[str, Any]", above)
    return {**lower, **{name: _laid(lower[name], each) if name in lower else each for name, each in upper.items()}}


def _wrong(kind: str, name: str, value: Any) -> str | None:
    """Return what is wrong with one field, by the request's own checks."""
    try:
        REQUESTS[kind](**{name: value})
    except InvalidRequest as error:
        return error.message.removesuffix("; nothing was sent").removeprefix(f"{name} ")
    except TypeError:
        return f"must be a list of texts, not {value!r}"
    if name == "tags" and not all(isinstance(each, str) for each in cast("Mapping[str, Any]", value).values()):
        return "must hold texts"
    return None


def _option(name: str, value: Any, raw: Raw, problems: list[Problem]) -> Any:
    try:
        return _OPTIONS[name](value)
    except (ValueError, TypeError, ConfigError) as error:
        problems.append(Problem(where=raw.at(name), field=name, message=str(error)))
        return None


def to_of(value: Any) -> str | tuple[str, ...]:
    """Read what `to` says: a name, or a list of accounts; raises ValueError. A list of one is that one."""
    if isinstance(value, str):
        return _text(value)
    several = cast("list[Any]", value) if isinstance(value, (list, tuple)) else []
    if not several or not all(isinstance(each, str) and each.strip() for each in several):
        raise ValueError(f"must be a name or a list of accounts, not {value!r}")
    for each in several:
        if several.count(each) > 1:
            raise ValueError(f"names {each!r} twice")
    return several[0] if len(several) == 1 else tuple(several)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be a text, not {value!r}")
    return value


def _portability(value: Any) -> str:
    if value not in ("strict", "adjust"):
        raise ValueError(f"must be 'strict' or 'adjust', not {value!r}")
    return str(value)


def _expect(value: Any) -> Status:
    if value not in _FINALS:
        raise ValueError(f"must be one of {', '.join(_FINALS)}, not {value!r}")
    return Status(value)


def _sim(value: Any) -> Mapping[str, Any]:
    from genhub.sim import Scenario

    if not isinstance(value, Mapping):
        raise ValueError(f"must be a table, not {value!r}")
    table = dict(cast("Mapping[str, Any]", value))
    Scenario.from_dict(table)
    return table


_OPTIONS = {
    "to": to_of,
    "key": _text,
    "portability": _portability,
    "after": _text,
    "stop_after": duration,
    "resume_after": duration,
    "expect": _expect,
    "sim": _sim,
}
