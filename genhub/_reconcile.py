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
from datetime import timedelta
from enum import Enum

from attrs import evolve, frozen

from genhub import _transitions as transitions
from genhub._bound import Bound
from genhub._clock import Clock, moment
from genhub._credits import Balance
from genhub._errors import GenhubError
from genhub._jobs import Attempt
from genhub._live import Live, Registry
from genhub._provider import Candidate, Intent, Lookup
from genhub.http import UNSENT_WITHIN, Phase, Wire

log = logging.getLogger("genhub.reconcile")

_HINT = "to be settled by a person"
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


async def look(bound: Bound, live: Live, registry: Registry, clock: Clock) -> Finding:
    """Look once at the doubt of a job's last attempt, and write what was found."""
    async with bound.settling:
        attempt = live.job.attempt
        if not attempt.status.in_doubt:
            return Finding(Verdict.SETTLED, attempt)
        intent = await registry.store.intent(attempt.id)
        if intent is None:
            return Finding(Verdict.STUCK, attempt)
        if live.doubted_at is None:
            live.doubted_at = clock.monotonic()
        finding = await _find(bound, live, registry, intent, clock)
        if finding.verdict is not Verdict.SETTLED and not finding.candidates:
            finding = await _replay(bound, live, attempt, intent, clock) or finding
        if finding.verdict is Verdict.STUCK:
            finding = evolve(finding, attempt=await _hinted(bound, finding, clock))
        if finding.attempt is not attempt:
            number, settled = attempt.number, finding.attempt

            def settle(now: Attempt) -> Attempt:
                return evolve(settled, version=now.version) if now.status.in_doubt else now

            await registry.apply(live, number, settle)
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
            bound.balance_seen = now
            parts.append(f"now: {now.amount}")
        except GenhubError as error:
            parts.append(f"now: could not be read ({error})")
    return transitions.noted(attempt, f"{_HINT}: {'; '.join(parts)}", moment(clock))


async def _replay(bound: Bound, live: Live, attempt: Attempt, intent: Intent, clock: Clock) -> Finding | None:
    """Send the same call again under the same key, if that is certain to be harmless now."""
    if not bound.can("replay"):
        return None
    window = bound.verb("replay").replay_within(intent.call)

    def age() -> float:
        """The longest time that may have passed since it was first sent, by any clock that was there."""
        ages = [
            (bound.vendor_time() - intent.sent_at).total_seconds(),
            (moment(clock) - attempt.created_at).total_seconds(),
        ]
        if live.sent_at is not None:
            ages.append(clock.monotonic() - live.sent_at)
        return window if min(ages) < -1.0 else max(ages)  # a clock that went back proves nothing

    if age() >= window:
        return None
    async with bound.slots:
        if age() >= window:  # the slot took too long
            return None
        wire = Wire()
        try:
            receipt = await bound.provider.submit(bound.http.watched(wire), intent.call)
        except Exception as error:
            log.warning("%s: the replay of %s settled nothing: %s", bound.name, attempt.id, error)
            later = wire.phase is Phase.UNSENT and age() < window
            return Finding(Verdict.LATER, attempt) if later else None
    at = moment(clock)
    if receipt.reused:
        how = "replayed under the same key: the vendor has the job"
        found = Candidate(ref=receipt.ref, charged=None)
        return Finding(Verdict.SETTLED, transitions.adopted(attempt, found, how, bound.provider.billing, at))
    how = "replayed under the same key: the vendor answered with the job"
    fresh = transitions.accepted(transitions.noted(attempt, how, at), receipt, bound.provider.billing, at)
    return Finding(Verdict.SETTLED, fresh)


async def _find(bound: Bound, live: Live, registry: Registry, intent: Intent, clock: Clock) -> Finding:
    """Look for the job among what the vendor shows."""
    attempt = live.job.attempt
    if not bound.can("lookup"):
        return Finding(Verdict.STUCK, attempt)
    try:
        found: Lookup | None = await bound.verb("lookup").lookup(bound.http, intent)
    except GenhubError as error:
        log.warning("%s: a look for %s failed, which settles nothing: %s", bound.name, attempt.id, error)
        return Finding(_until_grace(bound, live, clock), attempt)
    if found is None:
        return Finding(Verdict.STUCK, attempt)
    fitting = [each for each in found.candidates if intent.covers(each.created_at)]
    if fitting:
        await _flights(live, registry)
    claimed = await registry.store.claimed(attempt.account, [each.ref.id for each in fitting])
    free = tuple(each for each in fitting if each.ref.id not in claimed)
    live.looks += 1
    if not intent.clock_known:  # "made since then" can't be told
        return Finding(_until_grace(bound, live, clock), attempt, tuple(found.candidates))
    if free and not found.by_content and await _rivals(live, registry, intent):
        return Finding(_until_grace(bound, live, clock), attempt, free)
    at = moment(clock)
    if len(free) == 1:
        how = f"found by a look: {found.how or 'the only one that fits'}"
        return Finding(Verdict.SETTLED, transitions.adopted(attempt, free[0], how, bound.provider.billing, at))
    if len(free) > 1:
        return Finding(_until_grace(bound, live, clock), attempt, free)
    if not _over(bound, live, clock):
        return Finding(Verdict.LATER, attempt)
    if not found.complete:
        return Finding(Verdict.STUCK, attempt)
    if live.looks < LOOKS:
        return Finding(Verdict.LATER, attempt)
    how = f"{live.looks} looks, the last after the grace time, found none: {found.how or 'it was not made'}"
    return Finding(Verdict.SETTLED, transitions.not_submitted(attempt, how, at))


def _over(bound: Bound, live: Live, clock: Clock) -> bool:
    """True once a job that was made would long be seen.

    The grace time counts from when the send broke off, and in this process from its first look: a wall clock that
    jumps does not shorten it.
    """
    attempt, grace = live.job.attempt, bound.account.doubt_grace
    broke_off = attempt.submitted_at or attempt.created_at + timedelta(seconds=bound.account.timeout + UNSENT_WITHIN)
    looked = clock.monotonic() - (clock.monotonic() if live.doubted_at is None else live.doubted_at)
    return moment(clock) > broke_off + timedelta(seconds=grace) and looked > grace


def _until_grace(bound: Bound, live: Live, clock: Clock) -> Verdict:
    return Verdict.STUCK if _over(bound, live, clock) else Verdict.LATER


async def _flights(live: Live, registry: Registry) -> None:
    """Wait for the account's submits that were on their way during the look: what was found may be theirs."""
    account = live.job.account
    flights = [each.sending for each in registry.all() if each.sending is not None and each.job.account == account]
    if flights:
        await asyncio.wait(flights)


async def _rivals(live: Live, registry: Registry, intent: Intent) -> bool:
    """True while another lost submit to the same place could be what was found."""
    for other in registry.all():
        attempt = other.job.attempt
        if other is live or attempt.account != live.job.account or not attempt.status.in_doubt:
            continue
        theirs = await registry.store.intent(attempt.id)
        if theirs is not None and theirs.call.path == intent.call.path:
            return True
    return False
