"""The columns of a CSV campaign: which field a cell goes to, and how its text is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from attrs import fields, frozen, resolve_types

from genhub._campaign.problems import Problem, meant
from genhub._requests import REQUESTS

#: What a row says beside its request's own fields.
OPTIONS = ("kind", "to", "key", "portability", "after", "stop_after", "resume_after", "expect", "sim")
#: Those of them that may hold several texts.
SEVERAL = {"to": tuple[str, ...]}
#: Tables, whose columns have a dot: `extra.powerpost.research_mode`, `tags.team`, `sim.fault`.
TABLES = {"extra": 3, "tags": 2, "sim": 2}

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def field_types() -> Mapping[str, Any]:
    """Return every field of every kind of request, with its type."""
    types: dict[str, Any] = {}
    for kind in REQUESTS.values():
        resolve_types(kind)
        types.update({each.name: each.type for each in fields(kind)})
    return types


def fields_of(kind: str) -> tuple[str, ...]:
    """Return the names of a kind's fields."""
    return tuple(each.name for each in fields(REQUESTS[kind]))


@frozen(kw_only=True)
class Column:
    """One column."""

    name: str
    known: bool = True
    type: Any = str

    def put(self, data: dict[str, Any], cell: str) -> None:
        """Read a cell into the row's data; raises ValueError."""
        if not self.known:
            return
        place = data
        *tables, last = self.name.split(".") if "." in self.name else [self.name]
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = self._read(cell)

    def _read(self, cell: str) -> Any:
        root = self.name.partition(".")[0]
        if root in ("extra", "sim") and "." in self.name:
            return loosely(cell)
        if self.name in TABLES:
            return _pairs(cell) if self.name == "tags" else _object(cell)
        return read_as(self.type, cell)


def column(name: str, where: str, problems: list[Problem]) -> Column:
    """Return a column by its heading; adds a problem when there is no such field."""
    types = field_types()
    root, dot, _ = name.partition(".")
    if dot and root in TABLES and len(name.split(".", TABLES[root] - 1)) == TABLES[root] and all(name.split(".")):
        return Column(name=name)
    if name in types or name in OPTIONS:
        return Column(name=name, type=types.get(name, SEVERAL.get(name, str)))
    remedy = meant(name, {*types, *OPTIONS}) if name else "Give every column a name"
    if root == "extra":
        remedy = "It reads extra.PROVIDER.FIELD, like extra.powerpost.research_mode"
    problems.append(Problem(where=where, field=name or None, message="unknown column", remedy=remedy))
    return Column(name=name, known=False)


def read_as(kind: Any, text: str) -> Any:
    """Read a text as a value of this type; raises ValueError."""
    text = text.strip()
    options = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    if any(get_origin(each) is tuple for each in options):
        return tuple(part.strip() for part in re.split(r"\|" if "|" in text else ";", text) if part.strip())
    if bool in options:
        if text.lower() not in _TRUTHS:
            raise ValueError(f"must be true or false, not {text!r}")
        return _TRUTHS[text.lower()]
    for number in (int, float):
        if number in options:
            try:
                return number(text)
            except ValueError:
                raise ValueError(f"must be a number, not {text!r}") from None
    return text


def loosely(text: str) -> Any:
    """Read what may be a number, true, false, a list or a table as JSON has it; all else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if value is None else value


def _pairs(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError(f"tags read like 'team=growth;wave=2', not {text!r}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"must be a JSON object, not {text!r}") from None
