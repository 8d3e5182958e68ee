"""What a route does next: each rule by an example, and what never happens whatever a job looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from genhub import Job, JobError, Status, TextRequest
from genhub._itinerary import Itinerary, Stage
from genhub._jobs import Attempt, Ref
from genhub.routing import Drop, End, Leave, Outlook, Rest, Step, Try, may_follow, next_step, outcome

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FREE = Outlook(free=True)
ENDS = (Status.FAILED, Status.EXPIRED, Status.CANCELED)

#: Each error that the tests use, with what it derives from.
LINEAGE: Mapping[str, frozenset[str]] = {
    "RateLimited": frozenset({"RateLimited", "ProviderError", "GenhubError"}),
    "InsufficientCredits": frozenset({"InsufficientCredits", "ProviderError", "GenhubError"}),
    "UnsupportedRequest": frozenset({"UnsupportedRequest", "GenhubError"}),
    "OfNoLoadedPackage": frozenset({"OfNoLoadedPackage"}),
}


def attempt(number: int, status: Status, *, age: float = 10, **known: Any) -> Attempt:
    """An attempt of so many seconds ago, at an account of its own."""
    begun = NOW - timedelta(seconds=age)
    ends: dict[str, Any] = {"finished_at": NOW} if status.is_final else {}
    return Attempt(**{
        "id": f"job.{number}", "job_id": "job", "number": number, "account": f"account{number}", "provider": "p",
        "kind": "captions", "unit": "p credits", "created_at": begun, "status": status, **ends, **known,
    })  # fmt: skip


def refused(number: int, error: str = "RateLimited", **said: Any) -> Attempt:
    """An attempt that the vendor refused."""
    known = {"kind": "refused", "message": "no", "error": error, **said}
    return attempt(number, Status.FAILED, error=JobError(**known))


def job(*attempts: Attempt, **route: Any) -> Job:
    stages = tuple(Stage(account=f"account{number}", why="in order") for number in range(1, 4))
    itinerary = Itinerary(**{"route": "captions", "stages": stages, "max_attempts": 6, **route})
    return Job(
        id="job",
        request=TextRequest(prompt="soup"),
        created_at=NOW,
        attempts=attempts,
        to=("captions",),
        route=itinerary,
    )


def step(
    of: Job, looks: Mapping[int, Outlook] | None = None, *, more: bool = True, hedges: bool = True, later: float = 0
) -> Step:
    """The next step; `looks` by an attempt's number."""
    seen = looks or {}
    now = NOW + timedelta(seconds=later)
    return next_step(of, now, lambda each: seen.get(each.number, Outlook()), more=more, hedges=hedges)


# Another account is tried after a certain end


def test_the_first_account_is_asked() -> None:
    """A route begins with an attempt, because it was asked for."""
    assert Try("asked for") == step(job())


def test_a_route_of_nobody_ends() -> None:
    """Without any account there is nothing to try."""
    assert End("no account is left") == step(job(), more=False)


@pytest.mark.parametrize("status", ENDS)
def test_after_an_end_without_success_the_next_one_is_asked(status: Status) -> None:
    """`failed`, `expired` and `canceled` are certain; the reason of the next attempt says how it ended."""
    ended = attempt(1, status, error=JobError(kind="vendor", message="out of clay", code="E7"))

    assert Try(f"account1: {status} (E7): out of clay") == step(job(ended))


@pytest.mark.parametrize(
    ("kind", "words"), [("refused", "refused"), ("not_sent", "not sent"), ("not_submitted", "not submitted")]
)
def test_after_what_never_began_the_next_one_is_asked(kind: str, words: str) -> None:
    """Refused, never sent, and found out to be not submitted: nothing was made."""
    ended = attempt(1, Status.FAILED, error=JobError(kind=kind, message="no", error="RateLimited"))

    assert Try(f"account1: {words}: no") == step(job(ended))


def test_after_a_stop_of_its_own_the_next_one_is_asked() -> None:
    """What the route itself stopped, for nothing, is no reason to end; why it was stopped is told."""
    assert Try("too slow") == step(job(attempt(1, Status.STOPPED, given_up="too slow")))


def test_after_a_stop_by_somebody_else_nobody_is_asked() -> None:
    """Whoever stops a job wants no other account to go on with it."""
    assert End("account1: stopped: the route does not go on after that") == step(job(attempt(1, Status.STOPPED)))


@pytest.mark.parametrize("kind", ["refused", "not_sent"])
def test_after_an_error_that_says_so_nobody_is_asked(kind: str) -> None:
    """An error whose class is no reason for another account (`fallback` is false) ends the route."""
    assert isinstance(step(job(refused(1, "BadResponse", kind=kind, fallback=False))), End)


def test_one_end_that_may_not_be_followed_is_enough() -> None:
    """It need not be the last one: a hedge that failed later does not open the route again."""
    wrong = refused(1, "BadResponse", fallback=False)

    assert End("account1: refused: no: the route does not go on after that") == step(job(wrong, refused(2)))


