"""What a hub knows of its accounts' health, and whether a routed submit may go to one (pure, on a fake clock)."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import genhub._errors as errors
from genhub._clock import moment
from genhub._errors import (
    AuthenticationError,
    BadResponse,
    GenhubError,
    InsufficientCredits,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
    SubmissionUnknown,
)
from genhub.routing._breaker import Breaker, BreakerState, Tuning
from genhub.routing._health import LONGEST_HOLD, LOOK_EVERY, Healths
from genhub.routing._verdict import AccountHealth, HealthChange, Parked, Shut, Verdict, of_error, of_read, reason
from genhub.testing import FakeClock

DOWN = ProviderUnavailable("connection refused", account="acme")
BROKE = InsufficientCredits("too few credits", account="acme", http_status=402)
BAD_REQUEST = InvalidRequest("no such size", account="acme")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class World:
    """Two accounts, a clock, and what was heard."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.heard: list[HealthChange] = []
        self.healths = Healths(("acme", "other"), self.clock, heard=self.heard.append, **options)

    def changes(self) -> list[tuple[str, str, str, str]]:
        """Take what was heard since the last time."""
        heard, self.heard[:] = list(self.heard), []
        return [(each.account, each.what, each.old, each.new) for each in heard]

    def refuse(self, error: Exception, times: int = 1) -> None:
        for _ in range(times):
            self.healths.refused("acme", error)

    def fail_reads(self, error: Exception, times: int = 1) -> None:
        for _ in range(times):
            self.healths.read_failed("acme", error)

    def retry_in(self) -> float | None:
        """Of a refusal that there is to be."""
        shut = self.healths.refusal("acme")
        assert shut is not None
        return shut.retry_in

    def reborn(self) -> Healths:
        """A later process with the same journal."""
        healths = Healths(("acme", "other"), self.clock)
        healths.restore(json.loads(json.dumps(self.healths.facts())))
        return healths


@pytest.fixture
def world() -> World:
    return World()


# Verdicts.


def _all_errors() -> list[GenhubError]:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, GenhubError)]
    return [each("x", [GenhubError("y")]) if issubclass(each, ExceptionGroup) else each("x") for each in classes]


def test_each_error_has_its_verdict() -> None:
    """A new error of genhub's is nobody's fault until somebody says so here."""
    said = {type(each).__name__: of_error(each) for each in _all_errors()}

    assert {"InsufficientCredits"} == {name for name, verdict in said.items() if verdict is Verdict.BROKE}
    assert {"RateLimited"} == {name for name, verdict in said.items() if verdict is Verdict.LIMITED}
    bad = {"ProviderUnavailable", "AuthenticationError", "PermissionDenied", "SubmissionUnknown", "BadResponse"}
    assert bad == {name for name, verdict in said.items() if verdict is Verdict.BAD}
    assert Verdict.NEUTRAL is said["InvalidRequest"]
    assert not [name for name, verdict in said.items() if verdict is Verdict.GOOD]
    assert {Verdict.BAD} == {of_error(KeyError("id")), of_error(TimeoutError())}


def test_each_error_of_a_read_has_its_verdict() -> None:
    """A job that is not there, or too many reads, say nothing of the account."""
    bad = {type(each).__name__ for each in _all_errors() if of_read(each) is Verdict.BAD}

    assert {"ProviderUnavailable", "AuthenticationError", "PermissionDenied", "BadResponse"} == bad
    assert {Verdict.NEUTRAL} == {of_read(each) for each in (NotFound("x"), RateLimited("x"), BROKE, KeyError("id"))}


def test_a_subclass_is_judged_as_its_class() -> None:
    """An adapter's own errors need no entry anywhere."""

    class Drained(InsufficientCredits):
        pass

    assert Verdict.BROKE is of_error(Drained("x"))


