"""How the settings of a suite are read: each raises ValueError, or ConfigError, that says what it reads like."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from genhub._credits import Price
from genhub._settings import duration
from genhub.routing import cap_of


def words(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be a text, not {value!r}")
    return value


def whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"must be a whole number, not {value!r}")
    return value


def count(value: Any) -> int:
    if whole(value) < 1:
        raise ValueError(f"must be 1 or more, not {value}")
    return int(value)


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def time(value: Any) -> float:
    seconds = duration(value)
    if seconds <= 0:
        raise ValueError(f"must be above 0, not {value!r}")
    return seconds


def cap(value: Any) -> Price | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"reads like 20 (credits) or '2 USD', not {value!r}")
    return cap_of(str(value) if isinstance(value, float) else value)


def portability(value: Any) -> str:
    if value not in ("strict", "adjust"):
        raise ValueError(f"must be 'strict' or 'adjust', not {value!r}")
    return str(value)
