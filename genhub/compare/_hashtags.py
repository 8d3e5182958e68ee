"""Hashtags: those of a text, and those that a prompt asks for in so many words (English ones)."""

from __future__ import annotations

import re

from attrs import frozen

from genhub.compare._measure import without_links

_TAG = re.compile(r"(?<![\w&/#\uff03])[#\uff03](\w*[^\W\d_]\w*)")
_NUMBERS = {
    word: number
    for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
}
_N = rf"(\d{{1,2}}|{'|'.join(_NUMBERS)})"
_WORD = r"\s+(?:(?!(?:with|without|and|or|plus|no|including)\b)[\w-]+\s+){0,2}hashtags?\b"
_NONE = re.compile(r"\b(?:no|without(?: any)?|avoid|zero|0)\s+(?:[\w-]+\s+)?hashtags?\b")
_MOST = re.compile(rf"\b(?:up to|at most|no more than|not more than|max(?:imum)?(?: of)?)\s+{_N}{_WORD}")
_LEAST = re.compile(rf"\b(?:at least|min(?:imum)?(?: of)?)\s+{_N}{_WORD}")
_RANGE = re.compile(rf"\b{_N}\s*(?:-|\u2013|to|or)\s*{_N}{_WORD}")
_EXACT = re.compile(rf"\b{_N}{_WORD}")
_SOME = re.compile(rf"\b(?:with|add|include|including|plus|and){_WORD}")
_THESE = re.compile(
    r"\b(?:with|add|include|including|use|hashtags?:?)\s+((?:[#\uff03]\w+(?:[,\s]+(?:and\s+)?)?)+)", re.I
)


@frozen(kw_only=True)
class Asked:
    """How many hashtags a prompt asks for, and which."""

    least: int = 0
    most: int | None = None
    these: tuple[str, ...] = ()  #: without the sign

    @property
    def said(self) -> str:
        """What the prompt asks for, in words."""
        count = self._count
        these = ", ".join(f"#{tag}" for tag in self.these)
        return " and ".join(part for part in (count, these) if part)

    @property
    def _count(self) -> str:
        match self.least, self.most:
            case 0, 0:
                return "none"
            case 0, None:
                return ""
            case 0, most:
                return f"at most {most}"
            case least, None:
                return f"at least {least}"
            case least, most:
                return str(least) if least == most else f"{least} to {most}"

    def met(self, tags: tuple[str, ...]) -> bool:
        """True when these hashtags are what was asked for."""
        have = {tag.casefold() for tag in tags}
        fits = self.least <= len(tags) and (self.most is None or len(tags) <= self.most)
        return fits and all(tag.casefold() in have for tag in self.these)


def hashtags(text: str, beside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a text's hashtags without their sign, and those given beside it that are not in it."""
    found = _TAG.findall(without_links(text))
    have = {tag.casefold() for tag in found}
    return (*found, *(tag for each in beside if (tag := each.lstrip("#\uff03")).casefold() not in have))


def asked(prompt: str | None) -> Asked | None:
    """Return what a prompt asks for; `None`: nothing that can be read for sure."""
    if prompt is None:
        return None
    these = tuple(dict.fromkeys(tag for run in _THESE.findall(prompt) for tag in _TAG.findall(run)))
    count = _count(prompt.casefold())
    if count is None:
        return Asked(these=these) if these else None
    return Asked(least=count[0], most=count[1], these=these)


def _count(prompt: str) -> tuple[int, int | None] | None:
    if _NONE.search(prompt):
        return 0, 0
    if found := _MOST.search(prompt):
        return 0, _number(found[1])
    if found := _LEAST.search(prompt):
        return _number(found[1]), None
    if found := _RANGE.search(prompt):
        return _number(found[1]), _number(found[2])
    if found := _EXACT.search(prompt):
        return _number(found[1]), _number(found[1])
    return (1, None) if _SOME.search(prompt) else None


def _number(word: str) -> int:
    return _NUMBERS[word] if word in _NUMBERS else int(word)
