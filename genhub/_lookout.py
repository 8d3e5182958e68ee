"""What a hub learns from what happens, and whom it tells: the health of accounts, costs and times, events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from genhub._bound import Bound
from genhub._budget import Budgets
from genhub._clock import Clock, moment
from genhub._credits import Balance
from genhub._errors import JournalError
from genhub._events import Event, EventName, Listeners, elsewhere, news
from genhub._jobs import Attempt, Job
from genhub._status import Status
from genhub.routing import HealthChange, Healths, Learned, outcome
from genhub.stores import JobStore
from genhub.timing import Timings

log = logging.getLogger("genhub.health")

#: What the journal's facts are called.
HEALTH, LEARNED, TIMING = "health", "learned", "timing"
#: What was learned is kept after so many finished attempts, and not more often than every so many seconds.
SAVED_AFTER, SAVED_EVERY = 16, 5.0
#: The ends that say something of an account's health.
_TELLING = frozenset({Status.SUCCEEDED, Status.FAILED, Status.EXPIRED})


class Lookout:
    """Hears of every write of an attempt, every submit's outcome, every balance.

    `later` does something in the background, or nothing where there is nothing to be written; `readable` is called with
    an account whose jobs can be read again.
    """

    def __init__(
        self,
        accounts: Mapping[str, Bound],
        store: JobStore,
        clock: Clock,
        budgets: Budgets,
        listeners: Listeners,
        timings: Timings,
        *,
        later: Callable[[Coroutine[Any, Any, object]], None],
        readable: Callable[[str], None],
    ) -> None:
        self.listeners = listeners
        self.timings = timings
        self.learned = Learned()
        self.healths = Healths(
            tuple(accounts),
            clock,
            blind=[name for name, each in accounts.items() if not each.can("balance")],
            heard=self._changed,
            retires={name: day for name, each in accounts.items() if (day := each.account.retires_on) is not None},
        )
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._budgets = budgets
        self._later = later
        self._readable = readable
        self._looks: dict[str, asyncio.Future[None]] = {}  # at balances, on their way
        self._untold = 0  # finished attempts since what was learned was kept
        self._kept_at = clock.monotonic()

    async def open(self) -> None:
        """Take over what the journal knows."""
        await self._budgets.open()
        self.healths.restore(await self._store.get(HEALTH))
        self.learned.restore(await self._store.get(LEARNED))
        self.timings.restore(await self._store.get(TIMING))

    async def save(self) -> None:
        """Keep what was learned."""
        self._untold, self._kept_at = 0, self._clock.monotonic()
        if self._budgets.unsaved:
            await self._budgets.save()
        for facts, name in ((self.healths, HEALTH), (self.learned, LEARNED), (self.timings, TIMING)):
            if facts.unsaved:
                said = facts.facts()
                facts.saved()
                await self._store.put(name, said)

    def wrote(self, old: Attempt | None, new: Attempt, job: Job, *, others: bool = False) -> None:
        """An attempt's row is as it is now; `others`: another process wrote it."""
        self._budgets.news(new, "" if job.route is None else job.route.route, old)
        if new.status.is_final and new.ref is not None and new.account in self._accounts:
            ended = old is None or not old.status.is_final
            if ended or old is None or old.entries != new.entries:
                self._learn(new)
            if ended and new.status in _TELLING:
                self.healths.ended(new.account, new.status is Status.SUCCEEDED, outcome(new))
        self.tell(old, new, job, others=others)

    def tell(self, old: Attempt | None, new: Attempt, job: Job, *, others: bool = False) -> None:
        """Tell those who listen what a write of an attempt means."""
        if self.listeners:
            for event in news(old, new, job, moment(self._clock)):
                self.listeners.tell(elsewhere(event) if others else event)

    def say(self, name: EventName, attempt: Attempt, job: Job, detail: Mapping[str, Any]) -> None:
        """Tell those who listen what happened to a job beside the writes of its attempts."""
        if self.listeners:
            self.listeners.tell(
                Event(
                    name=name,
                    at=moment(self._clock),
                    job=job,
                    attempt=attempt,
                    account=attempt.account,
                    provider=attempt.provider,
                    detail=detail,
                )
            )

    def sent(self, account: str, attempt: Attempt, error: Exception | None) -> None:
        """A submit is over: what that says of its account's health."""
        if error is not None:
            self.healths.refused(account, error)
        elif attempt.status.in_doubt:
            self.healths.doubted(account, attempt.notes[-1].text if attempt.notes else "a lost answer")
        else:
            self.healths.submitted(account)

    def saw_balance(self, account: str, balance: Balance) -> None:
        """A vendor said what an account holds."""
        self.healths.balance(account, balance.amount)

    def wants_look(self, account: str) -> bool:
        """True where a look at the balance may say more: none was taken for a while, or one is on its way."""
        return account in self._looks or self.healths.wants_look(account)

    async def look_at_balance(self, account: str) -> None:
        """Read an account's balance, for its health; a failure is no news. Whoever comes meanwhile waits with it."""
        bound = self._accounts[account]
        if not bound.can("balance"):
            return
        if account in self._looks:
            await asyncio.wait([self._looks[account]])
            return
        self._looks[account] = asyncio.get_running_loop().create_future()
        self.healths.looking(account)
        try:
            bound.saw_balance(await bound.verb("balance").balance(bound.polls))
        except Exception as error:
            log.info("the balance of %s can't be read: %s", account, error)
        finally:
            self._looks.pop(account).set_result(None)

    def _learn(self, attempt: Attempt) -> None:
        self.learned.took(attempt)
        self._untold += 1
        if self._untold >= SAVED_AFTER and self._clock.monotonic() - self._kept_at >= SAVED_EVERY:
            self._untold = 0
            self._later(self._save_quietly())

    async def _save_quietly(self) -> None:
        try:
            await self.save()
        except JournalError as error:
            log.warning("what was learned can't be kept: %s", error)

    def _changed(self, change: HealthChange) -> None:
        """An account's health changed: log it, tell it, keep it, and act on it."""
        log.log(
            logging.INFO if change.new in ("closed", "free", "half_open") else logging.WARNING,
            "%s: %s %s -> %s: %s", change.account, change.what, change.old, change.new, change.why,
        )  # fmt: skip
        if self.listeners:
            self.listeners.tell(
                Event(
                    name=EventName.BREAKER,
                    at=moment(self._clock),
                    account=change.account,
                    provider=self._accounts[change.account].provider.name,
                    detail={"what": change.what, "old": change.old, "new": change.new, "why": change.why},
                )
            )
        self._later(self._save_quietly())
        if change.what == "polls" and change.new == "closed":
            self._readable(change.account)
        if change.new == "parked":  # what it holds now is what it has to rise above
            self._later(self.look_at_balance(change.account))
