"""What a route does next with a job: a pure function of the job, the time, and what a stop would cost.

The money rules of a route stand here, and nowhere else:

* another account is tried only after a certain end: refused at submit, `failed`, `expired`, `canceled`, not submitted,
  or stopped by the route itself, for nothing;
* nothing is tried while an attempt is in doubt, unless the route says `pay_twice` and nothing more can be found out;
* nothing is tried after a success, beyond `max_attempts`, or beside a running attempt that is neither free to stop nor
  covered by the route's own spend cap (a hedge).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import frozen

from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub._status import Status
from genhub._transitions import REVIVED, TWICE
from genhub.routing._route import errors


@frozen(kw_only=True)
class Outlook:
    """What is known of an attempt under way, beyond the journal."""

    free: bool = False  #: its vendor's documents promise all of the charge back when it is stopped now
    stuck: bool = False  #: in doubt, and nothing more can be found out
    asked: bool = False  #: this process asked for a stop already: what became of that is to be read, not asked again
    hedge_after: float | None = None  #: seconds after which a second account is worth it; None: never, or not known


@frozen
class Rest:
    """There is nothing to do before something happens, or so many seconds have passed."""

    seconds: float | None = None


@frozen
class Try:
    """Make another attempt."""

    why: str
    hedge: bool = False  #: beside one that runs


@frozen
class Drop:
    """Ask the vendor to stop an attempt; it is free."""

    number: int
    why: str


@frozen
class Leave:
    """Wait no more for an attempt that runs, and try nobody else."""

    number: int
    why: str


@frozen
class End:
    """The route tries nobody else."""

    why: str


Step = Rest | Try | Drop | Leave | End
Look = Callable[[Attempt], Outlook]


def next_step(job: Job, now: datetime, look: Look, *, more: bool, hedges: bool = True) -> Step:
    """Say what comes next for a job whose route is open.

    `more`: there is an account that was not tried yet, or may be asked again. `hedges`: a second one may be tried now.
    """
    route = job.route
    assert route is not None
    attempts = job.attempts[route.since :]
    winner = next((each for each in attempts if each.status is Status.SUCCEEDED), None)
    under_way = [each for each in attempts if each.is_open]
    if winner is not None:
        return _after_success(winner, under_way, look)
    last = next((each for each in reversed(attempts) if not each.is_open), None)
    final = next((each for each in attempts if not each.is_open and not may_follow(each, route)), None)
    doubts = [each for each in under_way if each.status.in_doubt]
    running = [each for each in under_way if not each.status.in_doubt]
    known = all(look(each).stuck for each in doubts)  # all that can be
    if final is not None and known and not running:
        return End(f"{outcome(final)}: the route does not go on after that")
    if final is not None or (doubts and (route.on_unknown == "wait" or not known)):
        return _late(running, route, now, look, more=False)
    left = more and len(attempts) < route.max_attempts
    if running:
        return _beside(running, doubts, route, now, look, more=left, hedges=hedges and left)
    if not left:
        if doubts:  # a person settles it; until then nobody else is tried
            return End(f"nobody is left to try beside what is in doubt at {doubts[-1].account}")
        return End(_exhausted(attempts, route, more=more))
    if doubts:
        return Try(f"pay_twice: what became of it at {doubts[-1].account} is not known")
    return Try("asked for" if last is None else outcome(last))


def _after_success(winner: Attempt, under_way: Sequence[Attempt], look: Look) -> Step:
    for each in under_way:
        if not each.status.in_doubt and (known := look(each)).free and not known.asked:
            return Drop(each.number, f"attempt {winner.number} at {winner.account} was done first")
    if any(each.status.in_doubt and not look(each).stuck for each in under_way):
        return Rest()  # once it is found, a stop of it may be free
    return End(f"done by {winner.account}")


def _beside(
    running: Sequence[Attempt],
    doubts: Sequence[Attempt],
    route: Itinerary,
    now: datetime,
    look: Look,
    *,
    more: bool,
    hedges: bool,
) -> Step:
    """Say what comes next while an attempt runs."""
    late = _late(running, route, now, look, more=more)
    if not isinstance(late, Rest) or len(running) > 1 or doubts or not hedges:
        return late
    (slow,) = running
    outlook = look(slow)
    free = outlook.free and not outlook.asked  # a stop is asked for once: that one did not help
    if outlook.hedge_after is None or not (free or route.max_spend is not None):
        return late
    wait = outlook.hedge_after - _age(slow, now)
    if wait <= 0:
        said = "a stop of it is free" if free else "the route's max_spend allows it"
        return Try(f"{slow.account} takes longer than {outlook.hedge_after:g} s, and {said}", hedge=True)
    return Rest(wait if late.seconds is None else min(wait, late.seconds))


def _late(running: Sequence[Attempt], route: Itinerary, now: datetime, look: Look, *, more: bool) -> Step:
    """Hold what runs against the deadline."""
    if route.deadline is None or not running:
        return Rest()
    why = f"took longer than the deadline of {route.deadline:g} s"
    gives_up = route.on_deadline == "give_up"
    waits: list[float] = []
    for each in running:
        wait, known = route.deadline - _age(each, now), look(each)
        if known.asked:  # for a stop: it may take a while, or have failed
            wait += route.patience
        elif wait <= 0 and known.free and (more or gives_up):
            return Drop(each.number, f"{each.account} {why}")
        if wait > 0:
            waits.append(wait)
    if gives_up and not waits:  # all are late; the last is the one that callers see
        last = running[-1]
        stop = "a stop of it is not free" if last.given_up is None else "a stop of it did not help"
        return Leave(last.number, f"{last.account} {why}, and {stop}")
    return Rest(min(waits, default=None))


def _age(attempt: Attempt, now: datetime) -> float:
    return (now - (attempt.submitted_at or attempt.created_at)).total_seconds()


def may_follow(attempt: Attempt, route: Itinerary) -> bool:
    """True when another account may be tried after this attempt's end."""
    if attempt.status is Status.STOPPED:  # by its route; whoever else stops a job wants no other account to go on
        return attempt.given_up is not None
    if (attempt.doubt or "").startswith((REVIVED, TWICE)):  # it may be charged again, or be there after all
        return False
    words = {str(attempt.status)}
    error = attempt.error
    if error is not None and error.kind in ("refused", "not_sent"):
        if not error.fallback:
            return False
        known = errors().get(error.error or "")
        words = {error.error or ""} if known is None else {kind.__name__ for kind in known.__mro__}
    elif error is not None and error.kind == "not_submitted":
        words = {"not_submitted"}
    return route.fallback_on is None or not words.isdisjoint(route.fallback_on)


def outcome(attempt: Attempt) -> str:
    """Say in a few words how an attempt ended."""
    if attempt.given_up is not None and attempt.status is not Status.SUCCEEDED:
        return attempt.given_up
    error = attempt.error
    if error is None:
        return f"{attempt.account}: {attempt.status}"
    word = {"refused": "refused", "not_sent": "not sent", "not_submitted": "not submitted"}.get(error.kind)
    code = f" ({error.code})" if error.code else ""
    return f"{attempt.account}: {word or attempt.status}{code}: {error.message}"


def _exhausted(attempts: Sequence[Attempt], route: Itinerary, *, more: bool) -> str:
    if more:
        return f"{len(attempts)} attempts were made, and the route allows {route.max_attempts}"
    return "no account is left"
