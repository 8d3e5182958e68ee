"""Jobs and requests as plain data, and back without loss.

Decimals are text, times ISO 8601 text, enums their value; fields at their default are left out. A job and an attempt
also show `credits`, a job its `status`: derived, for those who read the data; ignored on the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import cattrs
from attrs import fields, has
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from genhub._credits import Credits
from genhub._errors import ConfigError
from genhub._jobs import Attempt, Job
from genhub._requests import REQUESTS, Request

T = TypeVar("T")

#: Fields that hold plain data already: they pass as they are.
_PLAIN = (Any, Mapping[str, Any], Mapping[str, str], object, Mapping[str, Mapping[str, Any]])


def _slim(kind: type[Any]) -> Callable[[Any], dict[str, Any]]:
    """Leave out what is at its default, except where a reader would miss it."""
    shown: dict[str, Any] = {
        each.name: override(omit_if_default=False) for each in fields(kind) if kind is Credits or each.name == "status"
    }
    return make_dict_unstructure_fn(kind, converter, _cattrs_omit_if_default=True, **shown)


def _whole(kind: type[Any]) -> Callable[[Mapping[str, Any], Any], Any]:
    return make_dict_structure_fn(kind, converter)


def _is_plain(kind: Any) -> bool:
    return any(kind == plain for plain in _PLAIN)


converter = cattrs.Converter(detailed_validation=True, unstruct_collection_overrides={frozenset: sorted})
converter.register_unstructure_hook(Decimal, str)
converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
converter.register_unstructure_hook(datetime, datetime.isoformat)
converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
converter.register_unstructure_hook(date, date.isoformat)
converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
converter.register_unstructure_hook_func(_is_plain, lambda value: value)
converter.register_structure_hook_func(_is_plain, lambda value, _: value)
converter.register_unstructure_hook_factory(has, _slim)
converter.register_structure_hook_factory(has, _whole)


def _request_to(request: Request) -> dict[str, Any]:
    return {"kind": request.kind, **converter.unstructure(request, type(request))}


def _request_from(data: Mapping[str, Any], _: object) -> Request:
    kind = REQUESTS.get(data.get("kind", ""))
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(REQUESTS)}, not {data.get('kind')!r}")
    return converter.structure({name: value for name, value in data.items() if name != "kind"}, kind)


def _is_request(kind: Any) -> bool:
    return bool(kind == Request)


converter.register_unstructure_hook_func(_is_request, _request_to)
converter.register_structure_hook_func(_is_request, _request_from)


def to_dict(thing: Any) -> dict[str, Any]:
    """Return a job, attempt, request, output … as plain data that JSON can carry."""
    if type(thing) in REQUESTS.values():
        return _request_to(thing)
    data: dict[str, Any] = converter.unstructure(thing)
    match thing:
        case Attempt():
            data["credits"] = converter.unstructure(thing.credits, Credits)
        case Job():
            data["status"] = str(thing.status)
            data["credits"] = converter.unstructure(thing.credits, Credits)
            for shown, attempt in zip(data["attempts"], thing.attempts, strict=True):
                shown["credits"] = converter.unstructure(attempt.credits, Credits)
        case _:
            pass
    return data


def from_dict(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the object that `to_dict` was given; raises ConfigError that names the fields that are wrong.

    `from_dict(genhub.Request, data)` picks the request's class by its `kind`.
    """
    try:
        return converter.structure(data, kind)
    except Exception as error:
        name = getattr(kind, "__name__", str(kind))
        raise ConfigError("; ".join(cattrs.transform_error(error)), where=name) from None
