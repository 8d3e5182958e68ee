"""What each account of a route said: as errors, and the same after a way through the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from attrs import evolve

from genhub import (
    AllAttemptsFailed,
    AuthenticationError,
    BadResponse,
    BudgetExceeded,
    GenhubError,
    InsufficientCredits,
    InvalidRequest,
    Job,
    JobError,
    JobFailed,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Status,
    UnsupportedRequest,
    WrongState,
    from_dict,
    to_dict,
)
from genhub import _transitions as transitions
from genhub._jobs import Attempt
from genhub.routing import all_failed, nothing_bought
from genhub.routing._said import error_of
from tests.routing.test_step import NOW, attempt, job, refused

OURS = (
    ProviderError, AuthenticationError, PermissionDenied, InsufficientCredits, InvalidRequest, NotFound, WrongState,
    RateLimited, ProviderUnavailable, BadResponse,
)  # fmt: skip


def plainly(of: Job) -> Job:
    """A job on its way through JSON."""
    return from_dict(Job, orjson.loads(orjson.dumps(to_dict(of))))


def same(of: Job) -> Job:
    return of


#: As it is in hand, and as a later process reads it.
ways = pytest.mark.parametrize("way", [same, plainly], ids=["in hand", "from the journal"])
Way = Callable[[Job], Job]


def ended(number: int, error: Exception) -> Attempt:
    """An attempt that ended by this error, as the journal writes it."""
    return transitions.refused(attempt(number, Status.SUBMITTING), error, NOW)


def said(error: Exception, way: Way) -> GenhubError:
    """The error again, from what is kept of it."""
    one = way(job(ended(1, error)))
    return error_of(one.attempts[0], one)


FACTS: dict[str, Any] = {"code": "E7", "http_status": 429, "request_id": "r-1", "retry_after": 2.5}


# One account


@ways
@pytest.mark.parametrize("kind", OURS)
def test_a_refusal_is_the_error_that_it_was(kind: type[ProviderError], way: Way) -> None:
    """Its class, what the vendor said, and whose it was; so that a caller's `except` works in any process."""
    again = said(kind("no", account="elsewhere", **FACTS), way)

    assert type(again) is kind
    assert isinstance(again, ProviderError)
    assert ("no", "account1") == (again.message, again.account)
    assert FACTS == {name: getattr(again, name) for name in FACTS}
    assert "account1: no (429, E7, request r-1, retry after 2.5 s)" == str(again)


@ways
def test_what_was_never_sent_is_the_error_that_it_was(way: Way) -> None:
    """Without an answer there is no status; the class is kept all the same."""
    one = job(ended(1, ProviderUnavailable("the connection was refused")))
    again = said(ProviderUnavailable("the connection was refused"), way)

    assert one.attempts[0].error is not None
    assert "not_sent" == one.attempts[0].error.kind
    assert type(again) is ProviderUnavailable
    assert "account1: the connection was refused" == str(again)


@ways
def test_an_error_carries_its_job(way: Way) -> None:
    """So that a caller can look at all of it."""
    one = way(job(ended(1, RateLimited("no", http_status=429))))

    assert one is error_of(one.attempts[0], one).job


@ways
@pytest.mark.parametrize(
    "error", [UnsupportedRequest("no", provider="p"), BudgetExceeded("no"), ValueError("no")], ids=repr
)
def test_what_no_vendor_said_names_its_account(error: Exception, way: Way) -> None:
    """Errors of other kinds keep their message."""
    assert str(said(error, way)).startswith("account1: ")
    assert str(said(error, way)).endswith("no")


@ways
@pytest.mark.parametrize(
    ("end", "message"),
    [
        (
            attempt(1, Status.FAILED, error=JobError(kind="vendor", message="no clay", code="E7")),
            "failed (E7): no clay",
        ),
        (attempt(1, Status.EXPIRED), "expired"),
        (attempt(1, Status.FAILED, error=JobError(kind="not_submitted", message="gone")), "not submitted: gone"),
    ],
    ids=["failed", "expired", "not submitted"],
)
def test_a_job_that_ended_badly_is_a_failed_job(end: Attempt, message: str, way: Way) -> None:
    """The vendor took it: that is no refusal."""
    one = way(job(end))
    error = error_of(one.attempts[0], one)

    assert type(error) is JobFailed
    assert f"job.1: account1: {message}" == str(error)
    assert one is error.job


