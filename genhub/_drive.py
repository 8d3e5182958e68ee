"""One re-entrant life: what is to be done with a job next, as the journal has it.

`drive` reads where the job stands, does the next thing, records it, and says when to come again. Called again at any
point, by whoever drives, it goes on from there: what was sent is the journal's alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from genhub import _transitions as transitions
from genhub._agenda import MOST, Agenda
from genhub._bound import Bound
from genhub._clock import Clock, moment
from genhub._errors import GenhubError, ProviderError
from genhub._jobs import Attempt, Job, Ref
from genhub._lists import FEWEST, LOYAL, Flock, interval, pages_of, pays
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
#: Of an unforeseen trouble with reading: the seconds until it is tried again.
TROUBLE = 32.0


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
        self.remind: Callable[[str, str, float], None] = _nobody  #: who is told of an appointment more
        self._alone: set[str] = set()  # attempts that are being read by a call of their own
        self._flocks: dict[tuple[str, str], Flock] = {}  # by account and kind
        self._unwritten = unwritten
        self._registry = registry
        self._accounts = accounts
        self._clock = clock
        self._healths = healths
        self._odd_words: set[tuple[str, str]] = set()

    async def drive(self, attempt_id: str) -> float | None:
        """Do the next thing for an attempt; returns the seconds until it is to be driven again, None for never."""
        hand = await self._in_hand(attempt_id)
        attempt = hand.attempt
        bound = self._accounts.get(attempt.account)
        if bound is None or not attempt.is_open or hand.sending is not None:
            self._registry.drop(hand.live)  # it may have been loaded only for this
            return None
        if attempt.status.in_doubt:
            return await self._settle(bound, hand)
        assert attempt.ref is not None
        if (wait := self._held_back(attempt.account)) > 0:
            return wait
        began = hand.tried_at = self._clock.monotonic()
        self._alone.add(attempt_id)
        try:
            snapshot = await bound.provider.poll(bound.polls, attempt.ref)
        except GenhubError as error:
            return self._failed(bound, hand, error)
        finally:
            self._alone.discard(attempt_id)
        return await self._take(bound, hand, attempt, snapshot, began)

    def _held_back(self, account: str) -> float:
        """Return the seconds for which an account's jobs are not read: reads of it failed, and one looks after it."""
        wait = self._healths.reads_allowed(account)
        if wait <= 0:
            self._healths.read_through(account)
        return wait

    async def _in_hand(self, attempt_id: str) -> Pursuit:
        job_id, _, number = attempt_id.rpartition(".")
        live = await self._registry.load(job_id)
        return live.pursue(int(number))

    async def drive_many(self, account: str, attempt_ids: Sequence[str]) -> dict[str, float | None]:
        """Drive due attempts at one account: by one call where the provider has a list and it is worth it."""
        again: dict[str, float | None] = {}
        rest = list(attempt_ids)
        bound = self._accounts.get(account)
        if bound is not None and bound.can("poll_many"):
            rest = await self._together(bound, rest, again)
        if len(rest) == 1:
            again[rest[0]] = await self._safely(rest[0])
        if len(rest) < 2:
            return again
        waiting = deque(rest)

        async def work() -> None:
            while waiting:
                attempt_id = waiting.popleft()
                again[attempt_id] = await self._safely(attempt_id)

        await asyncio.gather(*(work() for _ in range(min(SIDE_BY_SIDE, len(rest)))))
        return again

    async def _safely(self, attempt_id: str) -> float | None:
        """One job's trouble is not another's."""
        try:
            return await self.drive(attempt_id)
        except GenhubError as error:
            log.warning("driving %s failed: %s", attempt_id, error)
            return TROUBLE / 8
        except Exception:
            log.exception("driving %s failed in an unforeseen way", attempt_id)
            return TROUBLE

    async def _together(self, bound: Bound, attempt_ids: list[str], again: dict[str, float | None]) -> list[str]:
        """Read by the provider's list what it pays for; returns the attempts that are to be read one by one."""
        kinds: dict[str, dict[str, Pursuit]] = {}
        rest: list[str] = []
        for attempt_id in attempt_ids:
            hand = await self._in_hand(attempt_id)
            attempt = hand.attempt
            if _readable(hand) and pages_of(bound, attempt.kind) is not None:
                kinds.setdefault(attempt.kind, {})[attempt_id] = hand
            else:
                rest.append(attempt_id)
        for kind, hands in kinds.items():
            rest += await self._by_list(bound, kind, hands, again)
        return rest

    async def _by_list(
        self, bound: Bound, kind: str, due: dict[str, Pursuit], again: dict[str, float | None]
    ) -> list[str]:
        """Read one kind of due attempts by the list, with others of their kind; returns what it did not cover."""
        flock = self._flocks.setdefault((bound.name, kind), Flock())
        while flock.looking is not None:
            await asyncio.wait([flock.looking])
        flock.leave([each for each, hand in flock.members.items() if not self._listable(hand)])
        flock.join({each: hand for each, hand in due.items() if self._listable(hand)})
        flock.apart.intersection_update([each for each in flock.apart if _queued(flock.members[each])])
        alone = [each for each, hand in due.items() if each not in flock.members or each in flock.apart or hand.hinted]
        waiting = [each for each in due if each not in alone]
        began = self._clock.monotonic()
        if not waiting or flock.next_at > began:
            again |= dict.fromkeys(waiting, flock.next_at - began)
            return alone
        kept = {*flock.apart, *alone, *self._alone}
        asked = {each: hand for each, hand in flock.chosen(waiting).items() if each in waiting or each not in kept}
        page = pages_of(bound, kind) or 1
        hazards = [self._agenda.hazard(hand, began) for hand in asked.values()]
        if not self._worth(bound, waiting, hazards, page, flock) or self._held_back(bound.name) > 0:
            flock.next_at = 0.0
            return list(due)
        flock.looking = asyncio.get_running_loop().create_future()
        try:
            seen = await self._list(bound, flock, asked, began)
            flock.leave([each for each, hand in asked.items() if not self._listable(hand)])
            wait = self._until_next(bound, flock, page, began, bound.account.every(kind))
            flock.next_at = began + wait if flock.members else 0.0
        finally:
            flock.looking.set_result(None)
            flock.looking = None
        for each in waiting:
            if each in seen:
                shown = seen[each] is not None and each not in flock.apart
                again[each] = flock.next_at - began if shown else seen[each]
        if flock.members and all(again.get(each) is None for each in waiting):  # somebody has to come for the next one
            self.remind(next(reversed(flock.members)), bound.name, flock.next_at - self._clock.monotonic())
        return [*alone, *(each for each in waiting if each not in seen)]

    async def _list(
        self, bound: Bound, flock: Flock, asked: Mapping[str, Pursuit], began: float
    ) -> dict[str, float | None]:
        """Read attempts by the list; returns, for those that it covered, the seconds until each is read next."""
        begun: dict[Ref, tuple[str, Pursuit, Attempt]] = {}
        for attempt_id, hand in asked.items():
            attempt = hand.attempt
            assert attempt.ref is not None
            begun[attempt.ref] = (attempt_id, hand, attempt)
            hand.tried_at = began
        try:
            found = await bound.verb("poll_many").poll_many(bound.polls, tuple(begun))
        except Exception as error:
            self._healths.read_failed(bound.name, error)
            log.warning(
                "%s: reading %d jobs by a list failed, they are read one by one: %s", bound.name, len(begun), error
            )
            return {}
        self._healths.read(bound.name)
        seen: dict[str, float | None] = {}
        for ref, snapshot in found.items():
            if ref not in begun:
                continue
            attempt_id, hand, attempt = begun[ref]
            if snapshot.status.is_final and not snapshot.complete:  # its outputs have to be read apart
                hand.hinted = True
                self.remind(attempt_id, bound.name, 0.0)
                continue
            if snapshot.complete and not snapshot.status.is_final:  # the list did not show it
                flock.apart.add(attempt_id)
            try:
                seen[attempt_id] = await self._take(bound, hand, attempt, snapshot, began)
            except Exception as error:  # one job's trouble is not another's
                log.warning("taking in what a list says of %s failed: %s", attempt_id, error)
                seen[attempt_id] = TROUBLE
        return seen

    def _listable(self, hand: Pursuit) -> bool:
        """True for an attempt that is in hand still, and can be read."""
        return _readable(hand) and self._registry.known(hand.live.job.id) is hand.live

    def expect(self, bound: Bound, hand: Pursuit) -> float:
        """Return the seconds until the first read of an attempt, alone or with others by a list."""
        wait = self._agenda.first(bound, hand)
        attempt = hand.attempt
        if pages_of(bound, attempt.kind) is not None and _readable(hand):
            flock = self._flocks.setdefault((bound.name, attempt.kind), Flock())
            flock.join({attempt.id: hand})
            now, count = self._clock.monotonic(), len(flock.members)
            if flock.next_at > now:
                flock.next_at = min(flock.next_at, now + wait)
            elif count >= FEWEST and count.bit_count() == 1 and bound.account.poll_every is None:
                wait = min(wait, self._gather(bound, flock, attempt.kind, now))
        return wait

    def _gather(self, bound: Bound, flock: Flock, kind: str, now: float) -> float:
        """Twice as many are open as before: see whether a list pays for them, before the first comes due by itself."""
        page = pages_of(bound, kind) or 1
        wait = self._until_next(bound, flock, page, now, bound.account.every(kind))
        some, _ = flock.sample()
        if not pays([self._agenda.hazard(hand, now + wait) for hand in some], self._agenda.price, page):
            return MOST
        flock.next_at = now + wait
        return wait

    def _worth(self, bound: Bound, due: Collection[str], hazards: Collection[float], page: int, flock: Flock) -> bool:
        if bound.account.poll_every is not None:  # they come due together anyway
            return len(due) >= FEWEST
        return pays(hazards, self._agenda.price, page, margin=LOYAL if flock.next_at > 0 else 1.0)

    def _until_next(self, bound: Bound, flock: Flock, page: int, began: float, least: float) -> float:
        """Return the seconds until the list is read again."""
        if bound.account.poll_every is not None:
            return least
        some, each = flock.sample()

        def hazard(later: float) -> float:
            return each * sum(self._agenda.hazard(hand, began + later) for hand in some)

        return interval(hazard, round(each * len(some)), self._agenda.price, page, least, MOST)

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
        profile, at = bound.provider.billing, moment(self._clock)

        def change(now: Attempt) -> Attempt:
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
            if not began.status.is_final:
                self._agenda.ended(hand, attempt, at_first)
            self._registry.drop(hand.live)
            return None
        hand.read_at = at_first
        return self._agenda.next(bound, hand, at_first, snapshot.again)

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


def _nobody(attempt_id: str, account: str, wait: float) -> None:
    """Nobody keeps appointments yet."""


def _queued(hand: Pursuit) -> bool:
    return hand.attempt.status is Status.QUEUED


def _readable(hand: Pursuit) -> bool:
    """True for an attempt that the vendor has, and that nothing is being sent for."""
    attempt = hand.attempt
    return attempt.ref is not None and not attempt.status.in_doubt and attempt.is_open and hand.sending is None
