"""Settling a doubt: was the submit whose answer was lost made, or not?

The strongest thing that the vendor has decides, and how it was known is noted on the attempt:

* a look at the vendor's list: one job that fits and that nobody claimed is ours; none, after several looks over the
  grace time, means that it was not made; several stay in doubt;
* where a look does not settle it: a replay under the vendor's own key, while the provider says that it is harmless;
* nothing else. A look that fails settles nothing, and a person settles the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta
from enum import Enum

from attrs import evolve, frozen

from genhub import _transitions as transitions
from genhub._bound import Bound
from genhub._clock import Clock, moment
from genhub._credits import Balance
from genhub._errors import RateLimited
from genhub._jobs import Attempt, Job
from genhub._live import Live, Pursuit, Registry
from genhub._provider import TOLERANCE, Candidate, Intent, Lookup
from genhub._transitions import noted
from genhub.http import UNSENT_WITHIN, Phase, Wire

log = logging.getLogger("genhub.reconcile")

_HINT = "to be settled by a person"
#: The seconds until a replay that could not be sent is tried again.
SOON = 0.25
#: So many looks, at least, before "there is none" counts.
LOOKS = 3


class Verdict(Enum):
    SETTLED = "settled"
    LATER = "look again"
    STUCK = "nothing more can be found out by itself"


@frozen
class Finding:
    """What one look at a doubt came to."""

    verdict: Verdict
    attempt: Attempt  #: as it should be now
    candidates: tuple[Candidate, ...] = ()
    again: float | None = None  #: the seconds until the next look, where it must not wait for the usual time


@frozen
class Place:
    """Where a doubt is looked into: an account, and whoever else buys at the same place of the vendor's."""

    bound: Bound
    names: frozenset[str]  # of the accounts that share the vendor's lists, this one among them
    registry: Registry
    clock: Clock
    unwritten: Collection[str]  # attempts whose outcome the journal could not take: what is in hand counts

    async def claimed(self, provider_ids: Collection[str]) -> frozenset[str]:
        """Return those of the vendor's ids that attempts have, in the journal or only in hand."""
        wanted = frozenset(provider_ids)
        found = {each.provider_id for live in self._here() for each in live.job.attempts if each.account in self.names}
        for name in self.names:
            found.update(await self.registry.store.claimed(name, provider_ids))
        return frozenset(each for each in found if each in wanted)

    async def flights(self) -> None:
        """Wait for the submits that were on their way during a look: what was found may be theirs."""
        hands = (hand for live in self.registry.all() for hand in live.pursuits if hand.account in self.names)
        flights = [hand.sending for hand in hands if hand.sending is not None]
        if flights:
            await asyncio.wait(flights)

    async def rivals(self, mine: Attempt, intent: Intent) -> bool:
        """True while another lost submit to the same path could be what was found."""
        for live in self._here():
            if await self._rivals(live.job, mine, intent):
                return True
        # In the journal there may be others that nobody has taken in hand since an earlier process died.
        async for job in self.registry.store.unfinished():
            if self.registry.known(job.id) is None and await self._rivals(job, mine, intent):
                return True
        return False

    async def _rivals(self, job: Job, mine: Attempt, intent: Intent) -> bool:
        for other in job.attempts:
            if other.id == mine.id or other.account not in self.names or not other.status.in_doubt:
                continue
            theirs = await self.registry.store.intent(other.id)
            if theirs is not None and theirs.call.path == intent.call.path:
                return True
        return False

    def _here(self) -> list[Live]:
        names = self.names
        return [live for live in self.registry.all() if any(each.account in names for each in live.job.attempts)]