@pytest.mark.parametrize("status", ENDS)
def test_fallback_on_names_ends(status: Status) -> None:
    """An end that is not named is not followed."""
    ended = attempt(1, status, error=JobError(kind="vendor", message="no"))

    assert isinstance(step(job(ended, fallback_on=(str(status),))), Try)
    assert isinstance(step(job(ended, fallback_on=("RateLimited", "not_submitted"))), End)


def test_fallback_on_names_errors() -> None:
    """By their class or one that it derives from; a refusal is not `failed`."""
    for word in ("RateLimited", "ProviderError", "GenhubError"):
        assert isinstance(step(job(refused(1), fallback_on=(word,))), Try)
    for word in ("InsufficientCredits", "failed"):
        assert isinstance(step(job(refused(1), fallback_on=(word,))), End)


def test_fallback_on_names_what_was_not_submitted() -> None:
    """A doubt that was settled so is an end of its own."""
    ended = attempt(1, Status.FAILED, error=JobError(kind="not_submitted", message="not in the list"))

    assert may_follow(ended, step_route(fallback_on=("not_submitted",)))
    assert not may_follow(ended, step_route(fallback_on=("failed", "GenhubError")))


def test_fallback_on_does_not_reach_what_the_route_stopped() -> None:
    """A deadline is a reason by itself."""
    assert isinstance(step(job(attempt(1, Status.STOPPED, given_up="too slow"), fallback_on=("failed",))), Try)


def step_route(**route: Any) -> Itinerary:
    itinerary = job(**route).route
    assert itinerary is not None
    return itinerary


# Nothing is tried while an attempt is in doubt


@pytest.mark.parametrize("status", [Status.SUBMITTING, Status.UNCONFIRMED])
def test_a_doubt_is_waited_for(status: Status) -> None:
    """Also where nothing more can be found out: a person settles it."""
    doubtful = job(attempt(1, status))

    assert Rest() == step(doubtful)
    assert Rest() == step(doubtful, {1: Outlook(stuck=True)})


def test_pay_twice_goes_on_beside_a_doubt_that_is_stuck() -> None:
    """By its name the user took the risk; while it may still be found out nothing is tried."""
    doubtful = job(attempt(1, Status.UNCONFIRMED), on_unknown="pay_twice")

    assert Rest() == step(doubtful)
    assert Try("pay_twice: what became of it at account1 is not known") == step(doubtful, {1: Outlook(stuck=True)})


def test_pay_twice_waits_until_every_doubt_is_stuck() -> None:
    """One that may still be found out is enough to wait."""
    both = job(attempt(1, Status.UNCONFIRMED), attempt(2, Status.UNCONFIRMED), on_unknown="pay_twice")

    assert Rest() == step(both, {1: Outlook(stuck=True)})
    assert isinstance(step(both, {1: Outlook(stuck=True), 2: Outlook(stuck=True)}), Try)


def test_pay_twice_ends_when_nobody_is_left() -> None:
    """The doubt stays for a person to settle; whoever waits is told."""
    doubtful = job(attempt(1, Status.UNCONFIRMED), on_unknown="pay_twice")

    assert End("nobody is left to try beside what is in doubt at account1") == step(
        doubtful, {1: Outlook(stuck=True)}, more=False
    )


def test_a_route_that_can_not_go_on_does_not_wait_for_a_person() -> None:
    """An end that may not be followed, beside a doubt that is stuck: nothing will be tried whatever is found."""
    both = job(attempt(1, Status.UNCONFIRMED), refused(2, "BadResponse", fallback=False), on_unknown="pay_twice")

    assert Rest() == step(both)
    assert isinstance(step(both, {1: Outlook(stuck=True)}), End)


# Nothing is tried after a success, and not too often


def test_a_success_ends_the_route() -> None:
    """Whatever else is left."""
    assert End("done by account2") == step(job(refused(1), attempt(2, Status.SUCCEEDED)))


def test_after_a_success_what_runs_is_stopped_where_that_is_free() -> None:
    """The one that lost the race; elsewhere it runs on."""
    race = job(attempt(1, Status.RUNNING), attempt(2, Status.SUCCEEDED))

    assert Drop(1, "attempt 2 at account2 was done first") == step(race, {1: FREE})
    assert End("done by account2") == step(race)


def test_after_a_success_what_was_asked_to_stop_is_not_asked_again() -> None:
    """But by a later process: it can't know whether the one before came to ask."""
    race = job(attempt(1, Status.RUNNING, given_up="too slow"), attempt(2, Status.SUCCEEDED))

    assert End("done by account2") == step(race, {1: Outlook(free=True, asked=True)})
    assert isinstance(step(race, {1: FREE}), Drop)


def test_after_a_success_a_doubt_is_looked_for_first() -> None:
    """A hedge whose answer was lost: once it is found, a stop of it may be free. What is stuck is not waited for."""
    race = job(attempt(1, Status.SUCCEEDED), attempt(2, Status.UNCONFIRMED))

    assert Rest() == step(race)
    assert Rest() == step(race, {2: FREE})
    assert End("done by account1") == step(race, {2: Outlook(stuck=True)})


