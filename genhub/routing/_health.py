"""What a hub knows of the health of its accounts, and whether a routed submit may go to one now.

Fed by whoever calls vendors: every submit's outcome, every job's end, every read, every balance that is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from attrs import define, field

from genhub._clock import Clock, moment
from genhub._errors import RateLimited, SubmissionUnknown
from genhub.routing._breaker import CLOSED, USUAL, Breaker, Tuning
from genhub.routing._verdict import (
    AccountHealth,
    HealthChange,
    Parked,
    Shut,
    Verdict,
    What,
    of_error,
    of_read,
    reason,
    short,
)

LOOK_EVERY = 30.0  # seconds between two looks at the balance of an account that is out of credits
#: A longer hold is not believed (a vendor's clock that is off, another unit); one of no length is this short.
LONGEST_HOLD, SHORTEST_HOLD = 3600.0, 1.0

#: What a submit probes: whether it is taken, and whether its job is done.
_SUBMITS: tuple[What, ...] = ("submits", "work")
_SEE, _NOTHING, _RUNS = "a call is let through to see", "the call told nothing", "its job will tell"
_BREAKERS: tuple[What, ...] = ("submits", "polls", "work")
#: Reads cost nothing and paid jobs wait for them: they are held back for less long than submits.
#: A job that fails may be the request's fault: it takes more of them.
TUNINGS: Mapping[What, Tuning] = {
    "polls": Tuning(failures=5, pause=5.0, longest=60.0, probe=30.0),
    "work": Tuning(failures=5),
}
BLIND_PAUSE = 600.0  # seconds after which one that is out of credits, and shows no balance, is asked again


def ignore(change: HealthChange) -> None:
    """Do nothing about a change."""


@define
class _Chart:
    """What is noted of one account."""

    breakers: dict[What, Breaker] = field(factory=lambda: dict.fromkeys(_BREAKERS, CLOSED))
    at_rest: bool = True  # while no breaker has anything to remember: asked at every call
    since: datetime | None = None  # when it ran out of credits
    balance: Decimal | None = None  # as last seen, out of credits or not: a rise is one above this
    looked_at: float | None = None
    held: float = 0.0  # monotonic
    asked: datetime | None = None  # when it was out of credits still, after a pause
    paused: float = 0.0  # monotonic: when it is asked again, if its balance can't be seen

    def note(self, what: What, breaker: Breaker) -> Breaker:
        """Take in how a breaker stands now."""
        if breaker is not self.breakers[what]:
            self.breakers[what] = breaker
            self.at_rest = all(each is CLOSED for each in self.breakers.values())
        return breaker

    @property
    def parked(self) -> Parked | None:
        if self.since is None:
            return None
        return Parked(since=self.since, balance=self.balance, looked_at=self.looked_at, asked=self.asked)


class Healths:
    """The health of all accounts of a hub. Methods raise KeyError for an account that is not among them.

    `heard` is told each change of a breaker's state and of `credits` (`free`, `parked`), once and after it is done.
    """

    def __init__(
        self,
        accounts: Collection[str],
        clock: Clock,
        *,
        tuning: Tuning | None = None,
        blind: Collection[str] = (),
        heard: Callable[[HealthChange], None] = ignore,
        retires: Mapping[str, date] = {},
    ) -> None:
        self._clock = clock
        self._tunings = {what: tuning or TUNINGS.get(what, USUAL) for what in _BREAKERS}
        self._blind = frozenset(blind)  # their balance can't be seen
        self._heard = heard
        self._retires = retires
        self._charts = {account: _Chart() for account in accounts}
        self.unsaved = False  #: something changed that the journal does not know

    # What submits and their jobs say.

    def submitted(self, account: str) -> None:
        """The vendor accepted a job: it has the credits for one."""
        chart = self._charts[account]
        if chart.at_rest and chart.since is None:
            return
        self._turn(account, "submits", Breaker.succeeded, "a job was accepted")
        self._turn(account, "work", Breaker.runs, _RUNS)
        self._free(account, "a job was accepted")

    def refused(self, account: str, error: Exception) -> None:
        """A submit ended in an error; unless it is SubmissionUnknown, there is no job."""
        verdict, why = of_error(error), reason(account, error)
        if isinstance(error, SubmissionUnknown):
            self.doubted(account, why)
            return
        if verdict is Verdict.BAD:
            self._failed(account, "submits", why)
        elif verdict is Verdict.BROKE:
            self._park(account, why)
        elif isinstance(error, RateLimited):
            self._hold(account, error.retry_after)
        self.passed(account)

    def doubted(self, account: str, why: str) -> None:
        """The answer to a submit was lost. There may be a job, whose end is told."""
        self._failed(account, "submits", why)
        self._turn(account, "work", Breaker.runs, _RUNS)

    def ended(self, account: str, good: bool, why: str) -> None:
        """A job succeeded, or it failed or expired. One that somebody ended says nothing and is not told."""
        if good and self._charts[account].at_rest:
            return
        if good:
            self._turn(account, "work", Breaker.succeeded, why)
        else:
            self._failed(account, "work", why)

    def let_through(self, account: str) -> None:
        """A submit goes there now; it may be the probe, and its job too."""
        if self._charts[account].at_rest:
            return
        for what in _SUBMITS:
            self._turn(account, what, Breaker.let_through, _SEE)

    def hurry(self, account: str) -> None:
        """Nobody else is left to ask: its pauses are cut short."""
        for what in _SUBMITS:
            self._turn(account, what, Breaker.hurried, _SEE)

    def passed(self, account: str) -> None:
        """The submit that was let through told nothing of the account, and there is no job."""
        if self._charts[account].at_rest:
            return
        for what in _SUBMITS:
            self._turn(account, what, Breaker.passed, _NOTHING)

    # What reads say.

    def reads_allowed(self, account: str) -> float:
        """Return the seconds until the account may be read; 0: now."""
        if self._charts[account].at_rest:
            return 0.0
        return self._wait(account, "polls")

    def read_through(self, account: str) -> None:
        """A read goes there now; it may be the probe."""
        if self._charts[account].at_rest:
            return
        self._turn(account, "polls", Breaker.let_through, _SEE)

    def read(self, account: str) -> None:
        """A read went well."""
        if self._charts[account].at_rest:
            return
        self._turn(account, "polls", Breaker.succeeded, "a read went well")

    def read_failed(self, account: str, error: Exception) -> None:
        """A read ended in an error."""
        if of_read(error) is Verdict.BAD:
            self._failed(account, "polls", reason(account, error))
        else:
            self._turn(account, "polls", Breaker.passed, _NOTHING)

    # What balances say.

    def balance(self, account: str, amount: Decimal) -> None:
        """A balance was seen, in the vendor's credits. If it rose, the account is out of credits no more.

        Where none was seen before, nobody knows whether it rose: it is tried, and a refusal makes it the mark.
        """
        chart = self._charts[account]
        if not amount.is_finite():
            return
        mark, chart.balance = chart.balance, amount
        if chart.since is None or amount == mark:
            return
        self.unsaved = True
        if mark is None and amount > 0:
            self._free(account, f"the balance is {amount}, and none was seen before")
        elif mark is not None and amount > mark:
            self._free(account, f"the balance rose from {mark} to {amount}")

    def wants_look(self, account: str) -> bool:
        """Say whether its balance should be looked at: it is out of credits, and the last look is a while ago.

        Never of one whose balance can't be seen.
        """
        chart = self._charts[account]
        if chart.since is None or account in self._blind:
            return False
        # A clock that was set back makes the last look one of the future.
        return chart.looked_at is None or not 0 <= self._clock.time() - chart.looked_at < LOOK_EVERY

    def looking(self, account: str) -> None:
        """Somebody looks at its balance now."""
        self._charts[account].looked_at = self._clock.time()

    # What follows.

    def refusal(self, account: str) -> Shut | None:
        """Say why a routed submit may not go there now; None: it may. Of several reasons the longest counts."""
        chart = self._charts[account]
        if chart.at_rest and chart.since is None and not chart.held and account not in self._retires:
            return None
        health = self.state(account)
        if health.retired:
            return Shut(account=account, why=f"retired on {health.retires_on}")
        if health.parked is not None and account not in self._blind:
            return Shut(account=account, why=health.parked.said)
        now = self._clock.time()
        wait, why = max(
            (self._paused(account), "" if health.parked is None else health.parked.said),
            (self._wait(account, "submits"), f"submits: {health.submits.said(now)}"),
            (self._wait(account, "work"), f"jobs: {health.work.said(now)}"),
            (self._wait(account, "polls"), f"its jobs can't be read: {health.polls.said(now)}"),
            (self._held(account), "the vendor said to wait"),
            key=lambda each: each[0],
        )
        return Shut(account=account, why=why, retry_in=wait) if wait > 0 else None

    def state(self, account: str) -> AccountHealth:
        """Return how an account stands now."""
        held, at = self._held(account), moment(self._clock)
        return AccountHealth(
            account=account,
            at=at,
            submits=self._breaker(account, "submits"),
            polls=self._breaker(account, "polls"),
            work=self._breaker(account, "work"),
            parked=self._charts[account].parked,
            held_until=at + timedelta(seconds=held) if held > 0 else None,
            retires_on=self._retires.get(account),
        )

    def all(self) -> Mapping[str, AccountHealth]:
        """Return how each account stands now."""
        return {account: self.state(account) for account in self._charts}

    # The journal.

    def facts(self) -> dict[str, Any]:
        """Return as plain data what a later process should know; a hold and counts below the threshold are not kept."""
        facts: dict[str, Any] = {}
        for account, chart in self._charts.items():
            kept: dict[str, Any] = {what: chart.breakers[what].facts() for what in _BREAKERS}
            if chart.parked is not None:
                kept["credits"] = chart.parked.facts()
            if kept := {what: fact for what, fact in kept.items() if fact is not None}:
                facts[account] = kept
        return facts

    def restore(self, facts: Any) -> None:
        """Take in what `facts` gave, once and before any news; ignores what it can't read."""
        now = self._clock.time()
        for account, chart in self._charts.items():
            kept = _part(facts, account)
            for what in _BREAKERS:
                if (breaker := Breaker.of(_part(kept, what), now, self._tunings[what])) is not None:
                    chart.note(what, breaker)
            if (parked := Parked.of(_part(kept, "credits"))) is not None:
                chart.since, chart.balance, chart.asked = parked.since, parked.balance, parked.asked
                left = BLIND_PAUSE - (moment(self._clock) - (parked.asked or parked.since)).total_seconds()
                # More than all of it: the clock was set back.
                chart.paused = self._clock.monotonic() + left if left <= BLIND_PAUSE else 0.0

    def saved(self) -> None:
        """The facts are about to be written: to be said when they were taken, before anything is awaited."""
        self.unsaved = False

    # How.

    def _wait(self, account: str, what: What) -> float:
        return self._breaker(account, what).wait(self._clock.time(), self._tunings[what])

    def _breaker(self, account: str, what: What) -> Breaker:
        # A time that was found too far away once is noted as come: else it would be in reach, and believed, later.
        chart = self._charts[account]
        return chart.note(what, chart.breakers[what].believed(self._clock.time(), self._tunings[what]))

    def _held(self, account: str) -> float:
        return max(0.0, self._charts[account].held - self._clock.monotonic())

    def _paused(self, account: str) -> float:
        chart = self._charts[account]
        blind = chart.since is not None and account in self._blind
        return max(0.0, chart.paused - self._clock.monotonic()) if blind else 0.0

    def _failed(self, account: str, what: What, why: str) -> None:
        why = short(why)
        self._turn(account, what, lambda breaker, now, tuning: breaker.failed(now, why, tuning), why)

    def _turn(self, account: str, what: What, step: Callable[[Breaker, float, Tuning], Breaker], why: str) -> None:
        before = self._breaker(account, what)
        after = self._charts[account].note(what, step(before, self._clock.time(), self._tunings[what]))
        if before.failures != after.failures:  # so that calls of one process each add up
            self.unsaved = True
        if before.state is not after.state:
            self.unsaved = True
            self._tell(account, what, before.state.value, after.state.value, why)

    def _park(self, account: str, why: str) -> None:
        chart = self._charts[account]
        at, paused = moment(self._clock), self._clock.monotonic() + BLIND_PAUSE
        if chart.since is None:
            chart.since, chart.looked_at, chart.paused, self.unsaved = at, None, paused, True
            self._tell(account, "credits", "free", "parked", why)
        elif account in self._blind and self._paused(account) == 0:  # it was asked again
            chart.asked, chart.paused, self.unsaved = at, paused, True

    def _free(self, account: str, why: str) -> None:
        chart = self._charts[account]
        if chart.since is not None:
            chart.since, chart.asked, chart.looked_at, self.unsaved = None, None, None, True
            self._tell(account, "credits", "parked", "free", why)

    def _hold(self, account: str, seconds: float | None) -> None:
        chart = self._charts[account]
        length = min(seconds, LONGEST_HOLD) if seconds is not None and seconds > 0 else SHORTEST_HOLD
        chart.held = max(chart.held, self._clock.monotonic() + length)

    def _tell(self, account: str, what: What, old: str, new: str, why: str) -> None:
        self._heard(HealthChange(account=account, what=what, old=old, new=new, why=why))


def _part(facts: Any, name: str) -> Any:
    return cast("Mapping[str, Any]", facts).get(name) if isinstance(facts, Mapping) else None
