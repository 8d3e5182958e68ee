"""The hub: accounts, a journal, and the life of every job in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from genhub._account import Account
from genhub._audit import Audit, audit
from genhub._bound import Bound
from genhub._clock import Clock, SystemClock
from genhub._control import Controller
from genhub._credits import Balance
from genhub._desk import Desk
from genhub._download import File, download
from genhub._errors import InvalidRequest, JobFailed, UnsupportedRequest
from genhub._handle import Handle
from genhub._jobs import Job, StopVerdict
from genhub._ledger import LedgerLine, lines
from genhub._live import Live, is_open
from genhub._plan import Option, Plan, impossible
from genhub._provider import Provider, WebhookHint
from genhub._recover import Recovery, recover
from genhub._requests import Request
from genhub._status import Status
from genhub._submitter import Portability, Submitter, To
from genhub.stores import JobFilter, JobStore, open_store


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
        store = journal if isinstance(journal, JobStore) else open_store(journal)
        self._desk = Desk(accounts, store, read_only=read_only, clock=clock or SystemClock(), connections=connections)
        self._submitter = Submitter(self._desk)
        self._controller = Controller(self._desk)

    @property
    def store(self) -> JobStore:
        """The journal."""
        return self._desk.store

    @classmethod
    def from_config(cls, path: str | Path | None = None, **options: Any) -> Self:
        """Build a hub from a `genhub.toml`; without a path, from the one that is found (docs: Configuration).

        Raises ConfigError that names the file, the line and the remedy.
        """
        from genhub._config import load

        config = load(path)
        options.setdefault("journal", config.journal)
        return cls(config.accounts, **options)

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """Build a hub from the environment: `POWERPOST_API_KEY`, `POWERPOST_WORKSPACE_ID`, … `GENHUB_JOURNAL`."""
        from genhub._config import from_env

        config = from_env()
        options.setdefault("journal", config.journal)
        return cls(config.accounts, **options)

    async def __aenter__(self) -> Self:
        await self._desk.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop reading, wait for the submits that are on their way, and let go of journal and sockets."""
        await self._desk.close()

    def accounts(self) -> tuple[str, ...]:
        """Return the names of the accounts."""
        return tuple(self._desk.accounts)

    def account(self, name: str) -> Bound:
        """Return an account, on which the vendor's own verbs can be called; raises ConfigError."""
        return self._desk.account(name)

    async def submit(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability = "strict",
        max_spend: str | Decimal | int | None = None,
        allow_unpriced: bool | None = None,
    ) -> Handle:
        """Send a request to an account, once; returns as soon as the vendor answered.

        `to` is an account's name; without it, the only one there is. `key` is the caller's own: the same key is the
        same job, in this process and in any other on the journal; a job that was refused before anything was bought is
        tried again. `portability="adjust"` allows changes, which are named on the job. `max_spend` caps what this call
        may cost, in the account's credits or in money (`"2 USD"`); what nobody can estimate is refused under a cap
        unless `allow_unpriced`.

        Raises only when it is certain that nothing was bought: UnsupportedRequest, BudgetExceeded, a ProviderError
        (InvalidRequest, InsufficientCredits, RateLimited, ProviderUnavailable, ...), JournalError. In doubt it returns
        a handle whose job is `unconfirmed`. Cancelling the call does not cancel a send that has begun: it ends and is
        recorded.
        """
        job = await self._submitter.submit(request, to, key, portability, max_spend, allow_unpriced)
        return self._handle(job)

    async def generate(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability = "strict",
        max_spend: str | Decimal | int | None = None,
        allow_unpriced: bool | None = None,
        timeout: float | None = None,
    ) -> Job:
        """`submit` and `wait`; raises JobFailed (with the job) when the end is not `succeeded`."""
        handle = await self.submit(
            request,
            to=to,
            key=key,
            portability=portability,
            max_spend=max_spend,
            allow_unpriced=allow_unpriced,
        )
        job = await handle.wait(timeout)
        if job.status is not Status.SUCCEEDED:
            why = f": {job.error.message}" if job.error is not None else ""
            raise JobFailed(f"{job.id} at {job.account!r} is {job.status}{why}", job)
        return job

    async def plan(self, request: Request, *, to: To = None, portability: Portability = "adjust") -> Plan:
        """Say what each account would do with a request; sends nothing."""
        names = [to] if isinstance(to, str) else list(to or self._desk.accounts)
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
                    estimate=self._desk.budgets.estimate(name, bound.account, call.kind, request.kind),
                )
            )
        return Plan(options=tuple(options))

    async def get(self, job_id: str) -> Handle:
        """Return a job of the journal; an open one is read from now on. Raises NotFound."""
        live = await self._desk.registry.load(job_id)
        self._desk.track(live)
        self._desk.registry.drop(live)
        return Handle(self, live.job)

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
            found = await self._desk.store.job(job)
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
        return await recover(self._desk)

    async def poll(self, job_id: str) -> Job:
        """Read the vendor once; see `Handle.poll`."""
        return await self._desk.poll(job_id)

    async def stop(self, job_id: str, *, only_if_free: bool = False) -> StopVerdict:
        """Ask the vendor to stop; see `Handle.stop`."""
        return await self._controller.stop(job_id, only_if_free=only_if_free)

    async def detach(self, job_id: str) -> Job:
        """Read a job no more; see `Handle.detach`."""
        live = await self._desk.registry.load(job_id)
        if not live.watchers and not live.holders and live.sending is None:  # others may need it
            self._desk.tracker.forget(job_id)
            self._desk.registry.forget(live)
        return live.job

    async def resume(self, job_id: str) -> Job:
        """Let a stopped job go on; see `Handle.resume`."""
        return await self._controller.resume(job_id)

    async def settle(self, job_id: str, *, adopt: str | None = None, not_submitted: bool = False) -> Job:
        """Settle a job in doubt by a person's word: the vendor's id of it, or that it was never made.

        Raises WrongState when the journal contradicts (it is not in doubt, another attempt has that id), NotFound when
        the vendor does (it does not know that id); nothing is changed then.
        """
        return await self._controller.settle(job_id, adopt, not_submitted)

    async def balance(self, account: str) -> Balance:
        """Return what an account holds, as its vendor says now. Raises UnsupportedRequest, ProviderError."""
        bound = self.account(account)
        balance: Balance = await bound.verb("balance").balance(bound.http)
        bound.balance_seen = balance
        return balance

    async def audit(self, account: str, *, offline: bool = False) -> Audit:
        """Hold the ledger against the vendor's balance, now and at the last audit.

        `offline`: only what the ledger expects, without asking. Raises UnsupportedRequest where the provider shows no
        balance.
        """
        return await audit(self._desk, account, offline=offline)

    async def adopt(self, account: str, provider_id: str) -> Job:
        """Take a vendor's job that nobody claims (see `Audit.unclaimed`) into the journal, as paid as it is.

        Raises WrongState when an attempt has that id already, NotFound when the vendor's list does not have it.
        """
        return await self._controller.adopt(account, provider_id)

    async def webhook(self, account: str, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        """Take a vendor's call as a hint: the jobs that it names are read now. It is never a verdict."""
        bound = self.account(account)
        hint: WebhookHint = bound.verb("webhook").webhook(headers, body)
        for job_id in await self.store.find(account, hint.provider_ids):
            live = await self._desk.registry.load(job_id)
            if is_open(live.job):
                self._desk.tracker.watch(job_id, account, 0.0)
        return hint

    async def download(self, job: Job, folder: str | Path) -> tuple[File, ...]:
        """Stream every media output of a job into a folder; goes on where it broke off, never buys anything."""
        return await download(self._desk.sessions, job, Path(folder))

    # What handles use.

    def in_hand(self, job_id: str) -> Live | None:
        """Return a job that is being driven."""
        return self._desk.registry.known(job_id)

    async def follow(self, job_id: str) -> Live:
        """Take a job in hand for somebody who watches it."""
        live = await self._desk.registry.load(job_id)
        if is_open(live.job) and live.sending is None:  # nobody would read it
            self._desk.must_write()
            self._desk.driver.bound(live.job.account)
        await self._desk.doubt(live)
        self._desk.track(live)
        return live

    @property
    def is_open(self) -> bool:
        """True between `async with` and `close`."""
        return self._desk.is_open

    def release(self, live: Live) -> None:
        """Nobody watches any more."""
        self._desk.registry.drop(live)

    def _handle(self, job: Job) -> Handle:
        if is_open(job):
            self._desk.track(self._desk.registry.hold(job))
        return Handle(self, job)


async def _one(job: Job | None) -> AsyncIterator[Job]:
    if job is not None:
        yield job