def test_a_reason_is_one_short_line() -> None:
    """Without the account's name, which stands beside it; a foreign exception's text is not trusted."""
    assert "connection refused" == reason("acme", DOWN)
    assert "a b (503)" == reason("acme", ProviderUnavailable("a\n b", account="acme", http_status=503))
    assert "KeyError" == reason("acme", KeyError("sk-secret"))
    assert "GenhubError" == reason("acme", GenhubError())
    assert 200 == len(reason("acme", ProviderUnavailable("x" * 1000)))


# Submits.


def test_a_new_account_is_well(world: World) -> None:
    """And may be used."""
    health = world.healths.state("acme")

    assert (True, ("well",), "well") == (health.ok, health.words, health.said)
    assert world.healths.refusal("acme") is None
    assert 0.0 == world.healths.reads_allowed("acme")
    assert ({}, False) == (world.healths.facts(), world.healths.unsaved)


BAD_NEWS: list[Callable[[Healths], None]] = [
    lambda healths: healths.refused("acme", DOWN),
    lambda healths: healths.refused("acme", AuthenticationError("401")),
    lambda healths: healths.refused("acme", PermissionDenied("403")),
    lambda healths: healths.refused("acme", BadResponse("html")),
    lambda healths: healths.refused("acme", SubmissionUnknown("lost")),
    lambda healths: healths.refused("acme", KeyError("id")),
    lambda healths: healths.doubted("acme", "the answer was lost"),
    lambda healths: healths.ended("acme", False, "expired"),
]


@pytest.mark.parametrize("news", BAD_NEWS)
def test_three_bad_submits_shut_an_account(world: World, news: Callable[[Healths], None]) -> None:
    """Whatever is bad counts, and the change is heard once."""
    news(world.healths)
    news(world.healths)
    assert ([], None) == (world.changes(), world.healths.refusal("acme"))
    assert not world.healths.unsaved

    news(world.healths)
    assert [("acme", "submits", "closed", "open")] == world.changes()
    shut = world.healths.refusal("acme")
    assert shut is not None
    assert (30.0, True) == (shut.retry_in, shut.why.startswith("submits: open until 00:00:30 UTC after 3 failures ("))
    assert (False, True) == (world.healths.state("acme").ok, world.healths.unsaved)
    assert world.healths.refusal("other") is None

    news(world.healths)
    assert [] == world.changes()


GOOD_NEWS: list[Callable[[Healths], None]] = [
    lambda healths: healths.submitted("acme"),
    lambda healths: healths.ended("acme", True, "succeeded"),
]


@pytest.mark.parametrize("news", GOOD_NEWS)
def test_good_news_starts_the_count_anew(world: World, news: Callable[[Healths], None]) -> None:
    """And closes an account on whose probe it comes."""
    world.refuse(DOWN, 2)
    news(world.healths)
    world.refuse(DOWN, 2)
    assert [] == world.changes()

    world.refuse(DOWN)
    news(world.healths)  # of a job from before
    assert [("acme", "submits", "closed", "open")] == world.changes()
    world.clock.advance(30)
    world.healths.let_through("acme")
    assert Shut(
        account="acme",
        why="submits: half open after 3 failures (connection refused): one call is out to see",
        retry_in=120.0,
    ) == world.healths.refusal("acme")
    news(world.healths)
    assert [("acme", "submits", "open", "half_open"), ("acme", "submits", "half_open", "closed")] == world.changes()
    assert ({}, True) == (world.healths.facts(), world.healths.state("acme").ok)


def test_a_request_that_is_at_fault_says_nothing_of_the_account(world: World) -> None:
    """It counts neither way, and a probe that met it leaves the next one free."""
    world.refuse(DOWN, 2)
    world.refuse(BAD_REQUEST, 5)
    world.refuse(DOWN)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.refuse(BAD_REQUEST)

    assert [("closed", "open"), ("open", "half_open"), ("half_open", "open")] == [each[2:] for each in world.changes()]
    assert world.healths.refusal("acme") is None


def test_a_probe_that_was_never_sent_is_given_back(world: World) -> None:
    """A budget, say, held it back after it was let through."""
    world.refuse(DOWN, 3)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.healths.passed("acme")

    assert world.healths.refusal("acme") is None
    assert BreakerState.OPEN is world.healths.state("acme").submits.state


