"""A thread with a connection of its own, which runs what it is given in batches: one transaction, one commit each.

A commit costs a flush of the disk, whether it carries one write or sixty-four: those that come while one is under way
ride on the next together.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from queue import Empty, SimpleQueue
from sqlite3 import Connection
from threading import Thread
from typing import Any, TypeVar

from attrs import frozen

from genhub.stores._transactions import transaction

T = TypeVar("T")

log = logging.getLogger("genhub.journal")

#: How many operations share a transaction at most.
BATCH = 64


@frozen(eq=False)
class _Task:
    operation: Callable[[Connection], Any]
    future: Future[Any]


@frozen(eq=False)
class _Outcome:
    future: Future[Any]
    result: Any = None
    error: Exception | None = None


class Worker:
    """Runs operations on a connection in a thread; an operation that fails undoes itself, not its neighbours."""

    def __init__(
        self,
        name: str,
        session: Callable[[], AbstractContextManager[Connection]],
        explain: Callable[[Exception], Exception],
        *,
        begin: str,
    ) -> None:
        self.transactions = 0  #: that were committed
        self._session = session
        self._explain = explain
        self._begin = begin
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread = Thread(target=self._main, name=name, daemon=True)
        self._loop: AbstractEventLoop
        self._ready: Future[None]
        self._over: Future[None]

    async def start(self) -> None:
        """Begin the session; raises what that raised."""
        self._loop = asyncio.get_running_loop()
        self._ready, self._over = self._loop.create_future(), self._loop.create_future()
        self._thread.start()
        await self._ready

    def run(self, operation: Callable[[Connection], T]) -> Future[T]:
        """Queue an operation. It is done even if nobody waits for it any more: the thread looks at no future."""
        future: Future[T] = self._loop.create_future()
        self._queue.put(_Task(operation, future))
        return future

    async def stop(self) -> None:
        """Do what is queued, end the session, and the thread."""
        self._queue.put(None)
        await asyncio.shield(self._over)
        self._thread.join()

    def _main(self) -> None:
        began = False
        try:
            with self._session() as db:
                began = True
                self._tell([_Outcome(self._ready)])
                self._serve(db)
        except Exception as error:
            if began:
                log.error("the end of the %s: %s", self._thread.name, self._explain(error))
            else:
                self._tell([_Outcome(self._ready, error=self._explain(error))])
        self._tell([_Outcome(self._over)])

    def _serve(self, db: Connection) -> None:
        going = True
        while going:
            batch: list[_Task] = []
            task = self._queue.get()
            with suppress(Empty):
                while task is not None:
                    batch.append(task)
                    if len(batch) == BATCH:
                        break
                    task = self._queue.get_nowait()
            going = task is not None
            if batch:
                self._tell(self._do(db, batch))

    def _do(self, db: Connection, batch: list[_Task]) -> list[_Outcome]:
        try:
            return self._transaction(db, batch)
        except Exception as error:
            if len(batch) == 1:
                return [_Outcome(batch[0].future, error=self._explain(error))]
        # Nothing of the batch was kept. One large record may have filled the disk: the others need not suffer.
        return [outcome for task in batch for outcome in self._do(db, [task])]

    def _transaction(self, db: Connection, batch: list[_Task]) -> list[_Outcome]:
        """Run all in one transaction; raises when the transaction is lost as a whole."""
        outcomes: list[_Outcome] = []
        with transaction(db, self._begin):
            for task in batch:
                db.execute("SAVEPOINT task")
                try:
                    outcomes.append(_Outcome(task.future, task.operation(db)))
                except Exception as error:
                    if not db.in_transaction:
                        raise
                    db.execute("ROLLBACK TO task")
                    outcomes.append(_Outcome(task.future, error=self._explain(error)))
                db.execute("RELEASE task")
        self.transactions += 1
        return outcomes

    def _tell(self, outcomes: list[_Outcome]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(_resolve, outcomes)


def _resolve(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        if outcome.future.done():  # the caller was cancelled; the write was not
            if outcome.error is not None:
                log.error("a write failed whose caller had gone: %s", outcome.error)
        elif outcome.error is None:
            outcome.future.set_result(outcome.result)
        else:
            outcome.future.set_exception(outcome.error)