@ways
def test_what_the_route_gave_up_says_why(way: Way) -> None:
    """In the route's own words."""
    one = way(job(attempt(1, Status.STOPPED, given_up="account1 took longer than the deadline of 5 s")))

    assert "job.1: account1 took longer than the deadline of 5 s" == str(error_of(one.attempts[0], one))


# A third party's errors


class QuotaSpent(InsufficientCredits):
    """It wants to know which quota, which the journal does not keep."""

    def __init__(self, message: str, *, quota: str, **facts: Any) -> None:
        self.quota = quota
        super().__init__(f"{quota}: {message}", **facts)


class TooManyPosts(RateLimited):
    """It makes its own sentence of what it is given."""

    def __init__(self, limit: object, **facts: Any) -> None:
        self.limit = limit
        super().__init__(f"only {limit} posts a day", **facts)


class Forgetful(ProviderError):
    """It passes on the message alone."""

    def __init__(self, message: str, **_: Any) -> None:
        super().__init__(message)


class LooksThingsUp(ProviderError):
    """It fails in its own way where something is not known."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__({"one": "first"}[message], **facts)


class Plain(NotFound):
    """It adds nothing but a name."""


@ways
def test_a_third_partys_error_is_its_own_class(way: Way) -> None:
    """Where its constructor is like ours."""
    again = said(Plain("no", http_status=404), way)

    assert type(again) is Plain
    assert "account1: no (404)" == str(again)


@ways
def test_a_third_partys_constructor_does_not_change_what_was_said(way: Way) -> None:
    """The sentence is not made twice, and no fact is lost."""
    made = said(TooManyPosts(5, **FACTS), way)
    lost = said(forgetful(), way)

    assert isinstance(made, TooManyPosts)
    assert "account1: only 5 posts a day (429, E7, request r-1, retry after 2.5 s)" == str(made)
    assert isinstance(lost, Forgetful)
    assert ("account1", 429, 2.5) == (lost.account, lost.http_status, lost.retry_after)


def forgetful() -> Forgetful:
    error = Forgetful("no")
    error.http_status, error.retry_after = 429, 2.5
    return error


@ways
@pytest.mark.parametrize(
    "error", [QuotaSpent("no", quota="day", **FACTS), LooksThingsUp("one", **FACTS)], ids=["a fact", "a look"]
)
def test_a_constructor_that_can_not_be_called_is_no_matter(error: ProviderError, way: Way) -> None:
    """What was said is told by our own class: the end of a route is never lost to how an error is built."""
    again = said(error, way)

    assert type(again) is ProviderError
    assert (error.message, "account1", FACTS) == (
        again.message, again.account, {name: getattr(again, name) for name in FACTS}
    )  # fmt: skip


def test_a_class_that_is_not_loaded_is_a_providers_error() -> None:
    """The journal outlives the package that an account came from."""
    one = plainly(job(refused(1, "OfNoLoadedPackage", http_status=429)))
    again = error_of(one.attempts[0], one)

    assert type(again) is ProviderError
    assert "account1: no (429)" == str(again)


# The whole route


@ways
def test_everybody_is_heard(way: Way) -> None:
    """In the order of the attempts, then those at which none was made; with the route's name and why it ended."""
    tried = job(
        ended(1, RateLimited("later", http_status=429)),
        attempt(2, Status.FAILED, error=JobError(kind="vendor", message="out of clay")),
        ended="no account is left",
    )
    passed = InsufficientCredits("passed over: it is empty", account="account3")
    failed = all_failed(way(tried), [passed])

    assert [RateLimited, JobFailed, InsufficientCredits] == [type(each) for each in failed.said]
    assert "route 'captions': nobody did it: no account is left" == failed.message
    assert passed is failed.said[-1]
    assert failed.job is not None
    assert ("job", 2) == (failed.job.id, len(failed.job.attempts))