def test_a_reason_names_what_happened(world: World) -> None:
    """The one who hears of a change need not look anywhere else."""
    world.refuse(DOWN, 3)

    assert [HealthChange(account="acme", what="submits", old="closed", new="open", why="connection refused")] == (
        world.heard
    )


def test_it_is_tuned_by_its_owner() -> None:
    """The numbers are an argument."""
    world = World(tuning=Tuning(failures=1, pause=5))
    world.refuse(DOWN)

    assert 5.0 == world.retry_in()


# Limits.


@pytest.mark.parametrize(
    ("said", "held"),
    [(None, 1.0), (0, 1.0), (-5, 1.0), (math.nan, 1.0), (12.5, 12.5), (1e9, LONGEST_HOLD), (math.inf, LONGEST_HOLD)],
)
def test_a_limit_holds_as_long_as_the_vendor_says(world: World, said: float | None, held: float) -> None:
    """A second when it does not say, never more than an hour, and it is no failure."""
    world.refuse(RateLimited("slow down", retry_after=said), 10)

    assert Shut(account="acme", why="the vendor said to wait", retry_in=held) == world.healths.refusal("acme")
    assert ([], 0) == (world.changes(), world.healths.state("acme").submits.failures)
    assert ({}, False) == (world.healths.facts(), world.healths.unsaved)
    world.clock.advance(held)
    assert world.healths.refusal("acme") is None
    assert world.healths.state("acme").ok


def test_a_longer_hold_stays(world: World) -> None:
    """A second refusal does not shorten the first."""
    world.refuse(RateLimited("slow down", retry_after=60))
    world.refuse(RateLimited("slow down", retry_after=2))
    assert 60.0 == world.retry_in()

    world.refuse(RateLimited("slow down", retry_after=90))
    assert 90.0 == world.retry_in()


def test_a_hold_does_not_mind_a_clock_that_is_set(world: World) -> None:
    """It is measured on the clock that only goes forward."""
    world.refuse(RateLimited("slow down", retry_after=60))
    world.clock.jump(-86_400)
    assert 60.0 == world.retry_in()
    world.clock.jump(2 * 86_400)
    assert 60.0 == world.retry_in()
    assert datetime(2026, 3, 2, 0, 1, tzinfo=UTC) == world.healths.state("acme").held_until


def test_a_probe_that_is_limited_leaves_the_next_one_free(world: World) -> None:
    """After the hold; the breaker has heard nothing bad."""
    world.refuse(DOWN, 3)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.refuse(RateLimited("slow down", retry_after=5))

    assert Shut(account="acme", why="the vendor said to wait", retry_in=5.0) == world.healths.refusal("acme")
    assert 1 == world.healths.state("acme").submits.trips


# Credits.


def test_an_account_without_credits_gets_nothing_until_its_balance_rises(world: World) -> None:
    """Time alone does not help; no time is promised."""
    world.healths.balance("acme", Decimal(3))
    world.refuse(BROKE)
    assert [HealthChange(account="acme", what="credits", old="free", new="parked", why="too few credits (402)")] == (
        world.heard
    )
    assert world.healths.unsaved
    world.clock.advance(1e6)
    assert Shut(account="acme", why="out of credits since 2026-03-01 00:00:00 UTC (balance 3)", retry_in=None) == (
        world.healths.refusal("acme")
    )

    world.changes()
    world.healths.saved()
    world.healths.balance("acme", Decimal("3.00"))
    assert ([], False) == (world.changes(), world.healths.unsaved)
    world.healths.balance("acme", Decimal("3.01"))
    assert ([("acme", "credits", "parked", "free")], True) == (world.changes(), world.healths.unsaved)
    assert world.healths.refusal("acme") is None
    assert world.healths.state("acme").ok


def test_a_lower_balance_is_the_new_mark(world: World) -> None:
    """Parked at 10, seen at 4, then at 6: that is a rise."""
    world.healths.balance("acme", Decimal(10))
    world.refuse(BROKE)
    world.healths.saved()
    world.healths.balance("acme", Decimal(4))
    assert world.healths.state("acme").parked == Parked(since=NOW, balance=Decimal(4))
    assert world.healths.unsaved

    world.healths.balance("acme", Decimal(6))
    assert world.healths.state("acme").parked is None


