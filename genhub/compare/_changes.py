"""What changed between two runs of a comparison, beyond noise, in figures and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from attrs import frozen

from genhub.compare._markdown import shown
from genhub.compare._noise import Scale
from genhub.compare._summary import Interval

What = Literal["success", "seconds", "credits", "money", "check", "score"]
Turn = Literal["worse", "better", "no change shown", "too few"]

#: Where more is worse.
_DEAR = ("seconds", "credits", "money")


@frozen(kw_only=True)
class Change:
    """One thing of one target, then and now."""

    target: str
    what: What
    name: str = ""  #: the check's or the scorer's
    unit: str = ""  #: of `old` and `new`: `s`, the account's credits, a currency; empty: a share, a score
    old: float  #: a share; the geometric mean of seconds to ready; the cost of a usable result; the mean score
    new: float
    difference: Interval  #: new minus old, or new over old
    scale: Scale
    level: float  #: of the interval: higher than the whole's, since all comparisons together have to keep that
    turn: Turn

    @property
    def words(self) -> str:
        """What it is about."""
        match self.what:
            case "success":
                return "success"
            case "seconds":
                return "time to ready"
            case "credits" | "money":
                return f"cost in {self.unit or 'credits'}"
            case "check":
                return f"check {self.name}"
            case "score":
                return f"score {self.name}"

    @property
    def said(self) -> str:
        """The whole in a sentence without its end."""
        share = self.what in ("success", "check")
        old, new = (f"{shown(each * (100 if share else 1))}{' %' if share else ''}" for each in (self.old, self.new))
        unit = f" {self.unit}" if self.unit else ""
        of = " of a usable result" if self.what in ("credits", "money") else ""
        went = f"{self.target}: {self.words}{of} went from {old} to {new}{unit}"
        if self.turn == "too few":
            return f"{went}: too few runs to tell whether that is noise"
        return f"{went}, {self._by()}: {self.turn}"

    def _by(self) -> str:
        share = self.what in ("success", "check")
        found, scale = self.difference, 100 if share else 1
        low, high = (shown((each or 0.0) * scale) for each in (found.low, found.high))
        if self.scale == "ratio":
            return f"{shown(found.value)} times as {'long' if self.what == 'seconds' else 'much'} ({low} to {high})"
        sign = "+" if found.value > 0 else ""
        return f"{sign}{shown(found.value * scale)}{' points' if share else ''} ({low} to {high})"


def turn(what: What, scale: Scale, found: Interval) -> Turn:
    """Say which way it went: only what the interval leaves no doubt about is called a change."""
    if found.low is None or found.high is None:
        return "too few"
    same = 1.0 if scale == "ratio" else 0.0
    if found.low <= same <= found.high:
        return "no change shown"
    return "worse" if (found.low > same) == (what in _DEAR) else "better"


@frozen(kw_only=True)
class Changes:
    """What changed between two runs of a comparison."""

    old: datetime  #: when it began
    new: datetime
    level: float = 0.95  #: so sure all comparisons are together: at no change, none is called one so often
    cases: tuple[str, ...]  #: the requests that both have
    changes: tuple[Change, ...]
    came: tuple[str, ...] = ()  #: targets that only the new one has
    went: tuple[str, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()  #: target and case: it did the request then, and can't do it now
    caveats: tuple[str, ...] = ()
    verdict: str = ""  #: the new run's own

    @property
    def worse(self) -> bool:
        """True when something got worse beyond noise, or a target can't do a request any more."""
        return bool(self.lost) or any(each.turn == "worse" for each in self.changes)

    @property
    def said(self) -> tuple[str, ...]:
        """The whole in plain words: the answer first, then what was found for each target, then what to mind."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield self._answer()
        for target, case in self.lost:
            yield f"{target}: can't do {case} any more: worse"
        yield from (each.said for each in self.changes if each.turn in ("worse", "better"))
        for target in dict.fromkeys(each.target for each in self.changes):
            same = [each.words for each in self.changes if (each.target, each.turn) == (target, "no change shown")]
            if same:
                yield f"{target}: no change shown in {_listed(same)}"
        yield from (each.said for each in self.changes if each.turn == "too few")
        if self.came:
            yield f"Only in the new run: {_listed(self.came)}"
        if self.went:
            yield f"Only in the old run: {_listed(self.went)}"
        yield from self.caveats

    def _answer(self) -> str:
        found = [each for each in self.changes if each.turn in ("worse", "better")]
        words = {
            way: [f"{each.target} in {each.words}" for each in found if each.turn == way] for way in ("worse", "better")
        }
        words["worse"] += [f"{target} in {case}, which it can't do any more" for target, case in self.lost]
        parts = [f"{way.capitalize()} beyond noise: {_listed(about)}" for way, about in words.items() if about]
        if parts:
            return ". ".join(parts) + "."
        told = sum(each.turn == "no change shown" for each in self.changes)
        if not told:
            return "Too few runs to tell what changed."
        return f"No change shown beyond noise, in {told} comparison{'s' * (told != 1)}."


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
