"""The submit protocol: durable intent, one send, a verdict from the wire, the outcome on the attempt's row.

1. The attempt holds its slot. 2. The intent is committed. 3. It is sent once. 4. The outcome is recorded; if the
journal can't take it, it is kept in memory, tried again, logged as CRITICAL and spilled.
A process that dies between 2 and 4 leaves `submitting`, which is read as "in doubt".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from genhub import _transitions as transitions
from genhub._bound import Bound
from genhub._clock import Clock, moment
from genhub._credits import Balance
from genhub._errors import GenhubError, JournalError, ProviderError, ProviderUnavailable, SubmissionUnknown
from genhub._evolve import evolve
from genhub._jobs import Attempt, Call
from genhub._pacing import Turn
from genhub._plain import converter, from_dict
from genhub._provider import Intent
from genhub._retry import delays
from genhub._status import Status
from genhub.http import REFUSALS, UNSENT_WITHIN, Phase, Wire
from genhub.stores import JobStore

log = logging.getLogger("genhub.submit")


async def intend(bound: Bound, call: Call, key: str, clock: Clock) -> Intent:
    """Return what the journal keeps of a call that is about to be sent; looks at the place first, where that helps."""
    await bound.know_clock()
    before: frozenset[str] | None = None
    if bound.can("baseline"):
        try:
            before = await bound.verb("baseline").baseline(bound.http, call)
        except Exception as error:  # only a later look for a lost answer will know less
            log.warning("%s: what was there before the submit could not be read: %s", bound.name, error)
    theirs, ours = bound.vendor_time(), moment(clock)
    now = theirs or ours
    return Intent(
        call=call,
        key=key,
        sent_at=now,
        over_at=now + timedelta(seconds=bound.account.timeout + UNSENT_WITHIN),
        clock_known=theirs is not None,
        local_at=ours,
        scope=bound.scope,
        before=before,
    )


async def send(
    bound: Bound, attempt: Attempt, call: Call, turn: Turn, clock: Clock
) -> tuple[Attempt, Exception | None]:
    """Send an attempt whose intent is in the journal.

    Returns the attempt with its outcome, and the error that the caller is to see when it is certain that nothing was
    bought (None: accepted, or in doubt).
    """
    wire = Wire(turn=turn)
    try:
        receipt = await bound.provider.submit(bound.http.watched(wire), call)
    except Exception as error:
        if _nothing_was_made(wire, error):
            return transitions.refused(attempt, error, moment(clock)), error
        why = str(error) if isinstance(error, GenhubError) else f"{type(error).__name__}: {error}"
        log.warning("%s: the submit of %s is in doubt: %s", bound.name, attempt.job_id, why)
        return transitions.doubted(attempt, why, moment(clock)), None
    at = moment(clock)
    if receipt.balance is not None:
        bound.saw_balance(Balance(amount=receipt.balance, unit=attempt.unit, at=at))
    try:
        return transitions.accepted(attempt, receipt, bound.provider.billing, at), None
    except Exception:  # whatever is odd about the rest: what was bought must not be lost
        log.exception(
            "%s: the answer to %s could not be taken in; its id %r is kept", bound.name, attempt.id, receipt.ref
        )
        bare = evolve(receipt, charged=None, outputs=(), error=None, status=Status.UNKNOWN)
        return transitions.accepted(attempt, bare, bound.provider.billing, at), None


def _nothing_was_made(wire: Wire, error: Exception) -> bool:
    """Judge by the wire; only an adapter that does not use our seam is judged by its error's facts."""
    if isinstance(error, SubmissionUnknown):
        return False
    if wire.phase is Phase.UNTOUCHED:
        refused = isinstance(error, ProviderError) and error.http_status in REFUSALS
        unsent = isinstance(error, ProviderUnavailable) and error.http_status is None
        return refused or unsent
    return wire.nothing_was_made


class Recorder:
    """Writes outcomes, and never loses one: what the journal can't take is kept, spilled, and tried again."""

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.unwritten: dict[str, Attempt] = {}  #: outcomes that are only in memory and in the spill file

    async def record(self, attempt: Attempt) -> Attempt:
        """Write the outcome; when that fails, keep it and return it unwritten."""
        try:
            return await self._store.record(attempt)
        except Exception as error:
            self.unwritten[attempt.id] = attempt
            log.critical(
                "the journal %s can't take the outcome of %s (%s at %s: %s): %s",
                self._store.name, attempt.id, attempt.status, attempt.account, attempt.provider_id, error,
            )  # fmt: skip
            self._spill(attempt)
            return attempt

    async def read_back(self) -> None:
        """Write the outcomes that an earlier process could not write, where the journal knows less."""
        spill = self._store.spill
        lines = [] if spill is None else spill.read()
        strange = 0
        for line in lines:
            try:
                spilled = from_dict(Attempt, line)
                job = await self._store.job(spilled.job_id)
            except GenhubError as error:
                strange += 1
                log.critical("the spill file of %s has a line that can't be read: %s", self._store.name, error)
                continue
            if job is None or spilled.number > len(job.attempts):
                strange += 1
                log.critical("the spill file of %s knows %s, which the journal lacks", self._store.name, spilled.id)
            elif _knows_more(spilled, job.attempts[spilled.number - 1]):
                await self._store.record(spilled)
        if spill is not None and lines and not strange:
            spill.clear()

    def _spill(self, attempt: Attempt) -> None:
        spill: Any = self._store.spill
        if spill is None:
            return
        try:
            spill.append(converter.unstructure(attempt))
        except Exception as error:
            log.critical("the spill file can't take the outcome of %s either: %s", attempt.id, error)

    async def again(self, attempt: Attempt, current: Callable[[], Attempt]) -> Attempt:
        """Try until the journal takes the outcome, as it is by then; returns it as written."""
        for wait in delays(0.5, 30.0):
            await self._clock.sleep(wait)
            now = current()
            try:
                # Another write of the row may have got through: it carried the outcome with it.
                written = now if now.version > attempt.version else await self._store.advance(now)
            except JournalError as error:
                log.critical("the journal still can't take the outcome of %s: %s", attempt.id, error)
                continue
            if written is None:
                written = await self._beside(now)
            if written is None:
                continue
            del self.unwritten[attempt.id]
            log.warning("the journal has the outcome of %s now", attempt.id)
            return written
        raise AssertionError("delays never end")

    async def _beside(self, outcome: Attempt) -> Attempt | None:
        """The row is newer than what we have: leave it if it knows of an outcome, else write ours onto it."""
        job = await self._store.job(outcome.job_id)
        if job is None:
            return None
        row = job.attempts[outcome.number - 1]
        if row.ref is not None or row.status.is_final:
            return row
        return await self._store.advance(evolve(outcome, version=row.version))


def _knows_more(spilled: Attempt, row: Attempt) -> bool:
    """True when a spilled outcome says what the journal does not know: an id always does, a doubt not after an end."""
    return row.ref is None and (spilled.ref is not None or not row.status.is_final)