async def look(place: Place, hand: Pursuit) -> Finding:
    """Look once at the doubt of an attempt, and write what was found."""
    bound, registry, clock = place.bound, place.registry, place.clock
    async with bound.settling:
        if hand.attempt.id not in place.unwritten:
            await registry.refresh(hand.live)  # what is settled already needs no look, and no replay
        attempt = hand.attempt
        if not attempt.status.in_doubt:
            return Finding(Verdict.SETTLED, attempt)
        intent = await registry.store.intent(attempt.id)
        if intent is None:
            return Finding(Verdict.STUCK, attempt)
        if hand.doubted_at is None:
            hand.doubted_at = clock.monotonic()
        if intent.scope not in ("", bound.scope):  # what is not there proves nothing about elsewhere
            log.warning("%s was sent to %s, and %s is now at %s", attempt.id, intent.scope, bound.name, bound.scope)
            return Finding(Verdict.STUCK, attempt)
        finding = await _find(place, hand, intent)
        if finding.verdict is not Verdict.SETTLED and not finding.candidates:
            finding = await _replay(place, hand, intent) or finding
        if finding.verdict is Verdict.STUCK:
            finding = evolve(finding, attempt=await _hinted(bound, finding, clock))
        if finding.attempt is not attempt:
            number, settled = attempt.number, finding.attempt

            def settle(now: Attempt) -> Attempt:
                return evolve(settled, version=now.version) if now.status.in_doubt else now

            await registry.apply(hand.live, number, settle)
        return finding


async def _hinted(bound: Bound, finding: Finding, clock: Clock) -> Attempt:
    """Note what a person needs who has to settle it: the candidates, and the balance before and after.

    A hint, never proof: others may use the account too.
    """
    attempt = finding.attempt
    if any(note.text.startswith(_HINT) for note in attempt.notes):
        return attempt
    said = [f"{each.ref.id} ({each.about})" if each.about else each.ref.id for each in finding.candidates]
    parts = [f"candidates: {', '.join(said)}" if said else "no candidates"]
    if bound.can("balance"):
        before = bound.balance_seen
        parts.append(f"balance before: {'not seen' if before is None else f'{before.amount} at {before.at}'}")
        try:
            now: Balance = await bound.verb("balance").balance(bound.polls)
            bound.saw_balance(now)
            parts.append(f"now: {now.amount}")
        except Exception as error:
            parts.append(f"now: could not be read ({error})")
    return noted(attempt, f"{_HINT}: {'; '.join(parts)}", moment(clock))


async def _replay(place: Place, hand: Pursuit, intent: Intent) -> Finding | None:
    """Send the same call again under the same key, if that is certain to be harmless now."""
    bound, attempt, clock = place.bound, hand.attempt, place.clock
    if hand.replayed or not bound.can("replay"):
        return None
    window = bound.verb("replay").replay_within(intent.call)
    if hand.sent_at is None:  # sent by another process: only the vendor's clock can tell how long ago
        await bound.know_clock()

    def too_late() -> bool:
        """True when so much time may have passed, by any clock that was there, that its job may be over."""
        ages = [(moment(clock) - attempt.created_at).total_seconds()]
        theirs = bound.vendor_time()
        if intent.clock_known and theirs is not None:
            ages.append((theirs - intent.sent_at).total_seconds())
        elif hand.sent_at is None:
            return True
        if hand.sent_at is not None:
            ages.append(clock.monotonic() - hand.sent_at)
        return max(ages) >= window or min(ages) < -1.0  # a clock that went back proves nothing

    if too_late():
        return None
    # Without a slot: those are held by submits that may take longer than there is time, and a replay goes alone.
    turn = bound.http.turn_now(intent.call.path)
    if turn is None:  # the vendor's limit: there may be time yet when it ends
        return Finding(Verdict.LATER, attempt, again=SOON)
    wire = Wire(turn=turn, late=too_late)
    try:
        receipt = await bound.provider.submit(bound.http.watched(wire), intent.call)
    except Exception as error:
        log.warning("%s: the replay of %s settled nothing: %s", bound.name, attempt.id, error)
        put_off = wire.phase is Phase.UNSENT or (wire.refused and isinstance(error, RateLimited))
        hand.replayed = not put_off
        later = put_off and not too_late()
        return Finding(Verdict.LATER, attempt, again=SOON) if later else None
    finally:
        turn.end()
    at, profile = moment(clock), bound.provider.billing
    if await place.claimed([receipt.ref.id]):
        how = "replayed under the same key: the vendor had attached it to another attempt's job"
        shared = evolve(receipt, reused=True)
        return Finding(Verdict.SETTLED, transitions.accepted(noted(attempt, how, at), shared, profile, at))
    if receipt.reused or receipt.charged == 0:  # 0 is the replay's charge, not the job's
        how = "replayed under the same key: the vendor has the job"
        return Finding(Verdict.SETTLED, transitions.adopted(attempt, Candidate(ref=receipt.ref), how, profile, at))
    how = "replayed under the same key: the vendor answered with the job"
    return Finding(Verdict.SETTLED, transitions.accepted(noted(attempt, how, at), receipt, profile, at))


