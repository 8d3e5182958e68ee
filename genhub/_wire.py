"""Vendors' JSON into the records that adapters declare. cattrs works here and nowhere else in the core's wire path.

What differs from a plain converter: unknown keys are ignored; text is never made from something else; an id
(`Id`) may be a number on the wire; an amount (`Decimal | None`) that is not a finite number of at least 0 is `None`,
because a charge that can't be read is a charge whose amount is not said; a time (`datetime | None`) is ISO 8601 or
`None`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NewType, TypeVar

import cattrs

Id = NewType("Id", str)
T = TypeVar("T")


#: An amount of credits from here on is not one.
MOST = Decimal(10) ** 15
#: No price that is met again has more characters.
LONGEST = 32


class NotUnderstood(ValueError):
    """The wire's data is not what the record declares; says where."""


def amount(value: object) -> Decimal | None:
    """Return a number of credits, or `None` for anything that is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    text = str(value)
    return _price(text) if len(text) <= LONGEST else _number(text)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < MOST else None


#: Prices are few: one object for each, however many jobs cost it.
_price = lru_cache(maxsize=1024)(_number)


def instant(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC, or `None` for anything that is not one."""
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _id(value: object, _: object) -> Id:
    if isinstance(value, str) and value.strip():
        return Id(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Id(str(value))
    raise NotUnderstood(f"an id is a text or a whole number, not {value!r:.60}")


def _str(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise NotUnderstood(f"expected text, got {value!r:.60}")
    return value


def _bool(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise NotUnderstood(f"expected true or false, got {value!r:.60}")
    return value


_converter = cattrs.Converter(detailed_validation=True)
_converter.register_structure_hook(str, _str)
_converter.register_structure_hook(bool, _bool)
_converter.register_structure_hook_func(lambda kind: kind is Id, _id)
_converter.register_structure_hook(Decimal | None, lambda value, _: amount(value))
_converter.register_structure_hook(datetime | None, lambda value, _: instant(value))


#: Prepared once: looking one up costs as much as running it.
_hooks: dict[Any, Any] = {}


def parse(record: type[T], data: Any) -> T:
    """Read wire data into an attrs record; raises NotUnderstood with the fields that are wrong."""
    if not isinstance(data, dict):
        raise NotUnderstood(f"expected an object, got {type(data).__name__}")
    hook = _hooks.get(record)
    if hook is None:
        hook = _hooks[record] = _converter.get_structure_hook(record)
    try:
        made: T = hook(data, record)
    except Exception as error:
        raise NotUnderstood("; ".join(cattrs.transform_error(error))) from None
    return made


__all__ = ["Id", "NotUnderstood", "amount", "instant", "parse"]
