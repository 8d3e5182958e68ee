"""Scorers: found by name, run apart, never able to break a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from genhub import ConfigError, ImageRequest, SpeechRequest, TextRequest
from genhub._jobs import Output
from genhub._requests import Request
from genhub.compare import _scorers
from genhub.compare._records import Check
from genhub.compare._scorers import PromptWords, Scorer, score, scorers

HERE = "tests.compare.test_scorers"
WISH = TextRequest(prompt="Dark mode is here")


class Length:
    """A scorer as a class: made when it is wanted."""

    name = "words"

    def score(self, request: Request, output: Output, file: Path | None) -> float | None:
        return None if output.text is None else len(output.text.split())


class Slow:
    """One that waits for something."""

    name = "slow"

    async def score(self, request: Request, output: Output, file: Path | None) -> float | None:
        return 0.25 if file is None else float(len(file.name))


class Odd:
    """One that answers whatever it is told to."""

    name = "odd"

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def score(self, request: Request, output: Output, file: Path | None) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Late(Odd):
    """A plain function that answers with something to wait for."""

    def score(self, request: Request, output: Output, file: Path | None) -> Any:
        async def later() -> float:
            return 0.75

        return later()


class Misnamed(Length):
    """It goes by another name than its entry point."""


slow = Slow()
mute = object()
length = Length()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """What the entry points say; a test may change it."""
    points = {
        "prompt_words": "genhub.compare._scorers:PromptWords",
        "words": f"{HERE}:Length",
        "slow": f"{HERE}:slow",
    }
    monkeypatch.setattr(
        _scorers,
        "entry_points",
        lambda group: [EntryPoint(name, value, group) for name, value in points.items() if group == "genhub.scorers"],
    )
    return points


def test_scorers_are_found_by_name_or_all(installed: Mapping[str, str]) -> None:
    """In the order asked, each once; classes are made, objects taken as they are."""
    some = scorers(["slow", "words", "slow"])

    assert ["slow", "words"] == list(some)
    assert ["slow", "words"] == [each.name for each in some.values()]
    assert ["prompt_words", "slow", "words"] == list(scorers(None))
    assert {} == scorers([])


def test_a_name_that_nobody_has_names_those_there_are(installed: Mapping[str, str]) -> None:
    """Before anything is bought."""
    with pytest.raises(ConfigError, match=r"no scorer 'word'\. Installed are: prompt_words, slow, words"):
        scorers(["word"])


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("gone", "no_such_package:Scorer", "can't be imported"),
        ("mute", f"{HERE}:mute", "has no method `score`"),
        ("other", f"{HERE}:Misnamed", "calls itself 'words'"),
        ("length", f"{HERE}:length", "has the name of a check"),
    ],
)
def test_a_scorer_that_cannot_be_used_says_why(installed: dict[str, str], name: str, value: str, why: str) -> None:
    """And is not imported where it is not wanted."""
    installed[name] = value

    assert ["words"] == list(scorers(["words"]))
    with pytest.raises(ConfigError, match=why):
        scorers([name])


def test_two_packages_cannot_claim_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could tell whose figure it is."""
    both = [EntryPoint("words", value, "genhub.scorers") for value in (f"{HERE}:Length", f"{HERE}:Odd")]
    monkeypatch.setattr(_scorers, "entry_points", lambda group: both)

    with pytest.raises(ConfigError, match="two packages claim the scorer 'words'"):
        scorers(["words"])


async def test_every_output_is_scored_with_its_file(tmp_path: Path) -> None:
    """By each scorer; a figure neither passes nor fails."""
    outputs = [Output(kind="text", text="one two"), Output(kind="image")]
    judges: dict[str, Scorer] = {"words": Length(), "slow": Slow()}

    found = await score(judges, WISH, outputs, [None, tmp_path / "a.png"])

    assert (
        Check(name="words", passed=None, value=2.0, said="2", output=1),
        Check(name="words", passed=None, value=None, said="no score: it says nothing of this output", output=2),
        Check(name="slow", passed=None, value=0.25, said="0.25", output=1),
        Check(name="slow", passed=None, value=5.0, said="5", output=2),
    ) == found


@pytest.mark.parametrize(
    ("answer", "value", "said"),
    [
        (ValueError("no model"), None, "no score: it raised ValueError: no model"),
        ("many", None, "no score: it raised ValueError: could not convert string to float: 'many'"),
        ([], None, "no score: it raised TypeError"),
        (math.nan, None, "no score: nan is not a finite number"),
        (-math.inf, None, "no score: -inf is not a finite number"),
        (10**400, None, "no score: it raised OverflowError"),
        (3, 3.0, "3"),
        (-0.5, -0.5, "-0.5"),
    ],
)
async def test_a_scorer_that_misbehaves_is_noted(answer: Any, value: float | None, said: str) -> None:
    """It breaks nothing: the others still score."""
    judges: dict[str, Scorer] = {"odd": Odd(answer), "words": Length()}

    odd, words = await score(judges, WISH, [Output(kind="text", text="one")], [])

    assert (value, None) == (odd.value, odd.passed)
    assert odd.said.startswith(said)
    assert 1.0 == words.value


async def test_a_plain_function_may_answer_later() -> None:
    """What it returns is waited for."""
    (found,) = await score({"odd": Late()}, WISH, [Output(kind="text", text="one")], [])

    assert 0.75 == found.value


async def test_a_long_complaint_is_cut() -> None:
    """A report is no log."""
    (found,) = await score({"odd": Odd(ValueError("x" * 10_000))}, WISH, [Output(kind="text")], [])

    assert 200 == len(found.said)


@pytest.mark.parametrize(
    ("prompt", "text", "share"),
    [
        ("Dark mode is here", "Dark mode, at last", 1.0),
        ("Dark mode is here", "A bright day", 0.0),
        ("Our summer sneakers", "Sneaker of the year", 0.5),
        ("Write a short caption about dark mode", "#DarkMode", 1.0),
        ("Say it", "It is said", None),
        ("Dark mode", None, None),
    ],
)
def test_prompt_words_are_the_share_that_the_text_takes_up(prompt: str, text: str | None, share: float | None) -> None:
    """Words that only say how to write do not count."""
    assert share == PromptWords().score(TextRequest(prompt=prompt), Output(kind="text", text=text), None)


def test_prompt_words_take_the_title_and_the_tags_too() -> None:
    """And say nothing of pictures, nor of requests without a prompt."""
    judge = PromptWords()
    spread = Output(kind="text", title="Dark", text="it is", hashtags=("#Mode",))

    assert 1.0 == judge.score(TextRequest(prompt="Dark mode"), spread, None)
    assert judge.score(ImageRequest(prompt="Dark mode"), Output(kind="image", title="Dark"), None) is None
    assert judge.score(SpeechRequest(script="Dark mode"), spread, None) is None