def test_so_many_attempts_at_most() -> None:
    """They are counted whatever came of them; earlier walks of the route do not count."""
    twice = (refused(1), refused(2))

    assert End("2 attempts were made, and the route allows 2") == step(job(*twice, max_attempts=2))
    assert isinstance(step(job(*twice, max_attempts=2, since=1)), Try)


def test_earlier_walks_do_not_count() -> None:
    """A job that is asked for again by its key begins anew."""
    assert Try("asked for") == step(job(refused(1, "BadResponse", fallback=False), since=1))


# Nothing is tried beside what runs, but hedges


def test_what_runs_is_waited_for() -> None:
    """Without a deadline and a hedge there is no time to keep."""
    assert Rest() == step(job(attempt(1, Status.RUNNING)), {1: FREE})


def test_a_hedge_begins_when_its_time_is_come() -> None:
    """Where a stop of the slow one is free; before, the rest of the time is waited for."""
    slow = job(attempt(1, Status.RUNNING, age=10))
    looks = {1: Outlook(free=True, hedge_after=25)}

    assert Rest(15) == step(slow, looks)
    assert Rest(0.5) == step(slow, looks, later=14.5)
    assert Try("account1 takes longer than 25 s, and a stop of it is free", hedge=True) == step(slow, looks, later=15)


def test_a_hedge_may_be_covered_by_the_routes_own_cap() -> None:
    """Where a stop is not free, only a route that caps the sum hedges."""
    looks = {1: Outlook(hedge_after=5)}

    assert Rest() == step(job(attempt(1, Status.RUNNING)), looks)
    assert Try("account1 takes longer than 5 s, and the route's max_spend allows it", hedge=True) == step(
        job(attempt(1, Status.RUNNING), max_spend=Decimal(1)), looks
    )


def test_what_did_not_stop_is_not_free_to_stop() -> None:
    """A stop is asked for once; when that one failed, nothing is bought beside what still runs without a cap."""
    undead = attempt(1, Status.RUNNING, given_up="too slow")
    looks = {1: Outlook(free=True, asked=True, hedge_after=5)}

    assert Rest() == step(job(undead), looks)
    assert isinstance(step(job(undead, max_spend=Decimal(1)), looks), Try)


@pytest.mark.parametrize(
    ("known", "more"), [({"more": False}, {}), ({"hedges": False}, {}), ({}, {"max_attempts": 1})], ids=str
)
def test_a_hedge_needs_somebody_to_ask(known: dict[str, bool], more: dict[str, int]) -> None:
    """Somebody who is left, was not found wanting, and within the attempts."""
    looks = {1: Outlook(free=True, hedge_after=5)}

    assert Rest() == step(job(attempt(1, Status.RUNNING), **more), looks, **known)


def test_there_is_one_hedge_at_a_time() -> None:
    """Never a third beside two, nor one beside a doubt."""
    look = Outlook(free=True, stuck=True, hedge_after=5)
    looks = {1: look, 2: look}

    assert Rest() == step(job(attempt(1, Status.RUNNING), attempt(2, Status.QUEUED)), looks)
    assert Rest() == step(
        job(attempt(1, Status.RUNNING), attempt(2, Status.UNCONFIRMED), on_unknown="pay_twice"), looks
    )


def test_the_age_of_an_attempt_counts_from_its_submit() -> None:
    """Not from when its row was written: it may have waited for its turn."""
    looks = {1: Outlook(free=True, hedge_after=25)}
    late = attempt(1, Status.RUNNING, age=100, submitted_at=NOW - timedelta(seconds=5))

    assert Rest(20) == step(job(late), looks)


# Deadlines


def test_a_deadline_stops_what_is_free_to_stop() -> None:
    """Where somebody else is left; until then the rest of the time is waited for."""
    slow = job(attempt(1, Status.RUNNING, age=10), deadline=30.0)

    assert Rest(20) == step(slow, {1: FREE})
    assert Drop(1, "account1 took longer than the deadline of 30 s") == step(slow, {1: FREE}, later=20)
    assert Rest() == step(slow, {1: FREE}, later=20, more=False)


def test_a_deadline_waits_where_a_stop_is_not_free() -> None:
    """Nothing is bought beside it, and nobody gives up, unless the route says so."""
    assert Rest() == step(job(attempt(1, Status.RUNNING), deadline=5.0))


def test_a_deadline_gives_up_where_the_route_says_so() -> None:
    """By a stop where it is free, also when nobody else is left; else by waiting no more."""
    slow = job(attempt(1, Status.RUNNING), deadline=5.0, on_deadline="give_up")

    assert Drop(1, "account1 took longer than the deadline of 5 s") == step(slow, {1: FREE}, more=False)
    assert Leave(1, "account1 took longer than the deadline of 5 s, and a stop of it is not free") == step(slow)


def test_what_is_dropped_is_not_dropped_again() -> None:
    """A stop that failed is not asked for again; the attempt is waited for.

    But by a later process: it can't know whether the one before came to ask.
    """
    dropped = job(attempt(1, Status.RUNNING, age=100, given_up="too slow"), deadline=5.0)

    assert Rest() == step(dropped, {1: Outlook(free=True, asked=True)})
    assert isinstance(step(dropped, {1: FREE}), Drop)


