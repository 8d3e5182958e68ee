"""The hub: accounts, a journal, and the life of every job in it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from attrs import evolve, frozen

from genhub import _transitions as transitions
from genhub._account import Account
from genhub._bound import Bound
from genhub._clock import Clock, SystemClock, moment
from genhub._credits import Balance
from genhub._download import File, download
from genhub._drive import Driver
from genhub._errors import (
    ConfigError,
    GenhubError,
    InvalidRequest,
    JobFailed,
    JournalError,
    ProviderError,
    UnsupportedRequest,
    WrongState,
)
from genhub._handle import Handle
from genhub._jobs import Attempt, Call, Job, Ref, StopVerdict
from genhub._ledger import LedgerLine, lines
from genhub._live import Live, Registry, is_open, with_attempt
from genhub._plain import from_dict
from genhub._plan import Estimate, Option, Plan, impossible
from genhub._provider import Candidate, Provider, WebhookHint
from genhub._requests import Request
from genhub._status import Status
from genhub._stop import verdict
from genhub._submit import Recorder, intend, send
from genhub._tracker import Tracker
from genhub.http import Sessions, Wire
from genhub.stores import JobFilter, JobStore, open_store

log = logging.getLogger("genhub")

Portability = Literal["strict", "adjust"]
To = str | Sequence[str] | None


@frozen(kw_only=True)
class Recovery:
    """What `recover` found in the journal."""

    polling: tuple[Job, ...] = ()  #: accepted jobs that are read again
    settled: tuple[Job, ...] = ()  #: were in doubt, and are not any more
    in_doubt: tuple[Job, ...] = ()  #: still in doubt
    foreign: tuple[Job, ...] = ()  #: at accounts that this hub does not have


class Hub:
    """Accounts of generation services behind one job model. Use it as `async with`.

    `journal` is a URL (`sqlite:///genhub.db`, or `memory:`, which forgets when the process ends) or a store.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account | Provider],
        *,
        journal: str | JobStore = "memory:",
        read_only: bool = False,
        clock: Clock | None = None,
        connections: int = 100,
    ) -> None:
        self._clock: Clock = clock or SystemClock()
        self.store = journal if isinstance(journal, JobStore) else open_store(journal)
        self.read_only = read_only
        self._sessions = Sessions(connections=connections)
        self._accounts = {
            name: Bound(name, Account.of(each), self._sessions, self._clock) for name, each in accounts.items()
        }
        self._registry = Registry(self.store)
        self._driver = Driver(self._registry, self._accounts, self._clock)
        self._recorder = Recorder(self.store, self._clock)
        self._tracker = Tracker(
            self._clock,
            self._driver.drive_many,
            batch=lambda name: self._accounts[name].can("poll_many"),
            most=lambda name: self._accounts[name].account.concurrency,
        )
        self._sends: set[asyncio.Task[Any]] = set()
        self._rewrites: set[asyncio.Task[None]] = set()
        self._open = False

    @classmethod
    def from_config(cls, path: str | Path | None = None, **options: Any) -> Self:
        """Build a hub from a `genhub.toml`; without a path, from the one that is found (docs: Configuration).

        Raises ConfigError that names the file, the line and the remedy.
        """
        from genhub._config import load

        config = load(path)
        return cls(config.accounts, **{"journal": config.journal, **options})

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """Build a hub from the environment: `POWERPOST_API_KEY`, `POWERPOST_WORKSPACE_ID`, … `GENHUB_JOURNAL`."""
        from genhub._config import from_env

        config = from_env()
        return cls(config.accounts, **{"journal": config.journal, **options})

    async def __aenter__(self) -> Self:
        await self.store.open(read_only=self.read_only)
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop reading, wait for the submits that are on their way, and let go of journal and sockets."""
        if not self._open:
            return
        self._open = False
        await self._tracker.close()
        if self._sends:
            await asyncio.gather(*self._sends, return_exceptions=True)
        for task in self._rewrites:
            task.cancel()
        await asyncio.gather(*self._rewrites, return_exceptions=True)
        await self._sessions.close()
        await self.store.close()

    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts."""
        return tuple(self._accounts)

    def account(self, name: str) -> Bound:
        """Return an account, on which the vendor's own verbs can be called; raises ConfigError."""
        bound = self._accounts.get(name)
        if bound is None:
            known = ", ".join(self._accounts) or "none"
            raise ConfigError(f"there is no account {name!r}", remedy=f"Accounts are: {known}")
        return bound

    async def submit(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability = "strict",
    ) -> Handle:
        """Send a request to an account, once; returns as soon as the vendor answered.

        `to` is an account's name; without it, the only one there is. `key` is the caller's own: the same key is the
        same job, in this process and in any other on the journal; a job that was refused before anything was bought is
        tried again. `portability="adjust"` allows changes, which are named on the job.

        Raises only when it is certain that nothing was bought: UnsupportedRequest, a ProviderError (InvalidRequest,
        InsufficientCredits, RateLimited, ProviderUnavailable, ...), JournalError. In doubt it returns a handle whose
        job is `unconfirmed`. Cancelling the call does not cancel a send that has begun: it ends and is recorded.
        """
        self._must_be_writable()
        bound = self._choose(to)
        earlier = await self._earlier(key, request)
        if earlier is not None and not _may_try_again(earlier):
            return self._handle_of(earlier)
        job_id = earlier.id if earlier is not None else _new_id(self._clock)
        number = len(earlier.attempts) + 1 if earlier is not None else 1
        attempt_id = f"{job_id}.{number}"
        call = bound.provider.prepare(request, attempt_id, adjust=portability == "adjust")
        now = moment(self._clock)
        attempt = Attempt(
            id=attempt_id,
            job_id=job_id,
            number=number,
            account=bound.name,
            provider=bound.provider.name,
            kind=call.kind,
            unit=bound.provider.billing.unit,
            created_at=now,
            adjustments=call.adjustments,
            price=bound.account.price,
            reason="asked for" if number == 1 else "asked for again: the attempt before was refused",
            doubt=transitions.LOST,
        )
        job = earlier or Job(id=job_id, request=request, created_at=now, key=key, to=(bound.name,))
        await bound.slots.acquire()
        try:
            await bound.http.ready("POST", call.path)  # the intent is written once nothing stands in its way
            task = asyncio.get_running_loop().create_task(self._submit(bound, job, attempt, call))
        except BaseException:
            bound.slots.release()
            raise
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        task.add_done_callback(lambda _: bound.slots.release())
        sent, error = await asyncio.shield(task)
        if error is not None:
            if isinstance(error, GenhubError):
                error.job = sent
            raise error
        return self._handle_of(sent)

    async def _submit(self, bound: Bound, job: Job, attempt: Attempt, call: Call) -> tuple[Job, Exception | None]:
        """The submit protocol for one attempt that holds its slot."""
        intent = await intend(bound, call, attempt.id)
        job = with_attempt(job, attempt)
        if attempt.number == 1:
            other = await self.store.create(job, intent)
            if other is not None:  # the same key, in the same moment
                return other, None
        elif not await self.store.add(attempt, intent):
            fresh = await self.store.job(job.id)
            return fresh or job, None
        live = self._registry.hold(job)
        live.job, live.stuck, live.looks = job, False, 0
        live.sending = asyncio.current_task()
        try:
            outcome, error = await send(bound, attempt, call, self._clock)
            written = await self._recorder.record(outcome)
        finally:
            live.sending = None
        self._registry.news(live, written)
        if attempt.id in self._recorder.unwritten:
            self._write_later(live, written)
        self._track(live)
        return live.job, error

    def _write_later(self, live: Live, attempt: Attempt) -> None:
        async def write() -> None:
            written = await self._recorder.again(attempt, lambda: live.job.attempts[attempt.number - 1])
            self._registry.news(live, written)

        task = asyncio.get_running_loop().create_task(write())
        self._rewrites.add(task)
        task.add_done_callback(self._rewrites.discard)

    async def generate(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability = "strict",
        timeout: float | None = None,
    ) -> Job:
        """`submit` and `wait`; raises JobFailed (with the job) when the end is not `succeeded`."""
        handle = await self.submit(request, to=to, key=key, portability=portability)
        job = await handle.wait(timeout)
        if job.status is not Status.SUCCEEDED:
            why = f": {job.error.message}" if job.error is not None else ""
            raise JobFailed(f"{job.id} at {job.account!r} is {job.status}{why}", job)
        return job

    async def plan(self, request: Request, *, to: To = None, portability: Portability = "adjust") -> Plan:
        """Say what each account would do with a request; sends nothing."""
        names = [to] if isinstance(to, str) else list(to or self._accounts)
        options: list[Option] = []
        for name in names:
            bound = self.account(name)
            try:
                call = bound.provider.prepare(request, "plan", adjust=portability == "adjust")
            except (UnsupportedRequest, InvalidRequest) as error:
                options.append(impossible(name, bound.provider.name, error))
                continue
            options.append(
                Option(
                    account=name,
                    provider=bound.provider.name,
                    kind=call.kind,
                    adjustments=call.adjustments,
                    estimate=_estimate(bound, call),
                )
            )
        return Plan(options=tuple(options))

    async def get(self, job_id: str) -> Handle:
        """Return a job of the journal; an open one is read from now on. Raises NotFound."""
        live = await self._registry.load(job_id)
        self._track(live)
        handle = Handle(self, live.job)
        self._registry.drop(live)
        return handle

    async def jobs(
        self,
        *,
        status: Status | str | Collection[Status | str] | None = None,
        account: str | None = None,
        since: datetime | None = None,
        label: str | None = None,
        tag: tuple[str, str] | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> AsyncIterator[Job]:
        """Yield the journal's jobs that fit, in the order of their creation."""
        words = None if status is None else [status] if isinstance(status, str) else list(status)
        which = JobFilter(
            status=None if words is None else frozenset(Status(word) for word in words),
            account=account,
            since=since,
            label=label,
            tag=tag,
            newest_first=newest_first,
            limit=limit,
        )
        async for job in self.store.jobs(which):
            yield job

    async def ledger(
        self,
        *,
        job: str | None = None,
        account: str | None = None,
        since: datetime | None = None,
        label: str | None = None,
        tag: tuple[str, str] | None = None,
    ) -> AsyncIterator[LedgerLine]:
        """Yield the ledger's lines of the jobs that fit, job by job."""
        if job is not None:
            found = await self.store.job(job)
            jobs = _one(found)
        else:
            jobs = self.jobs(account=account, since=since, label=label, tag=tag)
        async for line in lines(jobs):
            yield line

    async def recover(self) -> Recovery:
        """Take every open job of the journal in hand: polls go on, what is in doubt is looked at once.

        Call it after a crash, or at every start. Doubts that one look does not settle are looked at further by the
        tracker; nothing is ever sent twice.
        """
        self._must_be_writable()
        await self._read_spill()
        polling: list[Job] = []
        settled: list[Job] = []
        doubted: list[Job] = []
        foreign: list[Job] = []
        async for job in self.store.unfinished():
            live = self._registry.hold(job)
            if live.sending is not None:
                continue
            if job.account not in self._accounts:
                foreign.append(job)
                continue
            if not job.status.in_doubt:
                polling.append(live.job)
                self._track(live, soon=True)
                continue
            await self._doubt(live)
            try:
                await self._driver.read(live)
            except GenhubError as error:
                log.warning("a look at the doubt of %s failed: %s", job.id, error)
            (doubted if live.job.status.in_doubt else settled).append(live.job)
            self._track(live)
        return Recovery(polling=tuple(polling), settled=tuple(settled), in_doubt=tuple(doubted), foreign=tuple(foreign))

    async def _doubt(self, live: Live) -> None:
        """What is `submitting` and is not being sent by this process was cut off: it is in doubt."""
        if live.job.status is Status.SUBMITTING and live.sending is None:
            at = moment(self._clock)
            why = "the process ended between the intent and the answer"
            await self._registry.apply(live, live.job.attempt.number, lambda now: _cut_off(now, why, at))

    async def _read_spill(self) -> None:
        """Outcomes that an earlier process could not write: write them now, where the journal knows less."""
        spill = self.store.spill
        if spill is None:
            return
        lines = spill.read()
        for line in lines:
            spilled = from_dict(Attempt, line)
            job = await self.store.job(spilled.job_id)
            if job is None or spilled.number > len(job.attempts):
                raise JournalError(
                    f"the spill file of {self.store.name} speaks of a job that the journal lacks: {line}"
                )
            if job.attempts[spilled.number - 1].status.in_doubt:
                await self.store.record(spilled)
        if lines:
            spill.clear()

    async def poll(self, job_id: str) -> Job:
        """Read the vendor once; see `Handle.poll`."""
        live = await self._registry.load(job_id)
        if live.sending is not None:
            return live.job
        self._must_be_writable()
        await self._doubt(live)
        job = await self._driver.read(live)
        self._track(live)
        self._registry.drop(live)
        return job

    async def stop(self, job_id: str) -> StopVerdict:
        """Ask the vendor to stop; see `Handle.stop`."""
        self._must_be_writable()
        live = await self._registry.load(job_id)
        bound, attempt = await self._ready(live, "stop")
        if attempt.status.is_final:
            job = await self.poll(job_id)
            raise _wrong_state(f"{job_id} is {job.status} already: nothing to stop, what it cost stays", job)
        assert attempt.ref is not None
        try:
            snapshot = await bound.provider.stop(bound.http, attempt.ref)  # type: ignore[attr-defined]
        except WrongState as error:
            error.job = await self.poll(job_id)
            raise
        except ProviderError:
            # The answer may be lost although it was stopped: what a read says is the truth.
            job = await self.poll(job_id)
            if job.status is Status.STOPPED:
                return verdict(job, bound.provider.billing)
            raise
        profile, at = bound.provider.billing, moment(self._clock)
        job = await self._registry.apply(live, attempt.number, lambda now: transitions.seen(now, snapshot, profile, at))
        if is_open(job):  # the vendor answered by another word than "stopped"
            job = await self.poll(job_id)
        self._tracker.forget(job_id) if not is_open(job) else self._track(live)
        self._registry.drop(live)
        return verdict(job, profile)

    async def resume(self, job_id: str) -> Job:
        """Let a stopped job go on; see `Handle.resume`."""
        self._must_be_writable()
        live = await self._registry.load(job_id)
        bound, attempt = await self._ready(live, "resume")
        if attempt.status is not Status.STOPPED or attempt.resuming_at is not None:
            job = await self.poll(job_id)
            raise _wrong_state(f"{job_id} is {job.status}: only a stopped job can be resumed", job)
        await bound.slots.acquire()
        task = asyncio.get_running_loop().create_task(self._resume(bound, live, attempt))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)
        task.add_done_callback(lambda _: bound.slots.release())
        job, error = await asyncio.shield(task)
        if error is not None:
            error.job = job
            raise error
        return job

    async def _resume(self, bound: Bound, live: Live, attempt: Attempt) -> tuple[Job, GenhubError | None]:
        """The submit protocol for a resume: durable intent, sent once; in doubt, the next read decides."""
        assert attempt.ref is not None
        number, profile = attempt.number, bound.provider.billing
        if live.sending is not None or live.job.attempt.resuming_at is not None:
            return live.job, _wrong_state(f"{live.job.id} is being resumed already", live.job)
        live.sending = asyncio.current_task()
        try:
            begun = moment(self._clock)
            await self._registry.apply(live, number, lambda now: transitions.resuming(now, begun))
            wire = Wire()
            try:
                snapshot = await bound.provider.resume(bound.http.watched(wire), attempt.ref)  # type: ignore[attr-defined]
            except Exception as error:
                if isinstance(error, GenhubError) and wire.nothing_was_made:
                    why = f"not resumed: {error}"
                    at = moment(self._clock)
                    await self._registry.apply(live, number, lambda now: transitions.not_resumed(now, why, at))
                    return live.job, error
                log.warning("the resume of %s is in doubt: %s", live.job.id, error)
            else:
                at = moment(self._clock)
                await self._registry.apply(live, number, lambda now: transitions.resumed(now, snapshot, profile, at))
        finally:
            live.sending = None
            self._track(live)
        if live.job.attempt.resuming_at is not None:
            try:
                await self._driver.read(live)
            except GenhubError as error:
                log.warning("the read that decides on the resume of %s failed: %s", live.job.id, error)
        return live.job, None

    async def _ready(self, live: Live, capability: str) -> tuple[Bound, Attempt]:
        """Return the account and the attempt that a verb acts on; refuses what can't be acted on."""
        job, attempt = live.job, live.job.attempt
        bound = self.account(attempt.account)
        if not bound.can(capability):
            spent = attempt.credits
            cost = "unknown" if spent.net is None else f"{spent.net} {spent.unit}"
            goes_on = f"; the job goes on, its cost so far: {cost}" if is_open(job) else ""
            raise UnsupportedRequest(f"can't {capability} a job{goes_on}", provider=bound.provider.name)
        if attempt.status.in_doubt or live.sending is not None:
            raise _wrong_state(f"{job.id} is {job.status}: it is not known yet whether the vendor has it", job)
        if attempt.ref is None:
            raise _wrong_state(f"{job.id} never reached the vendor: there is nothing to {capability}", job)
        return bound, attempt

    async def settle(self, job_id: str, *, adopt: str | None = None, not_submitted: bool = False) -> Job:
        """Settle a job in doubt by a person's word: the vendor's id of it, or that it was never made.

        Raises WrongState when the journal (it is not in doubt, another attempt has that id) or the vendor (it does not
        know that id) contradicts; nothing is changed then.
        """
        self._must_be_writable()
        if (adopt is None) is not not_submitted:
            raise ConfigError("settle takes either the vendor's id of the job, or not_submitted")
        live = await self._registry.load(job_id)
        attempt = live.job.attempt
        bound = self.account(attempt.account)
        if not attempt.status.in_doubt or live.sending is not None:
            raise _wrong_state(f"{job_id} is {attempt.status}: there is no doubt to settle", live.job)
        at = moment(self._clock)
        if adopt is None:
            job = await self._registry.apply(
                live, attempt.number, lambda now: transitions.not_submitted(now, "settled by a person", at)
            )
        else:
            claimed = await self.store.claimed(bound.name, [adopt])
            if adopt in claimed:
                raise _wrong_state(f"{adopt} belongs to {claimed[adopt]} already", live.job)
            ref = Ref(id=adopt, kind=attempt.kind)
            snapshot = await bound.provider.poll(bound.http, ref)  # NotFound contradicts
            found = Candidate(ref=snapshot.ref)
            profile = bound.provider.billing
            await self._registry.apply(
                live,
                attempt.number,
                lambda now: transitions.adopted(now, found, "settled by a person", profile, at, by_user=True),
            )
            job = await self._registry.apply(
                live, attempt.number, lambda now: transitions.seen(now, snapshot, profile, at)
            )
        live.stuck = False
        self._track(live)
        return job

    async def balance(self, account: str) -> Balance:
        """Return what an account holds, as its vendor says now. Raises UnsupportedRequest, ProviderError."""
        bound = self.account(account)
        balance: Balance = await bound.verb("balance").balance(bound.http)
        return balance

    async def webhook(self, account: str, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        """Take a vendor's call as a hint: the jobs that it names are read now. It is never a verdict."""
        bound = self.account(account)
        hint: WebhookHint = bound.verb("webhook").webhook(headers, body)
        for job_id in await self.store.find(account, hint.provider_ids):
            live = await self._registry.load(job_id)
            if is_open(live.job):
                self._tracker.watch(job_id, account, 0.0)
        return hint

    async def download(self, job: Job, folder: str | Path) -> tuple[File, ...]:
        """Stream every media output of a job into a folder; goes on where it broke off, never buys anything."""
        return await download(self._sessions, job, Path(folder))

    # What handles and the command use.

    def in_hand(self, job_id: str) -> Live | None:
        return self._registry.known(job_id)

    async def follow(self, job_id: str) -> Live:
        """Take a job in hand for somebody who watches it."""
        live = await self._registry.load(job_id)
        if not self.read_only:
            await self._doubt(live)
        self._track(live)
        return live

    def release(self, live: Live) -> None:
        self._registry.drop(live)

    def _handle_of(self, job: Job) -> Handle:
        live = self._registry.hold(job) if is_open(job) else None
        if live is not None:
            self._track(live)
        return Handle(self, job)

    def _track(self, live: Live, *, soon: bool = False) -> None:
        """See to it that an open job is driven."""
        if self.read_only or not self._open or not is_open(live.job) or live.sending is not None or live.stuck:
            return
        attempt = live.job.attempt
        bound = self._accounts.get(attempt.account)
        if bound is not None:
            at_once = soon or attempt.status.in_doubt or attempt.resuming_at is not None
            self._tracker.watch(live.job.id, bound.name, 0.0 if at_once else bound.account.every(attempt.kind))

    def _choose(self, to: To) -> Bound:
        if to is None:
            if len(self._accounts) != 1:
                known = ", ".join(self._accounts) or "none"
                raise ConfigError("say which account is to do it: to=...", remedy=f"Accounts are: {known}")
            return next(iter(self._accounts.values()))
        if isinstance(to, str):
            return self.account(to)
        if len(to) != 1:
            raise ConfigError("several accounts in `to` need routing, which this version does not have")
        return self.account(to[0])

    async def _earlier(self, key: str | None, request: Request) -> Job | None:
        """Return the job that has the caller's key."""
        if key is None:
            return None
        earlier = await self.store.keyed(key)
        if earlier is not None and earlier.request != request:
            raise ConfigError(
                f"the key {key!r} belongs to another request ({earlier.id})", remedy="A new request needs a new key"
            )
        if earlier is not None:
            live = self._registry.known(earlier.id)
            return live.job if live is not None else earlier
        return None

    def _must_be_writable(self) -> None:
        if not self._open:
            raise JournalError("the hub is not open: use it as `async with Hub(...) as hub`")
        if self.read_only:
            raise JournalError("this hub only reads its journal")


async def _one(job: Job | None) -> AsyncIterator[Job]:
    if job is not None:
        yield job


def _may_try_again(job: Job) -> bool:
    """True when the job's last attempt was refused before anything was bought."""
    error = job.error
    return job.status is Status.FAILED and error is not None and error.kind in ("refused", "not_sent")


def _new_id(clock: Clock) -> str:
    """A job's id: sorted by time, and new in every process."""
    return f"j{int(clock.time() * 1000):011x}{secrets.token_hex(5)}"


def _cut_off(attempt: Attempt, why: str, at: datetime) -> Attempt:
    if attempt.status is not Status.SUBMITTING:
        return attempt
    return evolve(transitions.doubted(attempt, why, at), submitted_at=None)  # when it was sent, if it was: unknown


def _wrong_state(message: str, job: Job) -> WrongState:
    error = WrongState(message, account=job.account)
    error.job = job
    return error


def _estimate(bound: Bound, call: Call) -> Estimate:
    own = bound.account.estimate.get(call.kind)
    documented = bound.provider.billing.prices.get(call.kind)
    if own is not None:
        return Estimate(credits=own, unit=bound.provider.billing.unit, source="user")
    source = "unknown" if documented is None else "documented"
    return Estimate(credits=documented, unit=bound.provider.billing.unit, source=source)