@ways
def test_callers_may_pick_by_class(way: Way) -> None:
    """`except*` works in a later process, also for a third party's class."""
    tried = way(job(ended(1, Plain("gone", http_status=404)), ended(2, RateLimited("later", http_status=429))))
    failed = all_failed(tried)
    picked, rest = failed.split(Plain)

    assert picked is not None and rest is not None
    assert [Plain] == [type(each) for each in picked.exceptions]
    assert [RateLimited] == [type(each) for each in rest.exceptions]
    assert isinstance(picked, AllAttemptsFailed)


def test_it_is_the_same_in_hand_and_from_the_journal() -> None:
    """Nothing that is told is known only to the process that tried."""
    tried = job(
        *(
            ended(number, kind("no", **FACTS))
            for number, kind in enumerate((*OURS, QuotaSpentPlainly, TooManyPosts), 1)
        ),
        attempt(len(OURS) + 3, Status.CANCELED),
        ended="no account is left",
    )

    assert all_failed(tried).facts() == all_failed(plainly(tried)).facts()
    assert orjson.dumps(all_failed(tried).facts())


class QuotaSpentPlainly(InsufficientCredits):
    """Without more than ours."""


def test_accounts_that_a_call_named_have_no_route() -> None:
    """They are named instead; a route that was not ended says no reason."""
    failed = all_failed(job(ended(1, RateLimited("later", http_status=429)), route=""))

    assert "accounts account1, account2, account3: nobody did it" == failed.message


def test_only_this_walk_is_told() -> None:
    """A job that is asked for again: what accounts said the last time is over."""
    tried = job(ended(1, NotFound("gone", http_status=404)), ended(2, RateLimited("later", http_status=429)), since=1)

    assert [RateLimited] == [type(each) for each in all_failed(tried).said]


@pytest.mark.parametrize("earlier", [(), (refused(1),)], ids=["new", "asked for again"])
def test_nobody_was_asked(earlier: tuple[Attempt, ...]) -> None:
    """A policy may choose nobody: the route's end says so, although there is no error of any account."""
    failed = all_failed(job(*earlier, since=len(earlier), ended="no account is left"))

    assert ["no account was asked"] == [str(each) for each in failed.said]
    assert "route 'captions': nobody did it: no account is left" == failed.message
    assert bool(earlier) == (failed.job is not None)


def test_a_job_without_attempts_is_not_handed_out() -> None:
    """It is in no journal: nobody can look at it."""
    failed = all_failed(job(), [UnsupportedRequest("no", provider="p")])

    assert failed.job is None
    assert "job" not in failed.facts()


# What was bought


@ways
@pytest.mark.parametrize(
    ("attempts", "nothing"),
    [
        ((refused(1),), True),
        ((refused(1), refused(2, kind="not_sent")), True),
        ((refused(1), attempt(2, Status.FAILED, error=JobError(kind="vendor", message="no"))), False),
        ((attempt(1, Status.FAILED, error=JobError(kind="vendor", message="no")), refused(2)), False),
        ((attempt(1, Status.FAILED), refused(2)), False),
        ((attempt(1, Status.STOPPED, given_up="too slow"), refused(2)), False),
        ((attempt(1, Status.UNCONFIRMED), refused(2)), False),
        ((refused(1), attempt(2, Status.SUBMITTING)), False),
        ((refused(1), attempt(2, Status.RUNNING)), False),
        ((refused(1), attempt(2, Status.SUCCEEDED)), False),
        ((attempt(1, Status.FAILED, error=JobError(kind="not_submitted", message="no")),), False),
    ],
    ids=[
        "refused", "refused twice", "failed last", "failed first", "no reason", "stopped", "in doubt", "on its way",
        "running", "done", "not submitted",
    ],
)  # fmt: skip
def test_nothing_was_bought(attempts: tuple[Attempt, ...], nothing: bool, way: Way) -> None:
    """Only where every attempt was refused or never sent; by its key such a job may begin again."""
    assert nothing is nothing_bought(way(job(*attempts, ended="no account is left")))


def test_earlier_walks_count_for_what_was_bought() -> None:
    """All attempts of a job are in its bill."""
    bought = attempt(1, Status.FAILED, error=JobError(kind="vendor", message="no"))
    tried = job(bought, refused(2), since=1, ended="no account is left")

    assert not nothing_bought(tried)
    assert nothing_bought(evolve(tried, attempts=(refused(1), refused(2))))