def test_what_does_not_stop_is_left_after_the_routes_patience() -> None:
    """`give_up` is a promise: a stop that failed may not make it wait for ever."""
    undead = job(
        attempt(1, Status.RUNNING, given_up="too slow"), deadline=5.0, patience=30.0, on_deadline="give_up"
    )  # fmt: skip

    looks = {1: Outlook(free=True, asked=True)}

    assert Rest(25) == step(undead, looks)
    assert Leave(1, "account1 took longer than the deadline of 5 s, and a stop of it did not help") == step(
        undead, looks, later=25
    )


def test_a_route_leaves_only_when_all_that_runs_is_late() -> None:
    """A hedge that has its time yet is waited for; then the one that callers see is left."""
    race = job(
        attempt(1, Status.RUNNING, age=50), attempt(2, Status.RUNNING, age=10), deadline=40.0, on_deadline="give_up"
    )

    assert Rest(30) == step(race)
    left = step(race, later=30)
    assert isinstance(left, Leave)
    assert race.attempt.number == left.number


#: What keeps a route from trying anybody else.
BARS = pytest.mark.parametrize(
    "other", [refused(2, "BadResponse", fallback=False), attempt(2, Status.UNCONFIRMED)], ids=["an end", "a doubt"]
)


@BARS
def test_nobody_is_tried_beside_what_runs_after_such_an_end(other: Attempt) -> None:
    """No hedge, and no stop for the sake of somebody else."""
    race = job(attempt(1, Status.RUNNING), other, deadline=5.0, max_spend=Decimal(1))

    assert Rest() == step(race, {1: Outlook(free=True, hedge_after=5)})


@BARS
def test_a_deadline_holds_where_nobody_else_will_be_tried(other: Attempt) -> None:
    """Beside a doubt, or an end that may not be followed: what runs on `give_up` is given up all the same."""
    race = job(attempt(1, Status.RUNNING), other, deadline=40.0, on_deadline="give_up")

    assert Rest(30) == step(race)
    assert isinstance(step(race, later=30), Leave)
    assert isinstance(step(race, {1: FREE}, later=30), Drop)


def test_the_nearer_time_is_waited_for() -> None:
    """Of a deadline and a hedge; of two attempts."""
    slow = attempt(1, Status.RUNNING, age=10)

    assert Rest(15) == step(job(slow, deadline=60.0), {1: Outlook(free=True, hedge_after=25)})
    assert Rest(10) == step(job(slow, deadline=20.0), {1: Outlook(free=True, hedge_after=25)})
    assert Rest(10) == step(job(slow, attempt(2, Status.QUEUED, age=1), deadline=20.0))


# What is said of an end


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (attempt(1, Status.EXPIRED), "account1: expired"),
        (refused(1, code="429"), "account1: refused (429): no"),
        (attempt(1, Status.FAILED, given_up="too slow"), "too slow"),
        (attempt(1, Status.SUCCEEDED, given_up="too slow"), "account1: succeeded"),
    ],
    ids=["no error", "a code", "given up", "done all the same"],
)
def test_an_end_in_a_few_words(ended: Attempt, said: str) -> None:
    """By its account, its status or its refusal, and the vendor's code; what the route gave up has its own reason."""
    assert said == outcome(ended)


# Whatever a job looks like


