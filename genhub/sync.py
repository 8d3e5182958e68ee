"""The same verbs without `await`, for scripts and notebooks: a loop in a thread of its own.

    with genhub.sync.Hub.from_config("genhub.toml") as hub:
        job = hub.generate(TextRequest(prompt="Dark mode is here", platforms="x"), to="powerpost")

Works inside a running loop too (a notebook's), because the hub lives in another thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from genhub import _handle, _hub
from genhub._account import Account
from genhub._audit import Audit
from genhub._credits import Balance
from genhub._download import File
from genhub._itinerary import Portability
from genhub._jobs import Job, StopVerdict
from genhub._ledger import LedgerLine
from genhub._plan import Plan
from genhub._planner import To
from genhub._provider import Provider
from genhub._recover import Recovery
from genhub._requests import Request
from genhub._status import Status
from genhub.routing import AccountHealth

T = TypeVar("T")


class _Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="genhub.sync", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, source: AsyncIterator[T]) -> Iterator[T]:
        async def following() -> tuple[bool, T | None]:
            try:
                return True, await anext(source)
            except StopAsyncIteration:
                return False, None

        while True:
            more, item = self.run(following())
            if not more:
                return
            yield item  # type: ignore[misc]

    def close(self) -> None:
        self.run(self.loop.shutdown_asyncgens())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Handle:
    """One job of a hub; see `genhub.Handle`."""

    def __init__(self, loop: _Loop, handle: _handle.Handle) -> None:
        self._loop = loop
        self._handle = handle

    @property
    def id(self) -> str:
        return self._handle.id

    @property
    def job(self) -> Job:
        return self._handle.job

    @property
    def status(self) -> Status:
        return self._handle.status

    @property
    def reused(self) -> bool:
        """The call was given the job of an earlier, equal request: nothing was bought for it."""
        return self._handle.reused

    def poll(self) -> Job:
        return self._loop.run(self._handle.poll())

    def wait(self, timeout: float | None = None) -> Job:
        return self._loop.run(self._handle.wait(timeout))

    def updates(self) -> Iterator[Job]:
        return self._loop.each(self._handle.updates())

    def detach(self) -> Job:
        return self._loop.run(self._handle.detach())

    def stop(self, *, only_if_free: bool = False) -> StopVerdict:
        return self._loop.run(self._handle.stop(only_if_free=only_if_free))

    def resume(self) -> Job:
        return self._loop.run(self._handle.resume())


class Hub:
    """Accounts behind one job model; see `genhub.Hub`. Use it as `with`. `on_event` is called in the hub's thread."""

    def __init__(self, accounts: Mapping[str, Account | Provider], **options: Any) -> None:
        self._start(_hub.Hub(accounts, **options))

    def _start(self, hub: _hub.Hub) -> None:
        self._hub = hub
        self._loop: _Loop | None = None

    @classmethod
    def from_config(cls, path: str | Path | None = None, **options: Any) -> Self:
        made = cls.__new__(cls)
        made._start(_hub.Hub.from_config(path, **options))
        return made

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        made = cls.__new__(cls)
        made._start(_hub.Hub.from_env(**options))
        return made

    def __enter__(self) -> Self:
        self._loop = _Loop()
        try:
            self._loop.run(self._hub.__aenter__())
        except BaseException:
            self._loop.close()
            self._loop = None
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            try:
                self._loop.run(self._hub.close())
            finally:
                self._loop.close()
                self._loop = None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            work.close()
        return self._running.run(work)

    @property
    def _running(self) -> _Loop:
        if self._loop is None:
            raise RuntimeError("the hub is not open: use it as `with Hub(...) as hub`")
        return self._loop

    def accounts(self) -> tuple[str, ...]:
        return self._hub.accounts()

    def routes(self) -> tuple[str, ...]:
        return self._hub.routes()

    def health(self) -> Mapping[str, AccountHealth]:
        async def look() -> Mapping[str, AccountHealth]:
            return self._hub.health()

        return self._run(look())  # in the hub's own thread: a look at a breaker may change it

    def submit(
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
        handle = self._run(
            self._hub.submit(
                request,
                to=to,
                key=key,
                portability=portability,
                max_spend=max_spend,
                allow_unpriced=allow_unpriced,
                reuse=reuse,
            )
        )
        return Handle(self._running, handle)

    def generate(
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
        return self._run(
            self._hub.generate(
                request,
                to=to,
                key=key,
                portability=portability,
                max_spend=max_spend,
                allow_unpriced=allow_unpriced,
                reuse=reuse,
                timeout=timeout,
            )
        )

    def plan(self, request: Request, *, to: To = None, portability: Portability | None = None) -> Plan:
        return self._run(self._hub.plan(request, to=to, portability=portability))

    def get(self, job_id: str) -> Handle:
        return Handle(self._running, self._run(self._hub.get(job_id)))

    def jobs(self, **which: Any) -> Iterator[Job]:
        return self._running.each(self._hub.jobs(**which))

    def ledger(self, **which: Any) -> Iterator[LedgerLine]:
        return self._running.each(self._hub.ledger(**which))

    def recover(self) -> Recovery:
        return self._run(self._hub.recover())

    def settle(self, job_id: str, *, adopt: str | None = None, not_submitted: bool = False) -> Job:
        return self._run(self._hub.settle(job_id, adopt=adopt, not_submitted=not_submitted))

    def balance(self, account: str) -> Balance:
        return self._run(self._hub.balance(account))

    def audit(self, account: str, *, offline: bool = False) -> Audit:
        return self._run(self._hub.audit(account, offline=offline))

    def adopt(self, account: str, provider_id: str) -> Job:
        return self._run(self._hub.adopt(account, provider_id))

    def detach(self, job_id: str) -> Job:
        return self._run(self._hub.detach(job_id))

    def download(self, job: Job, folder: str | Path) -> tuple[File, ...]:
        return self._run(self._hub.download(job, folder))


__all__ = ["Handle", "Hub"]
