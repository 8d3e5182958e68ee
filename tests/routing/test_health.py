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
from genhub.routing._health import BLIND_PAUSE, LONGEST_HOLD, LOOK_EVERY, TUNINGS, Healths
from genhub.routing._verdict import AccountHealth, HealthChange, Parked, Shut, Verdict, of_error, of_read, reason
from genhub.testing import FakeClock

DOWN = ProviderUnavailable("connection refused", account="acme")
BROKE = InsufficientCredits("too few credits", account="acme", http_status=402)
BAD_REQUEST = InvalidRequest("no such size", account="acme")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
OUT = "out of credits since 2026-03-01 00:00:00 UTC"


class World:
    """Two accounts, a clock, and what was heard."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.options = options
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

    def fail_jobs(self, times: int = 1) -> None:
        for _ in range(times):
            self.healths.ended("acme", False, "expired")

    def probe_jobs(self) -> None:
        """Jobs failed, the pause is over, and a submit goes."""
        self.fail_jobs(5)
        self.clock.advance(30)
        self.healths.let_through("acme")
        self.changes()

    def shut(self) -> Shut:
        """A refusal that there is to be."""
        shut = self.healths.refusal("acme")
        assert shut is not None
        return shut

    def retry_in(self) -> float | None:
        return self.shut().retry_in

    def reborn(self) -> Healths:
        """A later process with the same journal."""
        healths = Healths(("acme", "other"), self.clock, **self.options)
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
]


@pytest.mark.parametrize("news", BAD_NEWS)
def test_three_bad_submits_shut_an_account(world: World, news: Callable[[Healths], None]) -> None:
    """Whatever is bad counts, and the change is heard once."""
    news(world.healths)
    news(world.healths)
    assert ([], None) == (world.changes(), world.healths.refusal("acme"))

    news(world.healths)
    assert [("acme", "submits", "closed", "open")] == world.changes()
    shut = world.shut()
    assert (30.0, True) == (shut.retry_in, shut.why.startswith("submits: open until 00:00:30 UTC after 3 failures ("))
    assert (False, True) == (world.healths.state("acme").ok, world.healths.unsaved)
    assert world.healths.refusal("other") is None

    news(world.healths)
    assert [] == world.changes()


def test_a_job_that_is_accepted_starts_the_count_anew(world: World) -> None:
    """And closes an account on whose probe it comes."""
    world.refuse(DOWN, 2)
    world.healths.submitted("acme")
    world.refuse(DOWN, 2)
    assert [] == world.changes()

    world.refuse(DOWN)
    world.healths.submitted("acme")  # sent before
    assert [("acme", "submits", "closed", "open")] == world.changes()
    world.clock.advance(30)
    world.healths.let_through("acme")
    assert Shut(
        account="acme",
        why="submits: half open after 3 failures (connection refused): one call is out to see",
        retry_in=120.0,
    ) == world.healths.refusal("acme")
    world.healths.submitted("acme")
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
    world.fail_jobs(5)
    world.clock.advance(30)
    world.healths.let_through("acme")
    health = world.healths.state("acme")
    assert (BreakerState.HALF_OPEN, BreakerState.HALF_OPEN) == (health.submits.state, health.work.state)
    world.healths.passed("acme")

    assert world.healths.refusal("acme") is None
    health = world.healths.state("acme")
    assert (BreakerState.OPEN, BreakerState.OPEN) == (health.submits.state, health.work.state)


def test_a_reason_names_what_happened(world: World) -> None:
    """The one who hears of a change need not look anywhere else."""
    world.refuse(DOWN, 3)

    assert [HealthChange(account="acme", what="submits", old="closed", new="open", why="connection refused")] == (
        world.heard
    )


# Tunings.


FAILURES: dict[str, Callable[[World], None]] = {
    "submits": lambda world: world.refuse(DOWN),
    "work": lambda world: world.fail_jobs(),
    "polls": lambda world: world.fail_reads(DOWN),
}


@pytest.mark.parametrize(
    ("what", "failures", "pauses"),
    [
        ("submits", 3, [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]),
        ("work", 5, [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]),
        ("polls", 5, [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]),
    ],
)
def test_each_breaker_has_its_tuning(world: World, what: str, failures: int, pauses: list[float]) -> None:
    """Reads bear more failures, and are held back for less long: they cost nothing, and paid jobs wait for them."""
    fail = FAILURES[what]
    for _ in range(failures - 1):
        fail(world)
    assert [] == world.changes()

    seen: list[float | None] = []
    for _ in pauses:
        fail(world)
        seen.append(world.retry_in())
        world.clock.advance(seen[-1] or 0.0)
        world.healths.let_through("acme")
        world.healths.read_through("acme")
    assert pauses == seen
    assert {what} == {each[1] for each in world.changes()}


@pytest.mark.parametrize("what", FAILURES)
def test_all_are_tuned_by_their_owner(what: str) -> None:
    """One argument in place of the numbers of all three."""
    world = World(tuning=Tuning(failures=1, pause=7, longest=9))
    FAILURES[what](world)
    assert [("acme", what, "closed", "open")] == world.changes()
    assert 7.0 == world.retry_in()

    world.clock.advance(7)
    world.healths.let_through("acme")
    world.healths.read_through("acme")
    FAILURES[what](world)
    assert 9.0 == world.retry_in()


# Jobs.


def test_five_jobs_that_fail_shut_an_account(world: World) -> None:
    """Although it accepts whatever it is sent; the change is heard once."""
    for _ in range(4):
        world.healths.submitted("acme")
        world.fail_jobs()
    assert ([], None) == (world.changes(), world.healths.refusal("acme"))

    world.healths.submitted("acme")
    world.fail_jobs()
    assert [HealthChange(account="acme", what="work", old="closed", new="open", why="expired")] == world.heard
    why = "jobs: open until 00:00:30 UTC after 5 failures (expired)"
    assert Shut(account="acme", why=why, retry_in=30.0) == world.healths.refusal("acme")
    health = world.healths.state("acme")
    assert (False, why, True) == (health.ok, health.said, world.healths.unsaved)
    assert Breaker() == world.healths.state("acme").submits
    assert world.healths.refusal("other") is None

    world.changes()
    world.fail_jobs(5)  # of before
    world.healths.ended("acme", True, "succeeded")
    assert ([], 30.0) == (world.changes(), world.retry_in())


def test_a_job_that_succeeds_starts_the_count_of_jobs_anew(world: World) -> None:
    """And no other: it says nothing of submits, nor an accepted submit of jobs."""
    world.fail_jobs(4)
    world.healths.ended("acme", True, "succeeded")
    world.fail_jobs(4)
    assert [] == world.changes()

    world.refuse(DOWN, 2)
    world.healths.ended("acme", True, "succeeded")
    assert (2, 0) == (world.healths.state("acme").submits.failures, world.healths.state("acme").work.failures)
    world.fail_jobs(4)
    world.healths.submitted("acme")
    assert (0, 4) == (world.healths.state("acme").submits.failures, world.healths.state("acme").work.failures)


def test_one_submit_goes_to_see_how_its_job_ends(world: World) -> None:
    """That it is accepted lets nobody follow; that its job succeeds lets everybody."""
    world.fail_jobs(5)
    world.clock.advance(30)
    assert world.healths.refusal("acme") is None
    world.healths.let_through("acme")
    why = "jobs: half open after 5 failures (expired): one call is out to see"
    assert Shut(account="acme", why=why, retry_in=120.0) == world.healths.refusal("acme")
    world.healths.submitted("acme")
    world.clock.advance(60)
    assert Shut(account="acme", why=why, retry_in=60.0) == world.healths.refusal("acme")

    world.healths.ended("acme", True, "succeeded")
    assert world.healths.refusal("acme") is None
    assert ["open", "half_open", "closed"] == [new for _, _, _, new in world.changes()]
    assert ({}, True) == (world.healths.facts(), world.healths.state("acme").ok)


def test_a_job_that_was_to_see_and_fails_doubles_the_pause(world: World) -> None:
    """One failure is enough then."""
    world.probe_jobs()
    world.healths.submitted("acme")
    world.fail_jobs()

    assert [("acme", "work", "half_open", "open")] == world.changes()
    assert 60.0 == world.retry_in()


def test_a_job_that_was_to_see_and_takes_too_long_is_followed_by_another(world: World) -> None:
    """By one, which is given as much time; what either says when it ends still counts."""
    world.probe_jobs()
    world.healths.submitted("acme")
    world.clock.advance(119)
    assert 1.0 == world.retry_in()
    world.clock.advance(1)
    assert world.healths.refusal("acme") is None
    world.healths.let_through("acme")
    assert 120.0 == world.retry_in()

    world.refuse(BAD_REQUEST)  # the first one's acceptance does not hold the second one's place
    assert world.healths.refusal("acme") is None
    world.healths.let_through("acme")
    world.healths.submitted("acme")
    world.healths.ended("acme", True, "succeeded")  # the first one
    assert world.healths.state("acme").ok


@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        AuthenticationError("401"),
        PermissionDenied("403"),
        BadResponse("html"),
        KeyError("id"),
        BAD_REQUEST,
        BROKE,
        RateLimited("slow down", retry_after=5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_submit_that_was_to_see_and_is_refused_has_no_job(world: World, error: Exception) -> None:
    """Whatever it says of submits, the next one may see how a job ends: nothing was heard of that."""
    world.probe_jobs()
    world.refuse(error)

    work = world.healths.state("acme").work
    assert (BreakerState.OPEN, 1, 5) == (work.state, work.trips, work.failures)
    assert work.allows(world.clock.time(), Tuning())
    assert ("acme", "work", "half_open", "open") in world.changes()


@pytest.mark.parametrize(
    "lose",
    [
        lambda healths: healths.doubted("acme", "the answer was lost"),
        lambda healths: healths.refused("acme", SubmissionUnknown("the answer was lost")),
    ],
    ids=["doubted", "refused"],
)
def test_a_submit_that_was_to_see_and_is_in_doubt_may_have_a_job(world: World, lose: Callable[[Healths], None]) -> None:
    """Whose end is waited for, as long as for any."""
    world.probe_jobs()
    lose(world.healths)
    world.healths.passed("acme")
    assert Breaker(failures=1, why="the answer was lost") == world.healths.state("acme").submits
    assert 120.0 == world.retry_in()

    world.healths.ended("acme", True, "succeeded")
    assert BreakerState.CLOSED is world.healths.state("acme").work.state


OTHERS: dict[str, Callable[[Healths], None]] = {
    "at fault": lambda healths: healths.refused("acme", BAD_REQUEST),
    "down": lambda healths: healths.refused("acme", DOWN),
    "limited": lambda healths: healths.refused("acme", RateLimited("slow down", retry_after=5)),
    "broke": lambda healths: healths.refused("acme", BROKE),
    "in doubt": lambda healths: healths.doubted("acme", "the answer was lost"),
    "never sent": lambda healths: healths.passed("acme"),
    "accepted": lambda healths: healths.submitted("acme"),
    "a read": lambda healths: healths.read("acme"),
    "a failed read": lambda healths: healths.read_failed("acme", DOWN),
}


@pytest.mark.parametrize("other", OTHERS)
def test_no_other_submit_frees_the_place_of_the_job_that_is_to_see(world: World, other: str) -> None:
    """One that names its account goes there at any time, and is refused at any time: that says nothing of the job."""
    world.probe_jobs()
    world.healths.submitted("acme")
    before = world.healths.state("acme").work
    world.clock.advance(1)
    world.healths.let_through("acme")
    OTHERS[other](world.healths)

    assert before == world.healths.state("acme").work
    assert world.healths.refusal("acme") is not None
    world.clock.advance(118.5)
    assert world.healths.refusal("acme") is not None
    assert not [each for each in world.changes() if each[1] == "work"]


def test_one_submit_probes_both_how_it_is_taken_and_how_its_job_ends(world: World) -> None:
    """What is accepted opens the way for submits, and the job is waited for all the same."""
    world.refuse(DOWN, 3)
    world.fail_jobs(5)
    world.clock.advance(30)
    world.changes()
    world.healths.let_through("acme")
    assert [("acme", "submits", "open", "half_open"), ("acme", "work", "open", "half_open")] == world.changes()
    world.healths.submitted("acme")
    assert [("acme", "submits", "half_open", "closed")] == world.changes()
    assert (True, 120.0) == (world.shut().why.startswith("jobs: half open after 5 failures"), world.retry_in())


def test_a_probe_of_both_that_is_refused_tells_of_submits_alone(world: World) -> None:
    """The pause of submits doubles; after it the next one probes both."""
    world.refuse(DOWN, 3)
    world.fail_jobs(5)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.refuse(DOWN)
    assert (True, 60.0) == (world.shut().why.startswith("submits: open until 00:01:30 UTC"), world.retry_in())
    world.clock.advance(60)
    assert world.healths.refusal("acme") is None
    world.changes()

    world.healths.let_through("acme")
    assert [("acme", "submits", "open", "half_open"), ("acme", "work", "open", "half_open")] == world.changes()


def test_a_submit_probes_only_what_is_due(world: World) -> None:
    """The pause of jobs goes on beside a probe of submits."""
    world.refuse(DOWN, 3)
    world.clock.advance(10)
    world.fail_jobs(5)
    world.clock.advance(20)
    world.changes()
    world.healths.let_through("acme")

    assert [("acme", "submits", "open", "half_open")] == world.changes()
    assert 10.0 == world.healths.state("acme").work.wait(world.clock.time(), Tuning())


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


def test_the_first_balance_frees_when_none_was_seen(world: World) -> None:
    """Nobody knows whether it rose: it is tried, and a refusal makes it the mark. Nothing is no balance to try."""
    world.refuse(BROKE)
    assert Parked(since=NOW) == world.healths.state("acme").parked
    world.healths.balance("acme", Decimal(50))
    assert world.healths.state("acme").parked is None

    world.refuse(BROKE)
    world.healths.balance("acme", Decimal(50))
    assert Parked(since=NOW, balance=Decimal(50)) == world.healths.state("acme").parked
    world.healths.balance("acme", Decimal(51))
    assert world.healths.state("acme").parked is None

    other = World()
    other.refuse(BROKE)
    other.healths.balance("acme", Decimal(0))
    assert Parked(since=NOW, balance=Decimal(0)) == other.healths.state("acme").parked


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
    """A probe that met it leaves the next one free."""
    world.refuse(DOWN, 3)
    world.clock.advance(30)
    world.healths.let_through("acme")
    world.refuse(BROKE)
    health = world.healths.state("acme")
    assert (BreakerState.OPEN, 1) == (health.submits.state, health.submits.trips)
    assert health.submits.allows(world.clock.time(), Tuning())


def test_a_job_that_is_accepted_frees_an_account_that_was_out_of_credits(world: World) -> None:
    """It has the credits for one, whatever its balance was last; of one that has credits that is no news."""
    world.healths.submitted("acme")
    world.healths.balance("acme", Decimal(3))
    world.refuse(BROKE)
    assert [("acme", "credits", "free", "parked")] == world.changes()
    world.healths.saved()
    world.healths.submitted("acme")

    freed = HealthChange(account="acme", what="credits", old="parked", new="free", why="a job was accepted")
    assert [freed] == world.heard
    assert (True, {}) == (world.healths.unsaved, world.healths.facts())
    assert (None, True) == (world.healths.refusal("acme"), world.healths.state("acme").ok)
    assert not world.healths.wants_look("acme")


def test_an_accepted_job_does_not_free_it_for_ever(world: World) -> None:
    """Out again, it waits for a rise above what was last seen."""
    world.healths.balance("acme", Decimal(3))
    world.refuse(BROKE)
    world.healths.submitted("acme")
    world.clock.advance(5)
    world.refuse(BROKE)
    assert Parked(since=moment(world.clock), balance=Decimal(3)) == world.healths.state("acme").parked
    world.healths.balance("acme", Decimal(2))
    assert world.retry_in() is None

    world.healths.balance("acme", Decimal(4))
    assert world.healths.refusal("acme") is None


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


# Credits of accounts whose balance can't be seen.


@pytest.fixture
def blind() -> World:
    return World(blind=["acme"])


def test_an_account_without_a_balance_is_asked_again_after_a_pause(blind: World) -> None:
    """Until then it is refused with a time, and no look is wanted, for none is possible."""
    blind.refuse(BROKE)
    assert [("acme", "credits", "free", "parked")] == blind.changes()
    assert Shut(account="acme", why=OUT, retry_in=BLIND_PAUSE) == blind.healths.refusal("acme")
    assert not blind.healths.wants_look("acme")
    blind.clock.advance(BLIND_PAUSE - 1)
    assert 1.0 == blind.retry_in()
    blind.clock.advance(1)

    assert blind.healths.refusal("acme") is None
    assert ([], OUT, False) == (blind.changes(), blind.healths.state("acme").said, blind.healths.state("acme").ok)


def test_only_an_account_without_a_balance_is_asked_again(blind: World) -> None:
    """The other one of the same hub waits for its rise."""
    blind.healths.refused("other", BROKE)
    blind.clock.advance(10 * BLIND_PAUSE)

    assert Shut(account="other", why=OUT, retry_in=None) == blind.healths.refusal("other")
    assert blind.healths.wants_look("other")


def test_one_that_is_asked_again_and_is_out_of_credits_still_gets_another_pause(blind: World) -> None:
    """Each time; it ran out when it ran out, and nothing new is heard, but the journal is to know."""
    blind.refuse(BROKE)
    blind.changes()
    for times in (1, 2, 3):
        blind.healths.saved()
        blind.clock.advance(BLIND_PAUSE)
        blind.refuse(BROKE)
        assert (BLIND_PAUSE, True) == (blind.retry_in(), blind.healths.unsaved)
        asked = moment(blind.clock)
        assert NOW.timestamp() + times * BLIND_PAUSE == asked.timestamp()
        assert Parked(since=NOW, asked=asked) == blind.healths.state("acme").parked

    assert [] == blind.changes()


def test_refusals_within_the_pause_do_not_prolong_it(blind: World) -> None:
    """They are of calls that were on their way, or that named the account."""
    blind.refuse(BROKE)
    blind.healths.saved()
    blind.clock.advance(BLIND_PAUSE - 1)
    blind.refuse(BROKE, 3)

    assert (1.0, False) == (blind.retry_in(), blind.healths.unsaved)
    assert Parked(since=NOW) == blind.healths.state("acme").parked


def test_one_that_is_asked_again_and_accepts_is_free(blind: World) -> None:
    """And begins anew when it runs out another time."""
    blind.refuse(BROKE)
    blind.clock.advance(BLIND_PAUSE)
    blind.refuse(BROKE)
    blind.clock.advance(BLIND_PAUSE)
    blind.changes()
    blind.healths.submitted("acme")
    assert [("acme", "credits", "parked", "free")] == blind.changes()
    assert blind.healths.state("acme").ok

    blind.clock.advance(1)
    blind.refuse(BROKE)
    assert BLIND_PAUSE == blind.retry_in()
    assert Parked(since=moment(blind.clock)) == blind.healths.state("acme").parked


def test_a_balance_that_is_seen_by_chance_frees_one_too(blind: World) -> None:
    """In the answer to a submit, say; without waiting for the pause to end."""
    blind.healths.balance("acme", Decimal(1))
    blind.refuse(BROKE)
    blind.healths.balance("acme", Decimal(2))

    assert blind.healths.refusal("acme") is None


def test_a_longer_reason_than_the_pause_counts(blind: World) -> None:
    """Nobody is told to come back while the vendor said to wait."""
    blind.refuse(BROKE)
    blind.clock.advance(500)
    blind.refuse(RateLimited("slow down", retry_after=300))

    assert Shut(account="acme", why="the vendor said to wait", retry_in=300.0) == blind.healths.refusal("acme")


def test_a_pause_does_not_mind_a_clock_that_is_set(blind: World) -> None:
    """Neither back, where it would begin anew, nor forward."""
    blind.refuse(BROKE)
    blind.clock.advance(100)
    for jump in (-300, -86_400, 2 * 86_400):
        blind.clock.jump(jump)
        assert 500.0 == blind.retry_in()
    blind.clock.jump(NOW.timestamp() - blind.clock.time())
    blind.clock.advance(500)

    assert blind.healths.refusal("acme") is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 700), st.floats(-2000, 2000), st.booleans()), max_size=30))
def test_no_clock_locks_it_for_longer_than_the_pause(course: list[tuple[float, float, bool]]) -> None:
    """However often it is set, and whoever asks meanwhile: from one answer to the next time that it is asked."""
    world = World(blind=["acme"])
    world.refuse(BROKE)
    asked_at = world.clock.monotonic()
    for later, jump, ask in course:
        world.clock.advance(later)
        world.clock.jump(jump)
        left = BLIND_PAUSE - (world.clock.monotonic() - asked_at)
        shut = world.healths.refusal("acme")
        assert (0.0 if shut is None else shut.retry_in) == pytest.approx(max(0.0, left), abs=1e-6)
        if ask:
            world.refuse(BROKE)
            asked_at = asked_at if shut is not None else world.clock.monotonic()


# Reads.


def test_reads_have_a_breaker_of_their_own(world: World) -> None:
    """Five that fail hold back the reads, and routed submits whose jobs nobody could read."""
    world.fail_reads(DOWN, 4)
    assert ([], 0.0) == (world.changes(), world.healths.reads_allowed("acme"))
    world.fail_reads(DOWN)

    assert [("acme", "polls", "closed", "open")] == world.changes()
    assert (5.0, 0.0) == (world.healths.reads_allowed("acme"), world.healths.reads_allowed("other"))
    assert (Breaker(), Breaker()) == (world.healths.state("acme").submits, world.healths.state("acme").work)
    why = "its jobs can't be read: open until 00:00:05 UTC after 5 failures (connection refused)"
    assert Shut(account="acme", why=why, retry_in=5.0) == world.healths.refusal("acme")


def test_a_read_probes_when_it_is_due(world: World) -> None:
    """One, and what it says decides."""
    world.fail_reads(DOWN, 5)
    world.clock.advance(5)
    assert 0.0 == world.healths.reads_allowed("acme")
    assert world.healths.refusal("acme") is None
    world.healths.read_through("acme")
    assert 30.0 == world.healths.reads_allowed("acme")
    world.fail_reads(DOWN)
    assert 10.0 == world.healths.reads_allowed("acme")

    world.clock.advance(10)
    world.healths.read_through("acme")
    world.fail_reads(NotFound("no such job"))
    assert 0.0 == world.healths.reads_allowed("acme")
    world.healths.read_through("acme")
    world.healths.read("acme")
    assert (0.0, True) == (world.healths.reads_allowed("acme"), world.healths.state("acme").ok)


def test_submits_that_go_well_do_not_excuse_reads_that_fail(world: World) -> None:
    """Nor do jobs; nor the other way round."""
    for _ in range(5):
        world.fail_reads(DOWN)
        world.healths.submitted("acme")
        world.refuse(DOWN)
        world.healths.ended("acme", True, "succeeded")
        world.healths.read("other")
    assert [("acme", "polls", "closed", "open")] == world.changes()

    for _ in range(3):
        world.refuse(DOWN)
        world.healths.read("acme")
    assert ("acme", "submits", "closed", "open") in world.changes()


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
    world.fail_reads(DOWN, 5)
    world.clock.advance(10)
    assert 25.0 == world.retry_in()
    world.fail_jobs(5)
    assert (30.0, "jobs") == (world.retry_in(), world.shut().why.partition(":")[0])
    world.refuse(BROKE)
    assert world.retry_in() is None


def test_a_health_says_everything_there_is() -> None:
    """The gravest first, in one line."""
    health = AccountHealth(
        account="acme",
        at=NOW,
        submits=Breaker(state=BreakerState.OPEN, failures=3, until=NOW.timestamp() + 10, trips=1, why="refused"),
        polls=Breaker(failures=1, why="503"),
        work=Breaker(failures=2, why="expired"),
        parked=Parked(since=NOW),
        held_until=NOW.replace(minute=2),
        retires_on=NOW.date(),
    )

    assert (
        "retired on 2026-03-01; out of credits since 2026-03-01 00:00:00 UTC; "
        "submits: open until 00:00:10 UTC after 3 failures (refused); jobs: 2 failures in a row (expired); "
        "polls: 1 failure in a row (503); held until 00:02:00 UTC: the vendor said to wait"
    ) == health.said
    well = AccountHealth(account="acme", at=NOW, submits=Breaker(), polls=Breaker(failures=2), work=Breaker())
    assert (True, "polls: 2 failures in a row") == (well.ok, well.said)
    for worse in (
        {"submits": health.submits},
        {"polls": health.submits},
        {"work": health.submits},
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


def test_what_goes_well_is_not_worth_writing(world: World) -> None:
    """Not each job, each read, each balance; failures are, as long as they count."""
    world.healths.submitted("acme")
    world.healths.read("acme")
    world.healths.ended("acme", True, "succeeded")
    world.healths.balance("acme", Decimal(1))
    world.healths.balance("acme", Decimal(2))
    assert ({}, False) == (world.healths.facts(), world.healths.unsaved)

    world.refuse(DOWN, 2)
    assert (["acme"], True) == (list(world.healths.facts()), world.healths.unsaved)
    world.healths.saved()
    world.refuse(DOWN)
    assert (["acme"], True) == (list(world.healths.facts()), world.healths.unsaved)
    world.healths.saved()
    assert not world.healths.unsaved
    world.refuse(DOWN)
    assert not world.healths.unsaved


def test_a_later_process_knows_what_was_shut(world: World) -> None:
    """The pause goes on where it was, and a parked account waits for its rise."""
    world.refuse(DOWN, 3)
    world.fail_reads(DOWN, 5)
    world.fail_jobs(5)
    world.healths.balance("acme", Decimal(10))
    world.refuse(BROKE)
    world.healths.looking("acme")
    world.clock.advance(2)
    later = world.reborn()

    assert 3.0 == later.reads_allowed("acme")
    before = world.healths.state("acme")
    assert before.parked is not None
    assert evolve(before, parked=evolve(before.parked, looked_at=None)) == later.state("acme")
    assert (True, False) == (later.wants_look("acme"), later.unsaved)
    later.balance("acme", Decimal(11))
    assert later.state("acme").parked is None


def test_a_later_process_knows_that_jobs_failed(world: World) -> None:
    """The pause goes on where it was, and the next one is twice as long."""
    world.fail_jobs(5)
    assert ["work"] == list(world.healths.facts()["acme"])
    world.clock.advance(10)
    later = world.reborn()

    why = "jobs: open until 00:00:30 UTC after 5 failures (expired)"
    assert Shut(account="acme", why=why, retry_in=20.0) == later.refusal("acme")
    world.clock.advance(20)
    assert later.refusal("acme") is None
    later.let_through("acme")
    later.submitted("acme")
    later.ended("acme", False, "expired")
    assert (60.0, 2) == (later.state("acme").work.wait(world.clock.time(), Tuning()), later.state("acme").work.trips)


def test_what_closed_again_is_not_kept(world: World) -> None:
    """Of jobs as of submits."""
    world.probe_jobs()
    world.healths.submitted("acme")
    world.healths.ended("acme", True, "succeeded")

    assert ({}, True) == (world.healths.facts(), world.reborn().state("acme").ok)


def test_a_job_that_was_to_see_when_the_process_died_leaves_the_place_to_another(world: World) -> None:
    """A later process does not know which one it was."""
    world.probe_jobs()
    world.healths.submitted("acme")
    later = world.reborn()
    assert later.refusal("acme") is None
    assert BreakerState.OPEN is later.state("acme").work.state

    later.let_through("acme")
    later.refused("acme", BAD_REQUEST)
    assert later.refusal("acme") is None


def test_facts_of_before_there_was_a_breaker_for_jobs_are_read(world: World) -> None:
    """And of before an account was asked again."""
    world.refuse(DOWN, 3)
    world.refuse(BROKE)
    facts = world.healths.facts()
    assert {"submits", "credits"} == set(facts["acme"])
    assert {"since", "balance"} == set(facts["acme"]["credits"])
    later = world.reborn()

    assert (Breaker(), Parked(since=NOW)) == (later.state("acme").work, later.state("acme").parked)


def test_a_later_process_goes_on_with_the_pause(blind: World) -> None:
    """Of an account whose balance can't be seen; when it was last asked counts, not when it ran out."""
    blind.refuse(BROKE)
    blind.clock.advance(100)
    assert Shut(account="acme", why=OUT, retry_in=500.0) == blind.reborn().refusal("acme")
    blind.clock.advance(500)
    assert blind.reborn().refusal("acme") is None

    blind.refuse(BROKE)
    blind.clock.advance(200)
    later = blind.reborn()
    assert Shut(account="acme", why=OUT, retry_in=400.0) == later.refusal("acme")
    assert blind.healths.state("acme").parked == later.state("acme").parked
    blind.clock.advance(400)
    later.refused("acme", BROKE)
    assert Shut(account="acme", why=OUT, retry_in=BLIND_PAUSE) == later.refusal("acme")