async def _find(place: Place, hand: Pursuit, intent: Intent) -> Finding:
    """Look for the job among what the vendor shows."""
    bound, attempt, clock = place.bound, hand.attempt, place.clock
    if not bound.can("lookup"):
        return Finding(Verdict.STUCK, attempt)
    intent = _held_up(bound, attempt, intent)
    try:
        found: Lookup | None = await bound.verb("lookup").lookup(bound.http, intent)
    except Exception as error:
        log.warning("%s: a look for %s failed, which settles nothing: %r", bound.name, attempt.id, error)
        return Finding(_until_grace(bound, hand, clock), attempt)
    if found is None:
        return Finding(Verdict.STUCK, attempt)
    # Where new ids at the place decide, no time has to fit; elsewhere the times have to be trusted.
    by_ids = not found.by_content and intent.before is not None
    fitting = [each for each in found.candidates if by_ids or intent.covers(each.created_at)]
    if fitting:
        await place.flights()
    claimed = await place.claimed([each.ref.id for each in fitting])
    free = tuple(each for each in fitting if each.ref.id not in claimed)
    hand.looks += 1
    if not by_ids and not _clocks_agree(bound, hand, intent, clock):
        return Finding(_until_grace(bound, hand, clock), attempt, free or found.candidates)
    if free and not found.by_content and await place.rivals(attempt, intent):
        return Finding(_until_grace(bound, hand, clock), attempt, free)
    at = moment(clock)
    if len(free) == 1:
        how = f"found by a look: {found.how or 'the only one that fits'}"
        return Finding(Verdict.SETTLED, transitions.adopted(attempt, free[0], how, bound.provider.billing, at))
    if len(free) > 1:
        return Finding(_until_grace(bound, hand, clock), attempt, free)
    if not _over(bound, hand, clock):
        return Finding(Verdict.LATER, attempt)
    if not found.complete:
        return Finding(Verdict.STUCK, attempt)
    if hand.looks < LOOKS:
        return Finding(Verdict.LATER, attempt)
    how = f"{hand.looks} looks, the last after the grace time, found none: {found.how or 'it was not made'}"
    return Finding(Verdict.SETTLED, transitions.not_submitted(attempt, how, at))


def _held_up(bound: Bound, attempt: Attempt, intent: Intent) -> Intent:
    """A send can be held up (a slow disk, a machine that slept): it may have been made until it is known to be over."""
    theirs = bound.vendor_time()
    if attempt.submitted_at is not None and intent.local_at is not None:
        over = intent.sent_at + (attempt.submitted_at - intent.local_at)
    elif theirs is not None:  # its process died, at some time before now
        over = theirs
    else:
        return intent
    return evolve(intent, over_at=max(intent.over_at, over))


def _clocks_agree(bound: Bound, hand: Pursuit, intent: Intent, clock: Clock) -> bool:
    """True when as much time has passed since the submit by the vendor's clock as by ours.

    A `Date` that was wrong once, or a clock of ours that was set between two processes, is found out by this.
    """
    theirs = bound.vendor_time()
    if theirs is None or not intent.clock_known:
        return False
    if hand.sent_at is not None:
        passed = clock.monotonic() - hand.sent_at
    elif intent.local_at is not None:
        passed = (moment(clock) - intent.local_at).total_seconds()
    else:
        return False
    return abs((theirs - intent.sent_at).total_seconds() - passed) <= TOLERANCE.total_seconds()


def _over(bound: Bound, hand: Pursuit, clock: Clock) -> bool:
    """True once a job that was made would long be seen.

    The grace time counts from when the send broke off, and in this process from its first look: a wall clock that
    jumps does not shorten it.
    """
    attempt, grace = hand.attempt, bound.account.doubt_grace
    broke_off = attempt.submitted_at or attempt.created_at + timedelta(seconds=bound.account.timeout + UNSENT_WITHIN)
    looked = clock.monotonic() - (clock.monotonic() if hand.doubted_at is None else hand.doubted_at)
    return moment(clock) > broke_off + timedelta(seconds=grace) and looked > grace


def _until_grace(bound: Bound, hand: Pursuit, clock: Clock) -> Verdict:
    return Verdict.STUCK if _over(bound, hand, clock) else Verdict.LATER
