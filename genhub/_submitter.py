"""From a request to a job whose submit has its outcome in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal
from weakref import WeakValueDictionary

import orjson

from genhub import _transitions as transitions
from genhub._account import Budget
from genhub._bound import Bound
from genhub._budget import Reservation
from genhub._clock import moment
from genhub._credits import Price
from genhub._desk import Desk, new_id
from genhub._errors import ConfigError, GenhubError
from genhub._jobs import Attempt, Call, Job
from genhub._live import Live, with_attempt
from genhub._pacing import Turn
from genhub._plain import to_dict
from genhub._provider import Intent
from genhub._requests import Request
from genhub._status import Status
from genhub._submit import intend, send

Portability = Literal["strict", "adjust"]
To = str | Sequence[str] | None


class Submitter:
    """Sends a desk's requests."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        # One after the other for the same key: whoever comes second finds the first one's job.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def submit(
        self,
        request: Request,
        to: To,
        key: str | None,
        portability: Portability,
        max_spend: str | Decimal | int | None,
        allow_unpriced: bool | None,
    ) -> Job:
        """See `Hub.submit`."""
        if key is None:
            return await self._submit(request, to, key, portability, max_spend, allow_unpriced)
        turn = self._turns.get(key) or self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            return await self._submit(request, to, key, portability, max_spend, allow_unpriced)

    async def _submit(
        self,
        request: Request,
        to: To,
        key: str | None,
        portability: Portability,
        max_spend: str | Decimal | int | None,
        allow_unpriced: bool | None,
    ) -> Job:
        desk = self.desk
        desk.must_write()
        bound = self._choose(to)
        earlier = await self._earlier(key, request)
        if earlier is not None and not _may_try_again(earlier):
            return earlier
        now = moment(desk.clock)
        job = earlier or Job(id=new_id(desk.clock), request=request, created_at=now, key=key, to=(bound.name,))
        number = len(job.attempts) + 1
        attempt_id = f"{job.id}.{number}"
        call = bound.provider.prepare(request, attempt_id, adjust=portability == "adjust")
        said = desk.budgets.estimate(bound.name, bound.account, call.kind, request.kind)
        reserved = desk.budgets.reserve(
            bound.name,
            bound.account,
            said,
            most=_cap(max_spend),
            unpriced=bound.account.allow_unpriced if allow_unpriced is None else allow_unpriced,
        )
        attempt = Attempt(
            id=attempt_id,
            job_id=job.id,
            number=number,
            account=bound.name,
            provider=bound.provider.name,
            kind=call.kind,
            unit=bound.provider.billing.unit,
            created_at=now,
            adjustments=call.adjustments,
            price=bound.account.price,
            reserved=reserved.amount,
            reason="asked for" if number == 1 else "asked for again: the attempt before was refused",
            doubt=transitions.LOST,
        )
        try:
            await bound.slots.acquire()
        except BaseException:
            desk.budgets.release(reserved)
            raise
        turn: Turn | None = None
        try:
            turn = await bound.http.turn(call.path)  # the intent is written once nothing stands in its way
            desk.must_write()  # the hub may have been closed meanwhile
        except BaseException:
            if turn is not None:
                turn.end()
            bound.slots.release()
            desk.budgets.release(reserved)
            raise
        sent, error = await desk.unbroken(bound, self._protocol(bound, job, attempt, call, turn, reserved))
        if error is not None:
            if isinstance(error, GenhubError):
                error.job = sent
            raise error
        return sent

    async def _protocol(
        self, bound: Bound, job: Job, attempt: Attempt, call: Call, turn: Turn, reserved: Reservation
    ) -> tuple[Job, Exception | None]:
        """Intent, send, outcome, for one attempt that holds its slot and its turn."""
        desk = self.desk
        begun = with_attempt(job, attempt)
        # In hand before it is in the journal: a look at another's doubt waits for this one's answer.
        live = desk.registry.hold(begun if attempt.number == 1 else job)
        if live.sending is not None:  # the same key, cancelled and asked again
            desk.budgets.release(reserved)
            turn.end()
            await asyncio.wait([live.sending])
            return live.job, None
        live.sending = asyncio.current_task()
        try:
            try:
                intent = await intend(bound, call, attempt.id, desk.clock)
                sent_at = desk.clock.monotonic()
                other = await self._commit(begun, attempt, intent)
            except BaseException:
                desk.budgets.release(reserved)
                self._not_begun(live, attempt)
                raise
            if other is not None:  # the same key, in the same moment: the other one sends
                desk.budgets.release(reserved)
                self._not_begun(live, attempt)
                return other, None
            desk.budgets.keep(reserved, attempt)
            live.job, live.stuck, live.looks, live.doubted_at, live.sent_at = begun, False, 0, None, sent_at
            outcome, error = await send(bound, attempt, call, turn, desk.clock)
            written = await desk.recorder.record(outcome)
        finally:
            turn.end()
            live.sending = None
        desk.registry.news(live, written)
        if attempt.id in desk.recorder.unwritten:
            desk.write_later(live, written)
        desk.track(live)
        desk.registry.drop(live)
        return live.job, error

    def _not_begun(self, live: Live, attempt: Attempt) -> None:
        """The journal does not have the attempt: nobody is to wait for it."""
        if attempt.number == 1:
            self.desk.registry.forget(live)
        else:
            live.sending = None
            self.desk.registry.drop(live)

    async def _commit(self, job: Job, attempt: Attempt, intent: Intent) -> Job | None:
        """Commit the intent; returns the job that somebody else is sending already."""
        store = self.desk.store
        if attempt.number == 1:
            return await store.create(job, intent)
        if await store.add(attempt, intent):
            return None
        return await store.job(job.id)

    def _choose(self, to: To) -> Bound:
        if to is None:
            if len(self.desk.accounts) != 1:
                known = ", ".join(self.desk.accounts) or "none"
                raise ConfigError("say which account is to do it: to=...", remedy=f"Accounts are: {known}")
            return next(iter(self.desk.accounts.values()))
        if isinstance(to, str):
            return self.desk.account(to)
        if len(to) != 1:
            raise ConfigError("several accounts in `to` need routing, which this version does not have")
        return self.desk.account(to[0])

    async def _earlier(self, key: str | None, request: Request) -> Job | None:
        """Return the job that has the caller's key."""
        if key is None:
            return None
        earlier = await self.desk.store.keyed(key)
        if earlier is None:
            return None
        if orjson.loads(orjson.dumps(to_dict(earlier.request))) != orjson.loads(orjson.dumps(to_dict(request))):
            raise ConfigError(
                f"the key {key!r} belongs to another request ({earlier.id})", remedy="A new request needs a new key"
            )
        live = self.desk.registry.known(earlier.id)
        return earlier if live is None else live.job


def _cap(most: str | Decimal | int | None) -> Budget | None:
    """Read a call's own cap: `5` credits, or `"2 USD"`."""
    if most is None:
        return None
    if isinstance(most, str):
        price = Price.parse(most)
        return Budget(amount=price.amount, per="call", currency=price.currency)
    return Budget(amount=Decimal(most), per="call")


def _may_try_again(job: Job) -> bool:
    """True when the job's last attempt was refused before anything was bought."""
    error = job.error
    return job.status is Status.FAILED and error is not None and error.kind in ("refused", "not_sent")