def test_the_first_balance_is_the_mark_when_none_was_seen(world: World) -> None:
    """It proves nothing by itself; the next that is higher does."""
    world.refuse(BROKE)
    assert Parked(since=NOW) == world.healths.state("acme").parked
    world.healths.balance("acme", Decimal(50))
    assert Parked(since=NOW, balance=Decimal(50)) == world.healths.state("acme").parked

    world.healths.balance("acme", Decimal(51))
    assert world.healths.state("acme").parked is None


def test_a_balance_that_is_no_number_is_no_news(world: World) -> None:
    """Neither a mark nor a rise."""
    world.refuse(BROKE)
    for nonsense in ("NaN", "sNaN", "Infinity"):
        world.healths.balance("acme", Decimal(nonsense))

    assert Parked(since=NOW) == world.healths.state("acme").parked


def test_running_out_again_is_heard_again_and_only_once_each_time(world: World) -> None:
    """Refusals of calls that were on their way are no new event, and do not move the beginning."""
    world.refuse(BROKE)
    world.clock.advance(5)
    world.refuse(BROKE, 3)
    assert [("acme", "credits", "free", "parked")] == world.changes()
    assert Parked(since=NOW) == world.healths.state("acme").parked

    world.healths.balance("acme", Decimal(1))
    world.healths.balance("acme", Decimal(2))
    world.refuse(BROKE)
    assert [("acme", "credits", "parked", "free"), ("acme", "credits", "free", "parked")] == world.changes()
    assert Parked(since=moment(world.clock), balance=Decimal(2)) == world.healths.state("acme").parked


def test_running_out_is_no_failure_of_the_breaker(world: World) -> None:
    """A probe that met it leaves the next one free; success does not unpark."""
    world.refuse(DOWN, 3)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.refuse(BROKE)
    health = world.healths.state("acme")
    assert (BreakerState.OPEN, 1) == (health.submits.state, health.submits.trips)

    world.healths.submitted("acme")
    assert world.healths.state("acme").parked is not None


def test_a_look_is_wanted_now_and_then(world: World) -> None:
    """At once, and again when the last one is thirty seconds ago; of one that has credits never."""
    world.healths.looking("acme")
    assert not world.healths.wants_look("acme")
    world.refuse(BROKE)
    assert (True, False) == (world.healths.wants_look("acme"), world.healths.wants_look("other"))

    world.healths.looking("acme")
    assert not world.healths.wants_look("acme")
    world.clock.advance(LOOK_EVERY - 1)
    assert not world.healths.wants_look("acme")
    world.clock.advance(1)
    assert world.healths.wants_look("acme")
    world.healths.looking("acme")
    assert Parked(since=NOW, looked_at=world.clock.time()) == world.healths.state("acme").parked
    world.clock.jump(-3600)
    assert world.healths.wants_look("acme")


# Reads.


def test_reads_have_a_breaker_of_their_own(world: World) -> None:
    """Three that fail hold back the reads, and routed submits whose jobs nobody could read."""
    world.fail_reads(DOWN, 3)

    assert [("acme", "polls", "closed", "open")] == world.changes()
    assert (30.0, 0.0) == (world.healths.reads_allowed("acme"), world.healths.reads_allowed("other"))
    assert BreakerState.CLOSED is world.healths.state("acme").submits.state
    why = "its jobs can't be read: open until 00:00:30 UTC after 3 failures (connection refused)"
    assert Shut(account="acme", why=why, retry_in=30.0) == world.healths.refusal("acme")


