"""Which to choose: who is shown to succeed more often; else who is cheaper or faster, where nothing speaks against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Literal

from attrs import frozen

from genhub.compare import _words
from genhub.compare._summary import PairSummary, Sure, TargetSummary, Verdict

Way = Literal["share", "price", "seconds"]

#: What decides, the first that there is.
_DECIDES: dict[Way, tuple[str, ...]] = {
    "share": ("usable", "success"),
    "price": ("money", "credits"),
    "seconds": ("seconds",),
}
_PLAIN: tuple[Way, ...] = ("price", "seconds")

#: Who is better than whom, and in what.
Fact = tuple[str, str, Way]

#: Two lines: a longer sentence is said in fewer words, for what it leaves out is in the reasons and the table.
LONGEST = 200
_IS: dict[Way, str] = {"price": "cheaper", "seconds": "faster"}


@frozen(kw_only=True)
class Judge:
    """The figures a verdict is drawn from."""

    targets: tuple[TargetSummary, ...]
    pairs: tuple[PairSummary, ...]
    noun: str  #: what was made
    takes: int  #: paired runs that it takes to show anything

    def verdict(self) -> Verdict:
        """Return which to choose, in a sentence."""
        tried = [each for each in self.targets if each.counted]
        if not tried:
            unable = all(each.runs and each.unsupported == each.runs for each in self.targets)
            said = f"{self._all()} can't do any of these requests." if unable else "no run says anything yet."
            return Verdict(best=None, sentence=f"Nothing to choose from: {said}", sure="too few")
        if len(self.targets) == 1:
            said = f"Only {tried[0].target} was run, so there is nothing to compare: {self._figures(tried[0])}."
            return Verdict(best=None, sentence=said, sure="too few")
        if len(tried) == 1:
            return self._only(tried[0])
        if not any(each.usable for each in tried):
            return Verdict(
                best=None, sentence=f"Choose none of them: {self._nothing(tried)}.", sure=self._nobody(tried)
            )
        if not any(each.difference.claimed for each in self._shares()):
            return Verdict(best=None, sentence=self._few(tried), sure="too few", why=self._why())
        return self._compared(tried)

    def better(self, a: str, b: str, way: Way) -> PairSummary | None:
        """Return what shows that `a` is better than `b`."""
        pair = self._pair(a, b, way)
        if pair is None or not pair.shown:
            return None
        return pair if (pair.more == a) == (way == "share") else None

    def _pair(self, a: str, b: str, way: Way) -> PairSummary | None:
        """Return how the two compare: what can be used before what succeeded, money before credits."""
        found = {each.what: each for each in self.pairs if {each.a, each.b} == {a, b}}
        return next((found[what] for what in _DECIDES[way] if what in found), None)

    def beats(self, a: str, b: str) -> bool:
        """Return whether everything that is shown of what counts speaks for `a`."""
        if self.better(a, b, "share") or self.better(b, a, "share"):
            return self.better(a, b, "share") is not None
        return any(self.better(a, b, way) for way in _PLAIN) and not any(self.better(b, a, way) for way in _PLAIN)

    def _compared(self, tried: Sequence[TargetSummary]) -> Verdict:
        for each in tried:
            rivals = [other for other in tried if other is not each]
            if each.usable and all(self.beats(each.target, other.target) for other in rivals):
                return Verdict(best=each.target, sentence=self._choose(each, rivals), sure="shown", why=self._why())
        ahead = [
            each for each in tried if not any(self.beats(other.target, each.target) for other in tried if other != each)
        ]
        ahead = ahead or list(tried)  # each is beaten by another: a circle
        names = [each.target for each in ahead]
        behind = [each.target for each in tried if each not in ahead]
        facts: list[Fact] = [(a, b, way) for way in _DECIDES for a in names for b in names if self.better(a, b, way)]
        also = f" {_words.several(behind)} did worse." if behind else ""
        if facts:
            forms = (self._whole(facts), self._brief(facts), self._bare(facts))
            said = _fitting(f"Choose by what matters to you: {each}.{also}" for each in forms)
            return Verdict(best=None, sentence=said, sure="shown", why=self._why())
        made = self._runs(names)
        said = f"No difference is shown between {_words.several(names)}{f' in {made}' if made else ''}"
        figures = "; ".join(f"{each.target}: {self._figures(each)}" for each in ahead)
        said = f"{said}: run more to tell them apart, or choose by price.{also}"
        said = _fitting((f"{said} {figures}.", said))
        return Verdict(best=None, sentence=said, sure="not shown", why=self._why())

    def _choose(self, best: TargetSummary, rivals: Sequence[TargetSummary]) -> str:
        behind = [each for each in rivals if self.better(best.target, each.target, "share")]
        level = [each.target for each in rivals if each not in behind]
        facts: list[Fact] = [
            (best.target, name, way) for way in _PLAIN for name in level if self.better(best.target, name, way)
        ]
        but: list[Fact] = [
            (each.target, best.target, way)
            for each in behind for way in _PLAIN if self.better(each.target, best.target, way)
        ]  # fmt: skip
        against = ", ".join(f"{each.target} {_words.percent(each.usable_share.value)}" for each in behind)
        against = f" ({against})" if against else ""

        def whole() -> str:
            said = f"Choose {best.target}: {self._share(best)}{against}{self._pace(best)}"
            by_rival = sorted(facts, key=lambda fact: level.index(fact[1]))
            said = f"{said}; {self._whole(by_rival)}" if facts else said
            if level and not behind:
                said = f"{said}, and no difference is shown in how often they succeed"
            for each in behind:
                mine = [fact for fact in but if fact[0] == each.target]
                said += f"; {self._whole(mine)}, but fails more often" if mine else ""
            return f"{said}.{self._unable(best)}"

        def brief(better: str, worse: str) -> str:
            share, pace = _words.percent(best.usable_share.value), self._pace(best).replace("half of them", "half")
            said = f"Choose {best.target}: {share} {self._got(best)}{against}{pace}."
            said += f" It{better.removeprefix(best.target)}." if better else ""
            said += f" {worse}, but less often successful." if worse else ""
            said += " No difference in success is shown." if level and not behind else ""
            said += f" It can't do {best.unsupported} of {best.runs} runs." if best.unsupported else ""
            return said

        return _fitting((
            whole(), brief(self._brief(facts), self._brief(but)), brief(self._bare(facts), self._bare(but))
        ))  # fmt: skip

    def _only(self, one: TargetSummary) -> Verdict:
        others = [each for each in self.targets if each is not one]
        unable = all(each.runs and each.unsupported == each.runs for each in others)
        names = _words.several([each.target for each in others])
        if unable and one.usable:
            said = f"Choose {one.target}: {names} can't do these requests. {self._figures(one)}."
            return Verdict(best=one.target, sentence=f"{said}{self._unable(one)}", sure="shown")
        why = f"{names} can't do these requests" if unable else f"no run of {names} says anything yet"
        return Verdict(best=None, sentence=f"Too few runs to say: {why}. {one.target}: {self._figures(one)}.",
                       sure="too few")  # fmt: skip

    def _nothing(self, tried: Sequence[TargetSummary]) -> str:
        each = _words.several([f"0 of {_words.count(each.counted, 'run')} of {each.target}" for each in tried])
        return f"nothing could be used, {each}"

    def _nobody(self, tried: Sequence[TargetSummary]) -> Sure:
        return "not shown" if min(each.counted for each in tried) >= self.takes else "too few"

    def _few(self, tried: Sequence[TargetSummary]) -> str:
        made = self._runs([each.target for each in tried]) or "no paired runs"
        figures = "; ".join(f"{each.target}: {self._figures(each)}" for each in tried)
        said = f"Too few runs to say: {made}, and it takes {self.takes} to show a difference."
        return _fitting((f"{said} {figures}.", said))

    def _runs(self, names: Sequence[str]) -> str:
        made = [each.runs for each in self._shares() if each.a in names and each.b in names]
        return _words.count(min(made), "paired run") if made else ""

    def _shares(self) -> tuple[PairSummary, ...]:
        return tuple(each for each in self.pairs if each.what == "success")

    def _share(self, each: TargetSummary) -> str:
        return f"{_words.percent(each.usable_share.value)} of its {self.noun} {self._got(each)}"

    def _got(self, each: TargetSummary) -> str:
        return "were ready" if each.usable == each.succeeded else "could be used"

    def _pace(self, each: TargetSummary) -> str:
        if each.median is None or not each.succeeded:
            return ""
        if each.median.at_least:
            return f", half of them only after more than {_words.seconds(each.median.value)}"
        return f", half of them within {_words.seconds(each.median.value)}"

    def _figures(self, each: TargetSummary) -> str:
        cost = each.cost_money or each.cost_credits
        unit = each.currency if each.cost_money else each.unit
        return f"{self._share(each)}{self._pace(each)}{f', at {_words.price(cost.value, unit)} each' if cost else ''}"

    def _whole(self, facts: Iterable[Fact]) -> str:
        """Return each fact in a clause of its own."""
        said: list[str] = []
        for a, b, way in facts:
            size = self._size(a, b, way)
            said.append(f"{a} is {_IS[way]} than {b} by {size}" if size else f"{a} succeeds more often than {b}")
        return _words.several(said)

    def _brief(self, facts: Iterable[Fact]) -> str:
        """Return facts by who is better, and in what, with the sizes behind the names."""
        return self._grouped((fact, f" ({size})" if (size := self._size(*fact)) else "") for fact in facts)

    def _bare(self, facts: Iterable[Fact]) -> str:
        """Return facts by who is better, and in what."""
        return self._grouped((fact, "") for fact in facts)

    def _grouped(self, facts: Iterable[tuple[Fact, str]]) -> str:
        said: list[str] = []
        for a, mine in groupby(sorted(facts, key=lambda each: each[0][0]), key=lambda each: each[0][0]):
            ways: list[str] = []
            for way, each in groupby(mine, key=_way):
                names = _words.several([f"{b}{size}" for (_, b, _), size in each])
                ways.append(f"more often successful than {names}" if way == "share" else f"{_IS[way]} than {names}")
            said.append(f"{a} is {', and '.join(ways)}")
        return "; ".join(said)

    def _size(self, a: str, b: str, way: Way) -> str:
        """Return by how much `a` is shown to be better; of the success nothing, for the shares say it."""
        shown = self.better(a, b, way)
        if shown is None or way == "share":
            return ""
        size = shown.difference.value
        if way == "seconds":
            return _words.seconds(size)
        unit = next(
            (each.currency if shown.what == "money" else each.unit for each in self.targets if each.target == a), None
        )
        return f"{_words.price(size, unit)} a result"

    def _unable(self, each: TargetSummary) -> str:
        return f" It can't do {each.unsupported} of {each.runs} runs that were asked for." if each.unsupported else ""

    def _all(self) -> str:
        return _words.several([each.target for each in self.targets])

    def _why(self) -> tuple[str, ...]:
        deciding = [each for each in self.pairs if each in (self._pair(each.a, each.b, way) for way in _DECIDES)]
        shown = [each.said for each in deciding if each.shown]
        return tuple(shown or [each.said for each in deciding])


def _way(each: tuple[Fact, str]) -> Way:
    return each[0][2]


def _fitting(forms: Iterable[str]) -> str:
    """Return the first form that two lines hold, or the last."""
    said = ""
    for said in forms:
        if len(said) <= LONGEST:
            break
    return said
