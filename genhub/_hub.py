"""The hub: accounts, a journal, and the life of every job in it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
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
from genhub._errors import ConfigError, JobFailed
from genhub._events import Listener, Listeners
from genhub._handle import Handle
from genhub._itinerary import Portability
from genhub._jobs import Job, StopVerdict
from genhub._ledger import LedgerLine, lines
from genhub._live import Live, Pursuit
from genhub._pacing import Delay
from genhub._plan import Plan
from genhub._planner import Planner, To
from genhub._provider import Provider, WebhookHint
from genhub._recover import Recovery, recover
from genhub._requests import Request
from genhub._router import Ask, Router
from genhub._schedule import READ_PRICE
from genhub._settings import duration
from genhub._status import Status
from genhub._submitter import Submitter
from genhub.routing import AccountHealth, Route, Via, all_failed, cap_of
from genhub.stores import JobFilter, JobStore, open_store
from genhub.timing import Timing


class Hub:
    """Accounts of generation services behind one job model. Use it as `async with`.

    `journal` is a URL (`sqlite:///genhub.db`, or `memory:`, which forgets when the process ends) or a store. `routes`
    by name: a `Route`, or just the names of accounts in their order. `read_price`: the seconds of delay that one read
    of a job is worth; a higher one means fewer reads, and later news. `on_event`: who is told of each `Event`, one or
    several.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account | Provider],
        *,
        journal: str | JobStore = "memory:",
        read_only: bool = False,
        clock: Clock | None = None,
        connections: int = 100,
        read_price: float = READ_PRICE,
        routes: Mapping[str, Route | Iterable[str | Via]] | None = None,
        on_event: Listener | Iterable[Listener] = (),
    ) -> None:
        store = journal if isinstance(journal, JobStore) else open_store(journal)
        self._desk = Desk(
            accounts,
            store,
            read_only=read_only,
            clock=clock or SystemClock(),
            connections=connections,
            read_price=_positive(read_price),
            routes={name: Route.of(each) for name, each in (routes or {}).items()},
            listeners=Listeners((on_event,) if callable(on_event) else on_event),
        )
        self._controller = Controller(self._desk)
        self._planner = Planner(self._desk)
        self._router = Router(self._desk, Submitter(self._desk), self._controller, self._planner)

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
        options.setdefault("routes", config.routes)
        options.setdefault("read_price", config.read_price)
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

    def routes(self) -> tuple[str, ...]:
        """Return the names of the routes."""
        return tuple(self._desk.routes)

    def health(self) -> Mapping[str, AccountHealth]:
        """Return how each account stands: its breakers, whether it is out of credits, held back, or retired."""
        return self._desk.healths.all()

    def timings(self) -> Mapping[tuple[str, str], Timing]:
        """Return what was learned of how long jobs take, by account and kind of call."""
        timings = self._desk.agenda.timings
        return {key: timings.of(*key) for key in timings.keys()}  # noqa: SIM118

    def pacing(self) -> Mapping[str, Mapping[str, Delay]]:
        """Return what vendors' limits have cost in waiting, since this hub was made: by account and endpoint."""
        return {name: delays for name, each in self._desk.accounts.items() if (delays := each.http.delays())}

    def account(self, name: str) -> Bound:
        """Return an account, on which the vendor's own verbs can be called; raises ConfigError."""
        return self._desk.account(name)

    async def submit(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability | None = None,
        max_spend: str | Decimal | int | None = None,
        allow_unpriced: bool | None = None,
        reuse: float | str | None = None,
    ) -> Handle:
        """Send a request to an account, once; returns as soon as a vendor answered.

        `to` is an account's name, a route's, or names of accounts that are tried in that order; without it, the route
        `default`, or the only account there is. On a route the next account is asked after a refusal, and later, in the
        background, after an end that is certain and no success; never while an attempt is in doubt.

        `key` is the caller's own: the same key is the same job, in this process and in any other on the journal; a job
        that was refused before anything was bought is tried again. `portability="adjust"` allows changes, which are
        named on the job. `max_spend` caps what this call may cost, all its attempts together, in the account's credits
        or in money (`"2 USD"`); what nobody can estimate is refused under a cap unless `allow_unpriced`. `reuse`
        (seconds, or `"1h"`): where an equal request was made within that time with `reuse`, its job is given instead,
        and `handle.reused` is true.

        Raises only when it is certain that nothing was bought: UnsupportedRequest, BudgetExceeded, a ProviderError
        (InvalidRequest, InsufficientCredits, RateLimited, ProviderUnavailable, ...), JournalError; on a route
        AllAttemptsFailed with what each account said. In doubt it returns a handle whose job is `unconfirmed`.
        Cancelling the call does not cancel a send that has begun: it ends and is recorded; a route tries nobody else.
        """
        if (place := self._router.gate.place()) is not None:
            await place
        ask = Ask(
            request=request,
            to=to,
            key=key,
            portability=portability,
            max_spend=cap_of(max_spend),
            allow_unpriced=allow_unpriced,
            reuse=None if reuse is None else _seconds(reuse),
        )
        job, reused = await self._router.submit(ask)
        return Handle(self, job, reused=reused)

    async def generate(
        self,
        request: Request,
        *,
        to: To = None,
        key: str | None = None,
        portability: Portability | None = None,
        max_spend: str | Decimal | int | None = None,
        allow_unpriced: bool | None = None,
        reuse: float | str | None = None,
        timeout: float | None = None,
    ) -> Job:
        """`submit` and `wait`; raises when the end is not `succeeded`.

        JobFailed (with the job); on a route that has tried everybody AllAttemptsFailed, with what each account said.
        """
        handle = await self.submit(
            request,
            to=to,
            key=key,
            portability=portability,
            max_spend=max_spend,
            allow_unpriced=allow_unpriced,
            reuse=reuse,
        )
        job = await handle.wait(timeout)
        if job.status is Status.SUCCEEDED:
            return job
        stopped = job.status is Status.STOPPED and job.attempt.given_up is None  # by its caller
        if job.route is not None and not stopped:
            raise all_failed(job)
        why = f": {job.error.message}" if job.error is not None else ""
        raise JobFailed(f"{job.id} at {job.account!r} is {job.status}{why}", job)

    async def plan(self, request: Request, *, to: To = None, portability: Portability | None = None) -> Plan:
        """Say what each account would do with a request, in the order of the route; sends nothing.

        Without `to`: every account. Without `portability`: as the route says, else `adjust`. Raises UnsupportedRequest
        when the route is not for such requests.
        """
        return self._planner.plan(request, to, portability)

    async def get(self, job_id: str) -> Handle:
        """Return a job of the journal; an open one is read from now on, and its route goes on. Raises NotFound."""
        live = await self._desk.registry.load(job_id)
        self._desk.take_up(live)
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
        route: str | None = None,
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
            route=route,
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
        if not live.watchers and not live.holders and not live.sending:  # others may need it
            self._desk.untrack(live)
        return live.job

    async def resume(self, job_id: str) -> Job:
        """Let a stopped job go on; see `Handle.resume`."""
        return await self._controller.resume(job_id)

    async def settle(
        self, job_id: str, *, adopt: str | None = None, not_submitted: bool = False, attempt: int | None = None
    ) -> Job:
        """Settle a job in doubt by a person's word: the vendor's id of it, or that it was never made.

        `attempt` says which, where several are in doubt (a route that may pay twice).

        Raises WrongState when the journal contradicts (it is not in doubt, another attempt has that id), NotFound when
        the vendor does (it does not know that id); nothing is changed then.
        """
        return await self._controller.settle(job_id, adopt, not_submitted, attempt)

    async def balance(self, account: str) -> Balance:
        """Return what an account holds, as its vendor says now. Raises UnsupportedRequest, ProviderError."""
        bound = self.account(account)
        balance: Balance = await bound.verb("balance").balance(bound.http)
        bound.saw_balance(balance)
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
        """Take a vendor's call as a hint: the open jobs that it names are read now. It is never a verdict.

        The same call again within ten minutes is no news, and calls cause at most one read of a job in the shortest
        time that its vendor wants between two. Raises ConfigError for an account that there is not, UnsupportedRequest
        where its provider has no webhooks, JournalError when this hub is not open or only reads. See also
        `genhub.webhooks`.
        """
        bound, desk = self.account(account), self._desk
        hint: WebhookHint = bound.verb("webhook").webhook(headers, body)
        desk.must_write()
        for provider_id in hint.provider_ids:  # before the journal is asked: a submit may be about to write it
            desk.hints.unclaimed(account, provider_id)
        found = dict[str, Pursuit]()  # open attempts
        for job_id in await self.store.find(account, hint.provider_ids):
            async with desk.registry.using(job_id) as live:
                for attempt in live.job.attempts:
                    if attempt.account == account and attempt.provider_id in hint.provider_ids:
                        desk.hints.early(account, attempt.provider_id)  # it is claimed after all
                        if attempt.is_open:
                            found[attempt.id] = live.pursue(attempt.number)
        if found and desk.hints.fresh(account, body):
            for attempt_id, hand in found.items():
                kind, hand.hinted = hand.attempt.kind, True
                desk.hints.heard(account, kind, attempt_id)
                # Who polls seldom, because there are webhooks, still wants each of them read soon.
                least = min(bound.account.every(kind), Account.of(bound.provider).every(kind))
                desk.tracker.watch(attempt_id, account, desk.hints.allowed_in(attempt_id, least))
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
        if not live.job.is_over and not live.sending:  # nobody would read it
            self._desk.must_write()
            self._desk.driver.bound(live.job.account)
        await self._desk.doubt(live)
        self._desk.take_up(live)
        return live

    @property
    def is_open(self) -> bool:
        """True between `async with` and `close`."""
        return self._desk.is_open

    def release(self, live: Live) -> None:
        """Nobody watches any more."""
        self._desk.registry.drop(live)


def _positive(read_price: float) -> float:
    if not 0 < read_price < math.inf:
        raise ConfigError(f"read_price is a number of seconds above 0, not {read_price!r}")
    return read_price


async def _one(job: Job | None) -> AsyncIterator[Job]:
    if job is not None:
        yield job


def _seconds(reuse: float | str) -> float:
    try:
        return duration(reuse)
    except ValueError as error:
        raise ConfigError(f"reuse: {error}") from None