def test_a_read_probes_when_it_is_due(world: World) -> None:
    """One, and what it says decides."""
    world.fail_reads(DOWN, 3)
    world.clock.advance(30)
    assert 0.0 == world.healths.reads_allowed("acme")
    assert world.healths.refusal("acme") is None
    world.healths.read_through("acme")
    assert 120.0 == world.healths.reads_allowed("acme")
    world.fail_reads(DOWN)
    assert 60.0 == world.healths.reads_allowed("acme")

    world.clock.advance(60)
    world.healths.read_through("acme")
    world.fail_reads(NotFound("no such job"))
    assert 0.0 == world.healths.reads_allowed("acme")
    world.healths.read_through("acme")
    world.healths.read("acme")
    assert (0.0, True) == (world.healths.reads_allowed("acme"), world.healths.state("acme").ok)


def test_submits_that_go_well_do_not_excuse_reads_that_fail(world: World) -> None:
    """Nor the other way round."""
    for _ in range(3):
        world.fail_reads(DOWN)
        world.healths.submitted("acme")
        world.refuse(DOWN)
        world.healths.read("other")

    assert [("acme", "polls", "closed", "open")] == world.changes()


# All together.


def test_retired_from_the_day_on() -> None:
    """In UTC, and before anything else that could be said."""
    world = World(retires={"acme": date(2026, 3, 2)})
    world.refuse(BROKE)
    world.healths.balance("acme", Decimal(1))
    world.healths.balance("acme", Decimal(2))
    world.clock.advance(86_399)
    assert ("retires on 2026-03-02", True) == (world.healths.state("acme").said, world.healths.state("acme").ok)
    assert world.healths.refusal("acme") is None

    world.clock.advance(1)
    world.refuse(BROKE)
    assert Shut(account="acme", why="retired on 2026-03-02", retry_in=None) == world.healths.refusal("acme")
    assert not world.healths.state("acme").ok
    assert world.healths.state("other").ok


def test_of_several_reasons_the_longest_counts(world: World) -> None:
    """Nobody is told to come back at a time when it is still shut."""
    world.refuse(DOWN, 3)
    world.refuse(RateLimited("slow down", retry_after=45))
    assert Shut(account="acme", why="the vendor said to wait", retry_in=45.0) == world.healths.refusal("acme")
    world.clock.advance(10)
    world.fail_reads(DOWN, 3)
    world.clock.advance(10)
    assert 25.0 == world.retry_in()
    world.refuse(BROKE)
    assert world.retry_in() is None


def test_a_health_says_everything_there_is() -> None:
    """The gravest first, in one line."""
    health = AccountHealth(
        account="acme",
        at=NOW,
        submits=Breaker(state=BreakerState.OPEN, failures=3, until=NOW.timestamp() + 10, trips=1, why="refused"),
        polls=Breaker(failures=1, why="503"),
        parked=Parked(since=NOW),
        held_until=NOW.replace(minute=2),
        retires_on=NOW.date(),
    )

    assert (
        "retired on 2026-03-01; out of credits since 2026-03-01 00:00:00 UTC; "
        "submits: open until 00:00:10 UTC after 3 failures (refused); polls: 1 failure in a row (503); "
        "held until 00:02:00 UTC: the vendor said to wait"
    ) == health.said
    well = AccountHealth(account="acme", at=NOW, submits=Breaker(), polls=Breaker(failures=2))
    assert (True, "polls: 2 failures in a row") == (well.ok, well.said)
    for worse in (
        {"polls": health.submits},
        {"parked": health.parked},
        {"held_until": NOW},
        {"retires_on": NOW.date()},
    ):
        assert not evolve(well, **worse).ok


def test_all_are_told_of(world: World) -> None:
    """By name, in the order in which they were given."""
    world.refuse(DOWN, 3)

    assert [("acme", False), ("other", True)] == [(name, each.ok) for name, each in world.healths.all().items()]
    assert world.healths.state("acme") == world.healths.all()["acme"]


def test_an_account_that_is_not_there_is_a_mistake(world: World) -> None:
    """Not an account that is well."""
    with pytest.raises(KeyError, match="nobody"):
        world.healths.refusal("nobody")


# The journal.


