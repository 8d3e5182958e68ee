"""Attempts of an account that are read together, by its list: who belongs to them, and when the list is read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from genhub._agenda import MOST, Agenda
from genhub._bound import Bound
from genhub._clock import Clock
from genhub._jobs import Attempt, Ref
from genhub._lists import FEWEST, LOYAL, Flock, interval, pages_of, pays
from genhub._live import Pursuit, Registry
from genhub._provider import Snapshot
from genhub._status import Status
from genhub.routing import Healths

log = logging.getLogger("genhub.drive")

#: Of an unforeseen trouble with reading: the seconds until it is tried again.
TROUBLE = 32.0

#: Takes in what a read said of an attempt as it was, read at this time; returns the seconds until the next read.
Take = Callable[[Bound, Pursuit, Attempt, Snapshot, float], Awaitable[float | None]]


class Flocks:
    """The flocks of a hub: one for each account and kind that a list covers."""

    def __init__(self, registry: Registry, clock: Clock, healths: Healths, agenda: Agenda, take: Take) -> None:
        self.remind: Callable[[str, str, float], None] = _nobody  #: who is told of an appointment more
        self._registry = registry
        self._clock = clock
        self._healths = healths
        self._agenda = agenda
        self._take = take
        self.alone: set[str] = set()  #: attempts that are being read by a call of their own: no list asks for them
        self._flocks: dict[tuple[str, str], Flock] = {}

    def leave(self, hand: Pursuit) -> None:
        """An attempt is not read any more."""
        flock = self._flocks.get((hand.account, hand.attempt.kind))
        if flock is not None:
            flock.leave([hand.attempt.id])

    async def read(self, bound: Bound, due: Mapping[str, Pursuit], again: dict[str, float | None]) -> list[str]:
        """Read by lists what they pay for; returns the attempts that are to be read one by one.

        `again` gets the seconds until the next read of the others.
        """
        kinds: dict[str, dict[str, Pursuit]] = {}
        rest: list[str] = []
        for attempt_id, hand in due.items():
            kind = hand.attempt.kind
            if _readable(hand) and pages_of(bound, kind) is not None:
                kinds.setdefault(kind, {})[attempt_id] = hand
            else:
                rest.append(attempt_id)
        for kind, hands in kinds.items():
            rest += await self._by_list(bound, kind, hands, again)
        return rest

    async def _by_list(
        self, bound: Bound, kind: str, due: Mapping[str, Pursuit], again: dict[str, float | None]
    ) -> list[str]:
        """Read one kind of due attempts by the list, with others of their kind; returns what it did not cover."""
        flock = self._flocks.setdefault((bound.name, kind), Flock())
        while flock.looking is not None:
            await asyncio.wait([flock.looking])
        flock.join({each: hand for each, hand in due.items() if self._listable(hand)})
        flock.apart.intersection_update([each for each in flock.apart if _queued(flock.members.get(each))])
        alone = [each for each, hand in due.items() if each not in flock.members or each in flock.apart or hand.hinted]
        waiting = [each for each in due if each not in alone]
        began = self._clock.monotonic()
        if not waiting or flock.next_at > began:
            again |= dict.fromkeys(waiting, flock.next_at - began)
            return alone
        page = pages_of(bound, kind) or 1
        if not self._worth(bound, flock, page, began, waiting) or held_back(self._healths, bound.name) > 0:
            flock.next_at = 0.0
            return list(due)
        kept = {*flock.apart, *alone, *self.alone}
        asked = {
            each: hand
            for each, hand in flock.chosen(waiting).items()
            if each in waiting or (each not in kept and self._listable(hand))
        }
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
        wait = self._agenda.next(bound, hand)
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
        if not self._pays(flock, page, now + wait):
            return MOST
        flock.next_at = now + wait
        return wait

    def _worth(self, bound: Bound, flock: Flock, page: int, at: float, due: Collection[str]) -> bool:
        if bound.account.poll_every is not None:  # they come due together anyway
            return len(due) >= FEWEST
        return self._pays(flock, page, at)

    def _pays(self, flock: Flock, page: int, at: float) -> bool:
        some, each = flock.sample()
        hazards = [self._agenda.hazard(hand, at) for hand in some]
        margin = LOYAL if flock.next_at > 0 else 1.0
        return pays(hazards, self._agenda.price, page, each=each, margin=margin)

    def _until_next(self, bound: Bound, flock: Flock, page: int, began: float, least: float) -> float:
        """Return the seconds until the list is read again."""
        if bound.account.poll_every is not None:
            return least
        some, each = flock.sample()

        def hazard(later: float) -> float:
            return each * sum(self._agenda.hazard(hand, began + later) for hand in some)

        return interval(hazard, round(each * len(some)), self._agenda.price, page, least, MOST)


def held_back(healths: Healths, account: str) -> float:
    """Return the seconds for which an account's jobs are not read: reads of it failed, and one looks after it."""
    wait = healths.reads_allowed(account)
    if wait <= 0:
        healths.read_through(account)
    return wait


def _nobody(attempt_id: str, account: str, wait: float) -> None:
    """Nobody keeps appointments yet."""


def _queued(hand: Pursuit | None) -> bool:
    return hand is not None and hand.attempt.status is Status.QUEUED


def _readable(hand: Pursuit) -> bool:
    """True for an attempt that the vendor has, and that nothing is being sent for."""
    attempt = hand.attempt
    return attempt.ref is not None and not attempt.status.in_doubt and attempt.is_open and hand.sending is None