@pytest.mark.parametrize("jump", [-86_400, -1, BLIND_PAUSE, 86_400])
def test_a_clock_that_was_set_between_two_processes_ends_the_pause(blind: World, jump: float) -> None:
    """A beginning that lies ahead is not believed, and one that is long ago is over: one question more."""
    blind.refuse(BROKE)
    blind.clock.jump(jump)
    later = blind.reborn()
    assert later.refusal("acme") is None

    later.refused("acme", BROKE)
    blind.clock.advance(BLIND_PAUSE - 1)
    assert later.refusal("acme") is not None
    blind.clock.advance(1)
    assert later.refusal("acme") is None


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(0, 700))
def test_no_later_process_locks_it_for_longer_than_the_pause(jump: float, later: float) -> None:
    """Wherever the clock was set between the two."""
    world = World(blind=["acme"])
    world.refuse(BROKE)
    world.clock.advance(later)
    world.clock.jump(jump)
    reborn = world.reborn()

    shut = reborn.refusal("acme")
    assert shut is None or 0 < (shut.retry_in or 0.0) <= BLIND_PAUSE
    world.clock.jump(-jump)
    world.clock.advance(BLIND_PAUSE)
    assert reborn.refusal("acme") is None


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
    "in doubt": lambda healths, name: healths.doubted(name, "lost"),
    "let through": lambda healths, name: healths.let_through(name),
    "passed": lambda healths, name: healths.passed(name),
    "done": lambda healths, name: healths.ended(name, True, "succeeded"),
    "failed": lambda healths, name: healths.ended(name, False, "expired"),
    "read": lambda healths, name: healths.read(name),
    "read failed": lambda healths, name: healths.read_failed(name, DOWN),
    "read through": lambda healths, name: healths.read_through(name),
    "looking": lambda healths, name: healths.looking(name),
}
BREAKERS = ("submits", "polls", "work")
events = st.tuples(
    st.sampled_from(["acme", "other"]),
    st.one_of(st.sampled_from(sorted(EVENTS)), st.decimals(-5, 100, allow_nan=False)),
    st.floats(0, 60),
)
courses = st.lists(events, max_size=60)