def test_only_changes_of_state_are_worth_writing(world: World) -> None:
    """Not each failure, each read, each balance."""
    world.refuse(DOWN, 2)
    world.fail_reads(DOWN, 2)
    world.healths.balance("acme", Decimal(1))
    world.healths.balance("acme", Decimal(2))
    assert ({}, False) == (world.healths.facts(), world.healths.unsaved)

    world.refuse(DOWN)
    assert (["acme"], True) == (list(world.healths.facts()), world.healths.unsaved)
    world.healths.saved()
    assert not world.healths.unsaved
    world.refuse(DOWN)
    assert not world.healths.unsaved


def test_a_later_process_knows_what_was_shut(world: World) -> None:
    """The pause goes on where it was, and a parked account waits for its rise."""
    world.refuse(DOWN, 3)
    world.fail_reads(DOWN, 3)
    world.healths.balance("acme", Decimal(10))
    world.refuse(BROKE)
    world.healths.looking("acme")
    world.clock.advance(10)
    later = world.reborn()

    assert 20.0 == later.reads_allowed("acme")
    before = world.healths.state("acme")
    assert before.parked is not None
    assert evolve(before, parked=evolve(before.parked, looked_at=None)) == later.state("acme")
    assert (True, False) == (later.wants_look("acme"), later.unsaved)
    later.balance("acme", Decimal(11))
    assert later.state("acme").parked is None


def test_a_probe_that_was_out_when_the_process_died_is_due(world: World) -> None:
    """Nobody will say how it went."""
    world.refuse(DOWN, 3)
    world.clock.advance(30)
    world.healths.let_through("acme")
    later = world.reborn()

    assert later.refusal("acme") is None
    assert BreakerState.OPEN is later.state("acme").submits.state


def test_a_clock_that_was_set_back_between_two_processes_locks_nobody(world: World) -> None:
    """A pause that lies further ahead than any is long is over."""
    world.refuse(DOWN, 3)
    world.clock.jump(-86_400)
    later = world.reborn()

    assert later.refusal("acme") is None
    assert "open after 3 failures (connection refused): the next call will see" in later.state("acme").said


def test_a_pause_that_was_not_believed_does_not_come_back(world: World) -> None:
    """The clock was set back, somebody looked, nobody called; later the pause would be within reach again."""
    world.refuse(DOWN, 3)
    world.clock.jump(-1000)
    assert world.healths.refusal("acme") is None
    world.clock.advance(500)

    assert world.healths.refusal("acme") is None


def test_what_is_kept_of_others_is_ignored(world: World) -> None:
    """An account that was renamed, or is in another file."""
    world.refuse(BROKE)
    later = Healths(("other",), world.clock)
    later.restore(world.healths.facts())

    assert later.state("other").ok
    assert ["other"] == list(later.all())


EVENTS: dict[str, Callable[[Healths, str], None]] = {
    "submitted": lambda healths, name: healths.submitted(name),
    "down": lambda healths, name: healths.refused(name, DOWN),
    "at fault": lambda healths, name: healths.refused(name, BAD_REQUEST),
    "limited": lambda healths, name: healths.refused(name, RateLimited("slow", retry_after=7)),
    "broke": lambda healths, name: healths.refused(name, BROKE),
    "let through": lambda healths, name: healths.let_through(name),
    "read": lambda healths, name: healths.read(name),
    "read failed": lambda healths, name: healths.read_failed(name, DOWN),
    "read through": lambda healths, name: healths.read_through(name),
    "looking": lambda healths, name: healths.looking(name),
}
events = st.tuples(
    st.sampled_from(["acme", "other"]),
    st.one_of(st.sampled_from(sorted(EVENTS)), st.decimals(-5, 100, allow_nan=False)),
    st.floats(0, 60),
)
courses = st.lists(events, max_size=60)


def _run(course: list[tuple[str, str | Decimal, float]]) -> World:
    world = World(tuning=Tuning(failures=2))
    for name, event, later in course:
        if isinstance(event, Decimal):
            world.healths.balance(name, event)
        else:
            EVENTS[event](world.healths, name)
        world.clock.advance(later)
    return world