@frozen
class Scene:
    """A job at some moment, with what is known of it."""

    job: Job
    looks: Mapping[int, Outlook]
    more: bool
    hedges: bool

    @property
    def route(self) -> Itinerary:
        assert self.job.route is not None
        return self.job.route

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those of this walk."""
        return self.job.attempts[self.route.since :]

    @property
    def running(self) -> list[Attempt]:
        return [each for each in self.attempts if each.is_open and not each.status.in_doubt]

    @property
    def doubts(self) -> list[Attempt]:
        return [each for each in self.attempts if each.status.in_doubt]

    def step(self) -> Step:
        return step(self.job, self.looks, more=self.more, hedges=self.hedges)

    def of(self, number: int) -> Attempt:
        return self.job.attempts[number - 1]


#: Often what lets a route go on, so that not every scene ends at once.
STATUSES: Mapping[str, Sequence[Status]] = {
    "any": [*Status, *ENDS, *ENDS, Status.RUNNING, Status.RUNNING, Status.UNCONFIRMED],
    "open": [*ENDS, Status.RUNNING],
    "race": [*ENDS, *ENDS, Status.STOPPED, Status.STOPPED, Status.UNCONFIRMED, Status.SUCCEEDED, Status.RUNNING],
}
words = st.sampled_from(["failed", "expired", "canceled", "not_submitted", "ProviderError", *LINEAGE])
seconds = st.integers(min_value=0, max_value=120).map(float)
errors = st.builds(
    JobError,
    kind=st.sampled_from(["vendor", "refused", "not_sent", "not_submitted"]),
    message=st.just("no"),
    error=st.none() | st.sampled_from(sorted(LINEAGE)),
    fallback=st.sampled_from([True, True, True, False]),
)
outlooks = st.builds(Outlook, free=st.booleans(), stuck=st.booleans(), hedge_after=st.none() | seconds)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Jobs as they may be, and some as they can't be. Of three kinds, so that not every scene ends at once.

    Any; such that nothing forbids to go on; and such that a hedge is due, but for what one or two facts forbid.
    """
    road = draw(st.sampled_from(["any", "open", "race", "race"]))
    attempts: list[Attempt] = []
    first = 1 if road == "race" else 0
    for number in range(1, draw(st.integers(min_value=first, max_value=4 - first)) + 1):
        slow = road == "race" and number == 1
        status = Status.RUNNING if slow else draw(st.sampled_from(STATUSES[road]))
        known: dict[str, Any] = {"error": draw(st.none() | errors)} if status in ENDS and road != "open" else {}
        if draw(st.booleans()):
            known["submitted_at"] = NOW - timedelta(seconds=draw(seconds))
        given_up = draw(st.sampled_from([None, None, "too slow"]))
        attempts.append(attempt(number, status, age=draw(seconds), given_up=given_up, **known))
    named = st.none() | st.lists(words, min_size=1, unique=True).map(tuple)
    route: dict[str, Any] = {
        "max_attempts": draw(st.integers(min_value=1, max_value=6)) if road == "any" else 6,
        "max_spend": draw(st.sampled_from([None, None, Decimal(2)])),
        "fallback_on": None if road == "open" else draw(named),
        "deadline": None if road == "race" else draw(st.none() | seconds),
        "on_deadline": draw(st.sampled_from(["wait", "give_up"])),
        "on_unknown": draw(st.sampled_from(["wait", "pay_twice", "pay_twice"])),
        "patience": draw(seconds),
        "since": draw(st.sampled_from([0, 0, len(attempts) // 2])) if road != "race" else 0,
    }
    looks: dict[int, Outlook] = {}
    for each in attempts:
        look = evolve(draw(outlooks), asked=each.given_up is not None and draw(st.booleans()))
        looks[each.number] = evolve(look, free=True, stuck=True, hedge_after=0.0) if road == "race" else look
    hedges = draw(st.sampled_from([True, True, False]))
    return Scene(job(*attempts, **route), looks, road != "any" or draw(st.booleans()), hedges)


def closes(ended: Attempt, route: Itinerary) -> bool:
    """What the design says of an end, in other words than the code's: it lets nobody else be tried."""
    if ended.status is Status.STOPPED:
        return ended.given_up is None
    error, named = ended.error, route.fallback_on
    if error is not None and error.kind in ("refused", "not_sent"):
        kinds = LINEAGE.get(error.error or "", frozenset())
        return not error.fallback or (named is not None and kinds.isdisjoint(named))
    word = "not_submitted" if error is not None and error.kind == "not_submitted" else str(ended.status)
    return named is not None and word not in named


#: The first that is found will do.
QUICKLY = settings(max_examples=3000, deadline=None, database=None, phases=[Phase.generate])


@pytest.mark.parametrize(
    "kind", [Rest(), Rest(1), Try("x"), Try("x", hedge=True), Drop(1, "x"), Leave(1, "x"), End("x")], ids=repr
)
def test_every_kind_of_step_is_among_the_scenes(kind: Step) -> None:
    """So that what is said below of each is said of something."""

    def alike(scene: Scene) -> bool:
        seen = scene.step()
        if isinstance(seen, Rest) and isinstance(kind, Rest):
            return (seen.seconds is None) == (kind.seconds is None)
        if isinstance(seen, Try) and isinstance(kind, Try):
            return seen.hedge == kind.hedge and bool(scene.attempts)
        return type(seen) is type(kind)

    assert alike(find(scenes(), alike, settings=QUICKLY))


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_nothing_is_tried_after_a_success(scene: Scene) -> None:
    """Nor is anything left: the rest is stopped where that is free, or the route ends."""
    if any(each.status is Status.SUCCEEDED for each in scene.attempts):
        assert not isinstance(scene.step(), (Try, Leave))


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_nothing_is_tried_beside_a_doubt(scene: Scene) -> None:
    """Unless the route says `pay_twice`, and nothing more can be found out of any."""
    if isinstance(scene.step(), Try) and scene.doubts:
        assert "pay_twice" == scene.route.on_unknown
        assert all(scene.looks[each.number].stuck for each in scene.doubts)
        assert not scene.running


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_nothing_is_tried_too_often_or_without_anybody(scene: Scene) -> None:
    """`max_attempts` counts every attempt of the walk."""
    if isinstance(scene.step(), Try):
        assert len(scene.attempts) < scene.route.max_attempts
        assert scene.more


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_nothing_is_tried_after_an_end_that_may_not_be_followed(scene: Scene) -> None:
    """Not even when it was followed by other ends."""
    ended = [each for each in scene.attempts if each.status.is_final and each.status is not Status.SUCCEEDED]

    assert [closes(each, scene.route) for each in ended] == [not may_follow(each, scene.route) for each in ended]
    if isinstance(scene.step(), Try):
        assert not any(closes(each, scene.route) for each in ended)


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_nothing_is_tried_beside_what_runs_but_a_hedge(scene: Scene) -> None:
    """One beside one, in time, and only where a stop is free (and was not asked for in vain) or a cap covers it."""
    seen = scene.step()
    if not isinstance(seen, Try):
        return
    assert bool(scene.running) == seen.hedge
    if seen.hedge:
        (slow,) = scene.running
        look = scene.looks[slow.number]
        assert scene.hedges
        assert (look.free and not look.asked) or scene.route.max_spend is not None
        assert look.hedge_after is not None
        assert NOW - (slow.submitted_at or slow.created_at) >= timedelta(seconds=look.hedge_after)


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_only_what_runs_and_is_free_is_dropped(scene: Scene) -> None:
    """Never what is in doubt, what is over, or what this process dropped before; nor before its time."""
    seen = scene.step()
    if not isinstance(seen, Drop):
        return
    dropped = scene.of(seen.number)
    assert dropped in scene.running
    assert scene.looks[dropped.number].free
    assert not scene.looks[dropped.number].asked
    if not any(each.status is Status.SUCCEEDED for each in scene.attempts):
        assert scene.route.deadline is not None
        assert NOW - (dropped.submitted_at or dropped.created_at) >= timedelta(seconds=scene.route.deadline)


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_only_a_route_that_gives_up_leaves(scene: Scene) -> None:
    """When all that runs is late, and nothing of it can be stopped for nothing; whoever waits sees which it is."""
    seen = scene.step()
    if not isinstance(seen, Leave):
        return
    deadline = scene.route.deadline
    assert "give_up" == scene.route.on_deadline
    assert deadline is not None
    assert scene.running[-1].number == seen.number
    for each in scene.running:
        assert NOW - (each.submitted_at or each.created_at) >= timedelta(seconds=deadline)
        assert scene.looks[each.number].asked or not scene.looks[each.number].free


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_a_route_ends_only_when_nothing_runs_or_all_is_done(scene: Scene) -> None:
    """Nor while a doubt may still be found out."""
    if not isinstance(scene.step(), End):
        return
    assert not scene.running or any(each.status is Status.SUCCEEDED for each in scene.attempts)
    assert all(scene.looks[each.number].stuck for each in scene.doubts)


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_a_wait_is_for_something(scene: Scene) -> None:
    """For what is under way, and for a time that is still to come."""
    seen = scene.step()
    if isinstance(seen, Rest):
        assert any(each.is_open for each in scene.attempts)
        assert seen.seconds is None or seen.seconds > 0


@settings(deadline=None, max_examples=300)
@given(scenes())
def test_a_step_is_the_same_twice(scene: Scene) -> None:
    """It changes nothing, and holds no state: a later process decides alike."""
    assert scene.step() == scene.step()


# Walks


@frozen(kw_only=True)
class Fate:
    """What becomes of an attempt, in a world that knows."""

    error: JobError | None = None  #: refused at once
    end: Status = Status.SUCCEEDED
    after: int | None = 10  #: seconds until its end; `None`: never
    lost: int | None = None  #: the answer to the submit is lost: the seconds until that is settled
    made: bool = True  #: what was lost had been made
    person: int | None = None  #: nothing can be found out: a person settles it so many seconds later
    free: bool = False  #: to stop
    stops: bool = True  #: when asked to
    crash: bool = False  #: the first process that wants to stop it dies before it asks
    hedge_after: float | None = None

    def history(self) -> list[tuple[int, dict[str, Any]]]:
        """What can be seen of it from outside, by seconds since its submit."""
        if self.error is not None:
            return [(0, {"status": Status.FAILED, "error": self.error})]
        runs: dict[str, Any] = {"status": Status.RUNNING, "ref": Ref(id="v", kind="captions")}
        ends: list[tuple[int, dict[str, Any]]] = [] if self.after is None else [(self.after, {"status": self.end})]
        if self.lost is None:
            return [(0, runs), *ends]
        settled = self.lost + (self.person or 0)
        nothing = JobError(kind="not_submitted", message="not in the list")
        found = [(settled, runs), *ends] if self.made else [(settled, {"status": Status.FAILED, "error": nothing})]
        return [(0, {"status": Status.UNCONFIRMED}), *((max(at, settled), change) for at, change in found)]


@define
class World:
    """Vendors, and a route's walk among them."""

    route: Itinerary
    fates: Mapping[str, Sequence[Fate]]  #: by account: of its first attempt, of its second …
    attempts: list[Attempt] = field(factory=list[Attempt])
    steps: list[Step] = field(factory=list[Step])
    asked: set[int] = field(factory=set[int])  #: what was asked to stop
    seconds: float = 0.0

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    @property
    def job(self) -> Job:
        return evolve(job(*self.attempts), route=self.route)

    def fate(self, of: Attempt) -> Fate:
        fates = self.fates[of.account]
        before = sum(each.account == of.account for each in self.attempts[: of.number - 1])
        return fates[min(before, len(fates) - 1)]

    def age(self, of: Attempt) -> float:
        return (self.now - of.created_at).total_seconds()

    def look(self, at: Attempt) -> Outlook:
        fate = self.fate(at)
        stuck = fate.lost is not None and fate.person is not None and self.age(at) >= fate.lost
        return Outlook(
            free=fate.free and at.ref is not None,
            stuck=stuck,
            asked=at.number in self.asked,
            hedge_after=fate.hedge_after,
        )

    def candidates(self) -> list[str]:
        """Who was not asked; then who refused for now, as the walk has it."""
        tried = {each.account: each for each in self.attempts}
        fresh = [name for name in self.route.accounts if name not in tried]
        errors = {name: each.error for name, each in tried.items() if each.error is not None}
        return fresh or [name for name, each in errors.items() if each.retryable or each.kind == "not_submitted"]

    def times(self) -> list[float]:
        """When something will happen by itself."""
        return [
            at - self.age(each)
            for each in self.attempts
            if not each.status.is_final
            for at in [*(at for at, _ in self.fate(each).history()), *self._stuck(each)]
            if at > self.age(each)
        ]

    def _stuck(self, each: Attempt) -> list[int]:
        lost = self.fate(each).lost
        return [] if lost is None else [lost]

    def change(self, number: int, **news: Any) -> None:
        ends = {"finished_at": self.now} if news.get("status", Status.RUNNING).is_final else {}
        self.attempts[number - 1] = evolve(self.attempts[number - 1], **{**news, **ends})

    def pass_to(self, seconds: float) -> None:
        """It is later; what has happened is seen."""
        self.seconds = seconds
        for each in self.attempts:
            if each.status.is_final:
                continue
            for at, change in self.fate(each).history():
                if at <= self.age(each):
                    self.change(each.number, **change)

    def walk(self, bound: int) -> Step:
        """Go on until the route ends; at most so many steps."""
        while len(self.steps) < bound:
            candidates = self.candidates()
            seen = next_step(self.job, self.now, self.look, more=bool(candidates))
            self.steps.append(seen)
            match seen:
                case Try(why):
                    number = len(self.attempts) + 1
                    new = attempt(number, Status.SUBMITTING, account=candidates[0], reason=why)
                    self.attempts.append(evolve(new, created_at=self.now, submitted_at=self.now))
                    self.pass_to(self.seconds)
                case Drop(number, why):
                    first = self.attempts[number - 1].given_up is None
                    fate = self.fate(self.attempts[number - 1])
                    if first:
                        self.change(number, given_up=why)
                    if first and fate.crash:
                        continue
                    self.asked.add(number)
                    if fate.stops:
                        self.change(number, status=Status.STOPPED)
                case Leave(number, why):
                    if self.attempts[number - 1].given_up is None:
                        self.change(number, given_up=why)
                    self.route = evolve(self.route, ended=why)
                    return seen
                case End(why):
                    self.route = evolve(self.route, ended=why)
                    return seen
                case Rest(wait):
                    times = self.times() + ([] if wait is None else [wait])
                    assert times, f"it waits for nothing: {self.attempts}"
                    self.pass_to(self.seconds + min(times))
        raise AssertionError(f"it walks and walks: {self.steps}")


#: Of each attempt: a try, a drop, and a rest before each of what may happen to it and of the times that are kept.
STEPS = 10

GIVES_WAY = JobError(kind="refused", message="no", error="RateLimited", retryable=True)
REFUSES = JobError(kind="refused", message="no", error="InvalidRequest")
CLOSES = JobError(kind="refused", message="no", error="BadResponse", fallback=False)
whole = st.integers(min_value=0, max_value=100)


def fates(
    *,
    refusals: Sequence[JobError] = (GIVES_WAY, REFUSES, CLOSES),
    ends: Sequence[Status] = (Status.SUCCEEDED, *ENDS, Status.STOPPED),
    lost: bool = True,
    never: bool = False,
    after: int = 100,
) -> st.SearchStrategy[Fate]:
    whens: st.SearchStrategy[int | None] = st.integers(min_value=0, max_value=after)
    accepted = st.builds(
        Fate,
        end=st.sampled_from(ends),
        after=whens | st.none() if never else whens,
        lost=st.none() | whole if lost else st.none(),
        made=st.booleans(),
        person=st.none() | whole,
        free=st.booleans(),
        stops=st.booleans(),
        crash=st.booleans(),
        hedge_after=st.none() | whole.map(float),
    )
    return accepted | st.sampled_from(refusals).map(lambda error: Fate(error=error)) if refusals else accepted


@st.composite
def worlds(draw: st.DrawFn, /, each: st.SearchStrategy[Fate], **route: Any) -> World:
    names = [f"account{number}" for number in range(1, draw(st.integers(min_value=1, max_value=4)) + 1)]
    drawn: dict[str, Any] = {
        "stages": tuple(Stage(account=name, why="in order") for name in names),
        "max_attempts": draw(st.integers(min_value=1, max_value=6)),
        "max_spend": draw(st.sampled_from([None, Decimal(2)])),
        "deadline": draw(st.none() | whole.map(float)),
        "on_deadline": draw(st.sampled_from(["wait", "give_up"])),
        "on_unknown": draw(st.sampled_from(["wait", "pay_twice"])),
        "patience": draw(whole.map(float)),
        "fallback_on": draw(st.sampled_from([None, ("failed", "ProviderError"), ("expired", "not_submitted")])),
        **route,
    }
    fates = {name: draw(st.lists(each, min_size=1, max_size=2)) for name in names}
    return World(Itinerary(**drawn), fates)


def check(world: World) -> None:
    """What is so after every walk."""
    last = world.walk(STEPS * (world.route.max_attempts + 1))
    dropped = Counter(each.number for each in world.steps if isinstance(each, Drop))

    assert len(world.attempts) <= world.route.max_attempts
    for number, times in dropped.items():
        assert times <= 1 + world.fate(world.attempts[number - 1]).crash
    assert not any(isinstance(each, (End, Leave)) for each in world.steps[:-1])
    assert not world.job.routing
    if isinstance(last, Leave):
        assert world.job.attempt.given_up is not None
    elif any(each.status is Status.SUCCEEDED for each in world.attempts):
        for each in world.attempts:
            look = world.look(each)
            assert not each.is_open or look.stuck or look.asked or not (look.free or each.status.in_doubt)
    else:
        assert not any(each.is_open and not world.look(each).stuck for each in world.attempts)


@settings(deadline=None, max_examples=200)
@given(worlds(fates()))
def test_every_walk_ends(world: World) -> None:
    """By a success or with a reason, after a bounded number of steps, within its attempts.

    In a world where every attempt ends at some time, every doubt is settled, and some stops fail.
    """
    check(world)


@settings(deadline=None, max_examples=200)
@given(worlds(fates(never=True), deadline=60.0, on_deadline="give_up"))
def test_a_walk_that_gives_up_ends_even_if_no_attempt_does(world: World) -> None:
    """Vendors that never end a job, or do not stop it: the deadline and the patience bound the walk."""
    check(world)

    longest = 60 + world.route.patience + 3 * 100  # and what a lost answer and its person take
    assert world.seconds <= longest * world.route.max_attempts


@settings(deadline=None, max_examples=200)
@given(worlds(fates(lost=False), on_unknown="wait"))
def test_a_walk_that_never_waits_longer_than_its_attempts(world: World) -> None:
    """It rests only while something runs: the time is at most that of all attempts one after the other."""
    check(world)

    assert world.seconds <= sum(world.fate(each).after or 0 for each in world.attempts)


@settings(deadline=None, max_examples=200)
@given(
    st.data(),
    worlds(
        fates(refusals=(GIVES_WAY, REFUSES), ends=ENDS, lost=False),
        fallback_on=None,
        max_attempts=6,
        on_deadline="wait",
        deadline=None,
    ),
)
def test_what_some_account_would_do_is_done(data: st.DataObject, world: World) -> None:
    """Refusals and ends that may be followed, nothing in doubt, enough attempts: the one that can do it is found."""
    able = data.draw(st.sampled_from(world.route.accounts))
    world.fates = {**world.fates, able: [data.draw(fates(refusals=(), ends=(Status.SUCCEEDED,), lost=False))]}
    check(world)

    assert Status.SUCCEEDED is world.job.status
    assert able == world.job.account


@settings(deadline=None, max_examples=200)
@given(
    st.data(),
    worlds(
        fates(refusals=(GIVES_WAY, REFUSES), ends=ENDS, lost=False),
        fallback_on=None,
        max_attempts=6,
        on_deadline="wait",
        deadline=50.0,
    ),
)
def test_a_deadline_does_not_lose_what_is_done_in_time(data: st.DataObject, world: World) -> None:
    """The same with a deadline that the one that can do it keeps."""
    able = data.draw(st.sampled_from(world.route.accounts))
    world.fates = {
        **world.fates,
        able: [data.draw(fates(refusals=(), ends=(Status.SUCCEEDED,), lost=False, after=49))],
    }
    check(world)

    assert Status.SUCCEEDED is world.job.status


@settings(deadline=None, max_examples=200)
@given(worlds(fates(), on_unknown="wait"))
def test_without_hedges_nothing_is_made_twice(world: World) -> None:
    """Whatever is lost, late or does not stop: one success at most, even long after the route has ended."""
    world.fates = {name: [evolve(each, hedge_after=None) for each in some] for name, some in world.fates.items()}
    check(world)
    world.pass_to(world.seconds + 1000)

    assert len(succeeded(world)) <= 1


@settings(deadline=None, max_examples=200)
@given(worlds(fates(), on_unknown="wait", max_spend=None))
def test_a_hedge_without_a_cap_never_pays_for_what_it_was_beside(world: World) -> None:
    """What was slow is stopped for nothing once its hedge is done, where stops work.

    The hedge itself may not be free to stop: where it loses, it may be paid.
    """
    world.fates = {name: [evolve(each, stops=True) for each in some] for name, some in world.fates.items()}
    check(world)
    done = succeeded(world)
    world.pass_to(world.seconds + 1000)
    tries = [each for each in world.steps if isinstance(each, Try)]

    if done:  # else its callers were told that it goes on
        assert succeeded(world) - done <= {number for number, each in enumerate(tries, 1) if each.hedge}


def succeeded(world: World) -> set[int]:
    return {each.number for each in world.attempts if each.status is Status.SUCCEEDED}
