"""One re-entrant life: what is to be done with a job next, as the journal has it.

`drive` reads where the job stands, does the next thing, records it, and says when to come again. Called again at any
point, by whoever drives, it goes on from there: what was sent is the journal's alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from genhub import _transitions as transitions
from genhub._agenda import Agenda
from genhub._bound import Bound
from genhub._clock import Clock, moment
from genhub._errors import GenhubError, ProviderError
from genhub._flocks import TROUBLE, Flocks, held_back
from genhub._jobs import Attempt, Job
from genhub._live import Pursuit, Registry
from genhub._provider import Snapshot
from genhub._reconcile import Finding, Place, Verdict, look
from genhub._status import Status
from genhub.routing import Healths

log = logging.getLogger("genhub.drive")

#: Seconds between two looks at a doubt.
LOOK_EVERY = 5.0
#: So many jobs of one batch are read at once, where no list covers them.
SIDE_BY_SIDE = 16


class Driver:
    """Drives the jobs of a hub, on whoever's call."""

    def __init__(
        self,
        registry: Registry,
        accounts: Mapping[str, Bound],
        clock: Clock,
        unwritten: Collection[str],
        healths: Healths,
        agenda: Agenda,
    ) -> None:
        self._agenda = agenda
        self.flocks = Flocks(registry, clock, healths, agenda, self._take)
        self._unwritten = unwritten
        self._registry = registry
        self._accounts = accounts
        self._clock = clock
        self._healths = healths
        self._odd_words: set[tuple[str, str]] = set()

    async def drive(self, attempt_id: str) -> float | None:
        """Do the next thing for an attempt; returns the seconds until it is to be driven again, None for never.

        Raises nothing: one job's trouble is not another's.
        """
        try:
            hand = await self._in_hand(attempt_id)
            attempt, alone = hand.attempt, self.flocks.alone
            bound = self._accounts.get(attempt.account)
            if bound is None or not attempt.is_open or hand.sending is not None:
                self._registry.drop(hand.live)  # it may have been loaded only for this
                return None
            if attempt.status.in_doubt:
                return await self._settle(bound, hand)
            assert attempt.ref is not None
            if (wait := held_back(self._healths, attempt.account)) > 0:
                return wait
            began = hand.tried_at = self._clock.monotonic()
            alone.add(attempt_id)
            try:
                snapshot = await bound.provider.poll(bound.polls, attempt.ref)
            except GenhubError as error:
                return self._failed(bound, hand, error)
            finally:
                alone.discard(attempt_id)
            return await self._take(bound, hand, attempt, snapshot, began)
        except GenhubError as error:
            log.warning("driving %s failed: %s", attempt_id, error)
            return TROUBLE / 8
        except Exception:
            log.exception("driving %s failed in an unforeseen way", attempt_id)
            return TROUBLE

    async def _in_hand(self, attempt_id: str) -> Pursuit:
        job_id, _, number = attempt_id.rpartition(".")
        live = await self._registry.load(job_id)
        return live.pursue(int(number))

    async def drive_many(self, account: str, attempt_ids: Sequence[str]) -> dict[str, float | None]:
        """Drive due attempts at one account: by one call where the provider has a list and it is worth it."""
        bound = self._accounts.get(account)
        lists = bound is not None and bound.can("poll_many")
        if len(attempt_ids) == 1 and not lists:
            return {attempt_ids[0]: await self.drive(attempt_ids[0])}
        again: dict[str, float | None] = {}
        rest = list(attempt_ids)
        if bound is not None and lists:
            rest = await self.flocks.read(bound, await self._all_in_hand(rest, again), again)
        if len(rest) == 1:
            again[rest[0]] = await self.drive(rest[0])
        if len(rest) < 2:
            return again
        waiting = deque(rest)

        async def work() -> None:
            while waiting:
                attempt_id = waiting.popleft()
                again[attempt_id] = await self.drive(attempt_id)

        await asyncio.gather(*(work() for _ in range(min(SIDE_BY_SIDE, len(rest)))))
        return again

    async def _all_in_hand(self, attempt_ids: Sequence[str], again: dict[str, float | None]) -> dict[str, Pursuit]:
        """Take attempts in hand; one that can't be is tried again later."""
        hands: dict[str, Pursuit] = {}
        for attempt_id in attempt_ids:
            try:
                hands[attempt_id] = await self._in_hand(attempt_id)
            except GenhubError as error:
                log.warning("driving %s failed: %s", attempt_id, error)
                again[attempt_id] = TROUBLE / 8
        return hands

    async def read(self, hand: Pursuit) -> Job:
        """Read the vendor once, whatever the status: late news of a finished job is recorded too."""
        attempt = hand.attempt
        bound = self.bound(attempt.account)
        if attempt.status.in_doubt:
            await self._settle(bound, hand)
            return hand.job
        if attempt.ref is None:  # refused at submit: there is nothing to read
            return hand.job
        began = hand.tried_at = self._clock.monotonic()
        try:
            snapshot = await bound.provider.poll(bound.polls, attempt.ref)
        except GenhubError as error:
            self._failed(bound, hand, error)
            raise
        await self._take(bound, hand, attempt, snapshot, began)
        return hand.job

    def bound(self, account: str) -> Bound:
        bound = self._accounts.get(account)
        if bound is None:
            raise ProviderError(f"this hub has no account {account!r}", account=account)
        return bound

    async def _take(
        self, bound: Bound, hand: Pursuit, began: Attempt, snapshot: Snapshot, at_first: float
    ) -> float | None:
        """Apply what a read said; `began` is the attempt as it was when the read began, at `at_first`.

        Returns the seconds until the next read, from that moment on: slow answers do not add up.
        """
        hand.failures, hand.failure, hand.hinted = 0, None, False
        self._healths.read(bound.name)
        if snapshot.status is Status.UNKNOWN and (bound.name, snapshot.raw_status) not in self._odd_words:
            self._odd_words.add((bound.name, snapshot.raw_status))
            log.warning("%s uses a status word that the adapter does not know: %r", bound.name, snapshot.raw_status)
        if hand.attempt is began and transitions.told_nothing(began, snapshot):
            hand.read_at = at_first
            return self._agenda.next(bound, hand, at_first, hint=snapshot.again)
        profile, at, before = bound.provider.billing, moment(self._clock), began

        def change(now: Attempt) -> Attempt:
            nonlocal before
            before = now
            # A stop or a resume came between: an answer from before it says nothing about after it.
            if now.leg != began.leg or now.resuming_at != began.resuming_at:
                return now
            if now.status is not began.status and Status.STOPPED in (now.status, began.status):
                return now
            # An end came between: an answer on its way since before it is stale, not a revival.
            if now.status.is_final and not began.status.is_final and not snapshot.status.is_final:
                return now
            return transitions.seen(now, snapshot, profile, at)

        await self._registry.apply(hand.live, began.number, change)
        attempt = hand.attempt
        if attempt.running_at is not None and began.running_at is None:
            self._agenda.saw_work(hand, at_first)
        if not attempt.is_open:
            if before.is_open:  # else another read, by a list perhaps, has seen the end
                self._agenda.ended(hand, attempt, at_first)
            self._registry.drop(hand.live)
            return None
        hand.read_at = at_first
        return self._agenda.next(bound, hand, at_first, hint=snapshot.again)

    def _failed(self, bound: Bound, hand: Pursuit, error: GenhubError) -> float:
        """A failed read never changes a job; it is counted, shown, and tried again later."""
        hand.failures += 1
        hand.failure = error
        self._healths.read_failed(bound.name, error)
        level = logging.WARNING if hand.failures in (1, 5) or hand.failures % 50 == 0 else logging.DEBUG
        log.log(level, "reading %s failed (%d in a row): %s", hand.job.id, hand.failures, error)
        return self._agenda.after_failure(bound, hand, getattr(error, "retry_after", None))

    def place(self, bound: Bound) -> Place:
        """Return an account's place: with it, all that buy at the same one."""
        here = (each.name for each in self._accounts.values() if each.settling is bound.settling)
        return Place(bound, frozenset(here), self._registry, self._clock, self._unwritten)

    async def _settle(self, bound: Bound, hand: Pursuit) -> float | None:
        finding = await look(self.place(bound), hand)
        return self.after(bound, hand, finding)

    def after(self, bound: Bound, hand: Pursuit, finding: Finding) -> float | None:
        match finding.verdict:
            case Verdict.STUCK:
                hand.stuck = True
                self._registry.news(hand.live, hand.attempt)  # those who wait have waited enough
                return None
            case Verdict.LATER:
                usual = min(LOOK_EVERY, max(bound.account.doubt_grace / 4, 0.01))
                return usual if finding.again is None else min(usual, finding.again)
            case Verdict.SETTLED:
                hand.stuck = False
                return 0.0 if hand.attempt.is_open else None
