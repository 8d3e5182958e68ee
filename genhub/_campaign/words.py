"""Credits, times and changes in words: the same in the command, the table and the page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from genhub._credits import Credits
from genhub._jobs import Adjustment, JobError


def number(value: Decimal) -> str:
    """Write a number as people do: `10`, `2.5`, never `1E+1`."""
    return f"{value.normalize():f}" if value else "0"


def amount(credits: Credits) -> str:
    """Return the net, as far as it is known."""
    if credits.net is not None:
        return number(credits.net)
    if credits.high is not None:
        return f"{number(credits.low)} to {number(credits.high)}"
    return f"{number(credits.low)} or more" if credits.low else "?"


def sure(credits: Credits) -> str:
    """Return how sure the net is."""
    if credits.exact:
        return "exact"
    if credits.net is None and credits.high is not None:
        return "a range"
    if credits.net is None:
        return "at least" if credits.low else "unknown"
    return "not certain"


def unit(credits: Credits) -> str:
    return credits.unit or "credits of several vendors"


def spent(credits: Credits) -> str:
    """Return `10 powerpost credits, exact`."""
    return f"{amount(credits)} {unit(credits)}, {sure(credits)}"


def seconds(value: float) -> str:
    """Write a duration: `0.6 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def adjusted(change: Adjustment) -> str:
    """Return what was changed, and why."""
    became = "left out" if change.sent is None else f"sent as {plain(change.sent)}"
    return f"{change.field} {plain(change.asked)}: {became} ({change.why})"


def plain(value: Any) -> str:
    """Write a value for a person."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, str):
        return f"“{value}”" if len(value) <= 80 else f"“{value[:77]}…”"
    return str(value)


def failure(error: JobError) -> str:
    about = ", ".join(str(each) for each in (error.http_status, error.code) if each is not None)
    return f"{error.message} ({about})" if about else error.message
