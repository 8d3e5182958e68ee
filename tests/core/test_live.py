"""Jobs in hand: their attempts, and those who watch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from genhub import Attempt, Job, TextRequest
from genhub._live import Live

AT = datetime(2026, 11, 26, tzinfo=UTC)


def attempt(number: int) -> Attempt:
    return Attempt(
        id=f"j.{number}", job_id="j", number=number, account="main", provider="p", kind="k", unit="u", created_at=AT
    )


@pytest.fixture
def live() -> Live:
    """A job of two attempts."""
    request = TextRequest(prompt="soup")
    return Live(Job(id="j", request=request, created_at=AT, attempts=(attempt(1), attempt(2))))


def test_an_attempt_is_taken_in_hand_once(live: Live) -> None:
    """Whoever asks for an attempt gets the same one, whichever was asked for first; what is not written yet too."""
    second, third = live.pursue(2), live.pursue(3, "spare")
    first = live.pursue(1)

    assert (second, third, first) == live.pursuits
    assert [live.pursue(number) for number in (1, 2, 3)] == [first, second, third]
    assert ["main", "main", "spare"] == [each.account for each in (first, second, third)]
    assert live.present is second


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_attempt_that_did_not_begin_is_let_go(live: Live, number: int) -> None:
    """The others stay in hand, whichever it was; asked for again it is a new one."""
    hands = {each: live.pursue(each, "main") for each in (1, 2, 3)}

    live.let_go(hands[number])

    assert {each for each in hands.values() if each is not hands[number]} == set(live.pursuits)
    again = live.pursue(number, "main")
    assert again is not hands[number]
    assert {again, *(each for each in hands.values() if each.number != number)} == set(live.pursuits)


def test_nobody_is_in_hand_at_first(live: Live) -> None:
    """A job that was only read has no attempt in hand, and none on its way."""
    assert ((), False) == (live.pursuits, live.sending)


def test_who_leaves_is_told_no_more(live: Live) -> None:
    """Of two that watch, each is told until it leaves, and leaving twice changes nothing."""
    told: list[tuple[str, Job]] = []

    def one(job: Job) -> None:
        told.append(("one", job))

    def other(job: Job) -> None:
        told.append(("other", job))

    live.watch(one)
    live.watch(other)
    live.leave(one)
    live.leave(one)
    for watcher in live.watchers:
        watcher(live.job)

    assert [("other", live.job)] == told
