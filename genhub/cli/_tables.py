"""A configuration's plain data, as far as it can be read: for those who look before it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast


def tables_of(value: Any) -> dict[str, Mapping[str, Any]]:
    """Return the tables of a table, as far as they are ones."""
    return {name: cast("Mapping[str, Any]", each) for name, each in _table(value).items() if isinstance(each, Mapping)}


def routes_in(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a file's routes as they stand in it, each a table or a list."""
    return _table(data.get("routes"))


def accounts_in(route: Any) -> list[str]:
    """Return the accounts that a route of a file names."""
    listed = _table(route).get("accounts") if isinstance(route, Mapping) else route
    several = cast("Iterable[Any]", listed) if isinstance(listed, list) else ()
    named = (_table(each).get("account") if isinstance(each, Mapping) else each for each in several)
    return [name for name in named if isinstance(name, str)]


def _table(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