def _run(course: list[tuple[str, str | Decimal, float]]) -> World:
    world = World(tuning=Tuning(failures=2), blind=["other"])
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
    """Through JSON; apart from probes, holds and looks, which end with the process."""
    world = _run(course)
    later = world.reborn()

    for name, before in world.healths.all().items():
        after = later.state(name)
        for what in BREAKERS:
            was: Breaker = getattr(before, what)
            now: Breaker = getattr(after, what)
            match was.state:
                case BreakerState.CLOSED:
                    assert (Breaker(failures=was.failures, why=was.why) if was.failures else Breaker()) == now
                case BreakerState.OPEN:
                    assert was == now
                case BreakerState.HALF_OPEN:
                    assert evolve(was, state=BreakerState.OPEN, probe_until=0.0, running=False) == now
        old = before.parked
        assert (old and evolve(old, looked_at=None)) == after.parked
        assert after.held_until is None
    again = Healths(("acme", "other"), world.clock, **world.options)
    again.restore(later.facts())
    assert (later.facts(), later.all()) == (again.facts(), again.all())


@settings(deadline=None)
@given(courses)
def test_changes_follow_one_another(course: list[tuple[str, str | Decimal, float]]) -> None:
    """Each begins where the one before it ended, the last ends where the account stands, and all can be said."""
    world = _run(course)
    stands = {(name, what): "closed" for name in ("acme", "other") for what in BREAKERS}
    stands |= {(name, "credits"): "free" for name in ("acme", "other")}
    for each in world.heard:
        assert (stands[each.account, each.what], True) == (each.old, each.old != each.new)
        assert each.why
        stands[each.account, each.what] = each.new

    for name, health in world.healths.all().items():
        assert [stands[name, what] for what in BREAKERS] == [getattr(health, what).state for what in BREAKERS]
        assert (stands[name, "credits"] == "parked") == (health.parked is not None)
        assert health.said
        if (shut := world.healths.refusal(name)) is not None:
            assert not health.ok
            assert shut.retry_in is None or 0 < shut.retry_in <= LONGEST_HOLD
    assert world.healths.unsaved or not world.heard


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-03-01T00:00:00"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["since", "balance", "asked", "state", "until", "why", "failures"]), inner)
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
    later = Healths(("acme", "other"), world.clock, blind=["other"])
    later.restore(data.draw(st.one_of(st.just(facts), plain, st.dictionaries(st.just("acme"), plain))))

    for name, health in later.all().items():
        assert health.said
        shut = later.refusal(name)
        assert name == "acme" or shut is None or 0 < (shut.retry_in or 0.0) <= BLIND_PAUSE
        assert 0 <= later.reads_allowed(name) <= TUNINGS["polls"].longest
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
        {"since": "2026-03-01T00:00:00+00:00", "balance": None, "asked": None},
        {"since": "2026-03-01T00:00:00+00:00", "balance": None, "asked": "2026-03-01T00:00:00"},
        [],
        "x",
    ],
    ids=str,
)
def test_a_parking_that_cannot_be_read_is_ignored(world: World, credit: Any) -> None:
    """What else is known of the account is kept."""
    world.fail_reads(DOWN, 5)
    facts = world.healths.facts()
    facts["acme"]["credits"] = credit
    later = Healths(("acme",), world.clock)
    later.restore(facts)

    assert later.state("acme").parked is None
    assert 5.0 == later.reads_allowed("acme")


def test_failures_of_several_processes_add_up(world: World) -> None:
    """A command that makes one call each time opens the breaker too; a success between starts anew."""
    for _ in range(2):
        world.refuse(DOWN)
        world.healths = world.reborn()
    assert (2, None) == (world.healths.state("acme").submits.failures, world.healths.refusal("acme"))
    world.refuse(DOWN)
    assert world.healths.refusal("acme") is not None
    other = world.reborn()
    assert other.refusal("acme") is not None
    assert {} == World().healths.facts()
