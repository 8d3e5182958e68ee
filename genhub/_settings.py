"""Settings from plain data into typed ones: durations, secrets, amounts; says which field is wrong, and how."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast, get_args

import cattrs
from attrs import NOTHING, fields, resolve_types

from genhub._credits import Price
from genhub._errors import ConfigError, GenhubError
from genhub._provider import Provider
from genhub._secrets import Secret
from genhub.routing import Policy, Via, cap_of

T = TypeVar("T")

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$")


def duration(value: object) -> float:
    """Read seconds: a number, or a text like `"2s"`, `"5m"`. Raises ValueError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return float(match[1]) * _UNITS[match[2]]
    raise ValueError(f"a time reads like 2, '2s' or '5m', not {value!r}")


def _text(value: object, _: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"expected text, got {value!r}")
    if not str(value).strip():
        raise ValueError("is empty")
    return str(value)


def _truth(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {value!r}")
    return value


def _whole(value: object, _: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {value!r}")
    return value


def _decimal(value: object, _: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"expected a number, got {value!r}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"expected a number, got {value!r}") from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"expected a number of 0 or more, got {value!r}")
    return number


def _price(value: object, _: object) -> Price:
    if not isinstance(value, str):
        raise ValueError(f"a price reads like '0.05 USD', not {value!r}")
    return Price.parse(value)


def _secret(value: object, _: object) -> Secret:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("expected the name of a variable, like '$MY_KEY'")
    return Secret(value)


def _day(value: object, _: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"a day reads like 2027-01-31, not {value!r}") from None


def _policy(value: object, _: object) -> str:
    return _text(value, _)


def _words(value: object, _: object) -> tuple[str, ...]:
    several = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(each, str) for each in several):
        raise ValueError(f"expected a list of texts, got {value!r}")
    return tuple(str(each) for each in several)


def _hedge(value: object, _: object) -> float | str:
    if isinstance(value, str) and value.startswith("p"):
        return value
    return duration(value)


def _may_be_secret(kind: Any) -> bool:
    return kind is Secret or Secret in get_args(kind)


_converter = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
_converter.register_structure_hook(str, _text)
_converter.register_structure_hook(bool, _truth)
_converter.register_structure_hook(int, _whole)
_converter.register_structure_hook(float, lambda value, _: duration(value))
_converter.register_structure_hook(Decimal, _decimal)
_converter.register_structure_hook(Price, _price)
_converter.register_structure_hook_func(_may_be_secret, _secret)
_converter.register_structure_hook_func(lambda kind: kind is Provider, lambda value, _: value)
_converter.register_structure_hook(date, _day)
_converter.register_structure_hook_func(lambda kind: kind == str | Policy, _policy)
_converter.register_structure_hook_func(lambda kind: kind == tuple[Via, ...], lambda value, _: value)
_converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _words)
_converter.register_structure_hook_func(lambda kind: kind == Price | Decimal | None, lambda value, _: cap_of(value))
_converter.register_structure_hook_func(lambda kind: kind == float | str | None, _hedge)


def resolve(value: Any, env: Mapping[str, str], where: str) -> Any:
    """Replace `"$NAME"` by the variable's value; `"$$"` at the start is a plain `$`. Raises ConfigError."""
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    if value.startswith("$$"):
        return value[1:]
    name = value[1:].strip("{}")
    found = env.get(name)
    if not found:
        raise ConfigError(f"the variable {name} is not set", where=where, remedy=f"Set it: export {name}=...")
    return found


def structure(kind: type[T], data: Mapping[str, Any], at: Callable[..., str], *, also: Collection[str] = ()) -> T:
    """Build settings from plain data.

    `at` tells where a key stands (without one: where the table stands); `also` are names that go elsewhere, for the
    guess at what was meant. Raises ConfigError that names the field, never a secret value.
    """
    resolve_types(kind)  # type: ignore[type-var]
    known = {each.name: each for each in fields(kind) if each.init}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in known:
            raise unknown_name("setting", name, {*known, *also}, at(name))
        try:
            values[name] = _converter.structure(value, known[name].type)
        except Exception as error:
            raise ConfigError("; ".join(_readable(error)), where=at(name)) from None
    missing = [name for name, each in known.items() if each.default is NOTHING and name not in values]
    if missing:
        raise ConfigError(f"{', '.join(missing)} missing", where=at(), remedy=f"Add: {missing[0]} = ...")
    try:
        return kind(**values)
    except GenhubError as error:
        raise ConfigError(str(error), where=at()) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error), where=at()) from None


def _readable(error: Exception) -> list[str]:
    def said(inner: BaseException, _: object) -> str:
        return str(inner) or type(inner).__name__

    return [
        line.removesuffix(" @ $").replace(" @ $.", " in ")
        for line in cattrs.transform_error(error, format_exception=said)
    ]


def unknown_name(what: str, name: str, known: Collection[str], where: str) -> ConfigError:
    """Say that a name is not known, and which one may have been meant."""
    close = difflib.get_close_matches(name, known, 1)
    remedy = f"Did you mean {close[0]!r}?" if close else f"Known are: {', '.join(sorted(known))}"
    return ConfigError(f"unknown {what} {name!r}", where=where, remedy=remedy)