@settings(deadline=None)
@given(courses)
def test_facts_come_back_as_they_were(course: list[tuple[str, str | Decimal, float]]) -> None:
    """Through JSON; apart from probes, holds, looks and counts, which end with the process."""
    world = _run(course)
    later = world.reborn()

    for name, before in world.healths.all().items():
        after = later.state(name)
        for was, now in ((before.submits, after.submits), (before.polls, after.polls)):
            match was.state:
                case BreakerState.CLOSED:
                    assert Breaker() == now
                case BreakerState.OPEN:
                    assert was == now
                case BreakerState.HALF_OPEN:
                    assert evolve(was, state=BreakerState.OPEN, probe_until=0.0) == now
        old, new = before.parked, after.parked
        assert (old and (old.since, old.balance)) == (new and (new.since, new.balance))
        assert after.held_until is None
    again = Healths(("acme", "other"), world.clock)
    again.restore(later.facts())
    assert (later.facts(), later.all()) == (again.facts(), again.all())


@settings(deadline=None)
@given(courses)
def test_changes_follow_one_another(course: list[tuple[str, str | Decimal, float]]) -> None:
    """Each begins where the one before it ended, the last ends where the account stands, and all can be said."""
    world = _run(course)
    stands = {(name, what): "closed" for name in ("acme", "other") for what in ("submits", "polls")}
    stands |= {(name, "credits"): "free" for name in ("acme", "other")}
    for each in world.heard:
        assert (stands[each.account, each.what], True) == (each.old, each.old != each.new)
        assert each.why
        stands[each.account, each.what] = each.new

    for name, health in world.healths.all().items():
        assert (stands[name, "submits"], stands[name, "polls"]) == (health.submits.state, health.polls.state)
        assert (stands[name, "credits"] == "parked") == (health.parked is not None)
        assert health.said
        if (shut := world.healths.refusal(name)) is not None:
            assert not health.ok
            assert shut.retry_in is None or 0 < shut.retry_in <= LONGEST_HOLD
    assert world.healths.unsaved == bool(world.heard)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-01T00:00:00"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["since", "balance", "state", "until", "why", "failures"]), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(courses, st.data())
def test_what_cannot_be_read_is_ignored(course: list[tuple[str, str | Decimal, float]], data: st.DataObject) -> None:
    """Anything at all may stand in the journal: nothing is raised then or later, and nobody is locked out."""
    world = _run(course)
    facts: Any = world.healths.facts()
    for account in facts.values():
        for kept in account.values():
            for key in data.draw(st.sets(st.sampled_from(sorted(kept)))):
                kept[key] = data.draw(plain)
    later = Healths(("acme", "other"), world.clock)
    later.restore(data.draw(st.one_of(st.just(facts), plain, st.dictionaries(st.just("acme"), plain))))

    for name, health in later.all().items():
        assert health.said
        later.refusal(name)
        assert 0 <= later.reads_allowed(name) <= Tuning().longest
        later.balance(name, Decimal(1))
        later.balance(name, Decimal(2))
        assert later.state(name).parked is None or health.parked is not None
        json.dumps(later.facts())


@pytest.mark.parametrize(
    "credit",
    [
        {},
        {"since": "2026-03-01T00:00:00", "balance": None},
        {"since": "yesterday", "balance": None},
        {"since": "0001-01-01T00:00:00+12:00", "balance": None},
        {"since": "2026-03-01T00:00:00+00:00", "balance": "NaN"},
        {"since": "2026-03-01T00:00:00+00:00", "balance": "much"},
        {"since": "2026-03-01T00:00:00+00:00"},
        {"since": 5, "balance": None},
        [],
        "x",
    ],
    ids=str,
)
def test_a_parking_that_cannot_be_read_is_ignored(world: World, credit: Any) -> None:
    """What else is known of the account is kept."""
    world.fail_reads(DOWN, 3)
    facts = world.healths.facts()
    facts["acme"]["credits"] = credit
    later = Healths(("acme",), world.clock)
    later.restore(facts)

    assert later.state("acme").parked is None
    assert 30.0 == later.reads_allowed("acme")
