"""Figures in words that anybody gets at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from genhub._requests import Request, TextRequest
from genhub.compare._summary import Interval

_NOUNS = {"text": "texts", "image": "images", "video": "videos", "speech": "recordings"}


def seconds(amount: float) -> str:
    """`6.1 s`, `45 s`, `3 min 20 s`, `2 h 5 min`; never negative."""
    amount = abs(amount)
    if round(amount) < 120:
        return f"{_figure(amount)} s"
    whole = round(amount)
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(amount / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


def price(amount: float, unit: str | None) -> str:
    """`0.40 USD`, `0.0032 USD`, `3 adgen credits`; never negative."""
    amount = abs(amount)
    if unit is not None and " " not in unit and float(f"{amount:.2g}") >= 0.1:  # as rounded: 0.0999… is 0.10, too
        return f"{amount:.2f} {unit}"
    return f"{_figure(amount)} {unit or 'credits'}"


def percent(part: float) -> str:
    """`96 %`; only all is `100 %`, and only nothing is `0 %`."""
    if 0.995 <= part < 1:
        return "over 99 %"
    if 0 < part < 0.005:
        return "under 1 %"
    return f"{100 * part:.0f} %"


def several(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def count(number: int, noun: str) -> str:
    """`1 run`, `12 runs`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def noun(requests: Iterable[Request]) -> str:
    """Return what was made, in one word: `captions`, `images`, … or `results`."""
    nouns = {"captions" if isinstance(each, TextRequest) and each.platforms else _NOUNS[each.kind] for each in requests}
    return nouns.pop() if len(nouns) == 1 else "results"


@frozen(kw_only=True)
class Topic:
    """A thing in which two targets may differ, and how it is said."""

    what: str  #: as in PairSummary
    unit: str | None = None

    @property
    def lower_is_better(self) -> bool:
        return self.what in ("seconds", "money", "credits")

    @property
    def subject(self) -> str:
        """What it is about: "No difference is shown in … of a and b"."""
        match self.what:
            case "seconds":
                return "the speed"
            case "money":
                return "the cost"
            case "credits":
                return "the cost in credits"
            case "success":
                return "the success"
            case "usable":
                return "what can be used"
            case name:
                return f"the {name}"

    @property
    def better(self) -> str:
        """How the better one did: "a … than b"."""
        match self.what:
            case "seconds":
                return "was faster"
            case "money" | "credits":
                return "was cheaper"
            case "success":
                return "succeeded more often"
            case "usable":
                return "gave something usable more often"
            case name:
                return f"scored higher in {name}"

    def amount(self, size: float) -> str:
        """Return the size of a difference, without its sign."""
        match self.what:
            case "seconds":
                return seconds(size)
            case "money" | "credits":
                return f"{price(size, self.unit)} a usable result"
            case "success" | "usable":
                return f"{_figure(100 * abs(size), 1)} runs in 100"
            case _:
                return _figure(abs(size))

    def said(self, a: str, b: str, difference: Interval, *, more: bool | None, runs: int, takes: int) -> str:
        """Return a difference in a sentence. `more`: `a` was shown to have more of it; `None`: nothing is shown."""
        made = count(runs, "paired run")
        if more is not None:
            best, worst = (b, a) if more == self.lower_is_better else (a, b)
            return f"{best} {self.better} than {worst}, by {self.amount(difference.value)}{self._range(difference)}."
        if difference.low is None and difference.high is None:
            if runs >= takes:
                return f"Too little is known of {self.subject} of {a} and {b} to compare it: {made}."
            return f"Too few runs to compare {self.subject} of {a} and {b}: {made}, and it takes {takes}."
        if difference.low is None or difference.high is None:
            return f"No difference is shown in {self.subject} of {a} and {b} in {made}."
        ends = f"{self._end(difference.low)} and {self._end(difference.high)}"
        return f"No difference is shown in {self.subject} of {a} and {b} in {made}: for {a} it is between {ends}."

    def _range(self, difference: Interval) -> str:
        ends = [abs(end) for end in (difference.low, difference.high) if end is not None]
        if len(ends) == 1:
            return f" (at least {self._short(ends[0])})"
        low, high = self._short(min(ends)), self._short(max(ends))
        return "" if low == high else f" ({low} to {high})"

    def _end(self, size: float) -> str:
        return f"{self._short(size)} {'less' if size < 0 else 'more'}"

    def _short(self, size: float) -> str:
        match self.what:
            case "money" | "credits":
                return price(size, self.unit)
            case "success" | "usable":
                return _figure(100 * abs(size), 1)
            case _:
                return self.amount(size)


def _figure(amount: float, least: float = 0.0) -> str:
    """Two digits that count, or all of the whole ones; below `least`, whole numbers."""
    if amount >= 10 or least or amount == int(amount):
        return f"{amount:.0f}"
    return f"{float(f'{amount:.2g}'):.10f}".rstrip("0").rstrip(".")
