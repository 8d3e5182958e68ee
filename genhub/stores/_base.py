"""The journal's contract: what a store of jobs, attempts and entries must do.

A store keeps whole attempts. Every write of an attempt bumps its `version`; the two ways to write differ in what they
demand:

* `record`: unconditional. The outcome of a submit, by the attempt's own id: it must never be lost, whatever became
  of the row.
* `advance`: compare-and-set on `version`. Everything else.

A job's route is written whole by `create` and `reroute`, unconditionally: whoever drives the job is the only one to.
Several attempts of a job may be open at once; what a list says of the job is what the job's own properties say.

New lines of the ledger are those of `attempt.entries` whose sequence the store does not have; a line once written is
never changed. Every write is durable when its call returns, and either whole or not there at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from attrs import frozen

from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub._provider import Intent
from genhub._status import Status

if TYPE_CHECKING:
    from genhub.stores._spill import Spill


#: Where a job stands that may be given to whoever asks for the same again. It does not count what a lost attempt of a
#: failed job may still bring.
ALIKE = frozenset(status for status in Status if not status.is_final or status is Status.SUCCEEDED)


@frozen(kw_only=True)
class JobFilter:
    """Which jobs to list; `None`: any."""

    status: frozenset[Status] | None = None  #: of the job: see `Job.status`
    account: str | None = None  #: of any attempt
    route: str | None = None  #: of the job's route, by its name
    since: datetime | None = None  #: created at or after
    until: datetime | None = None  #: created before
    label: str | None = None
    tag: tuple[str, str] | None = None
    newest_first: bool = False
    limit: int | None = None


class JobStore(ABC):
    """Where jobs live. One hub drives a store; others may read it."""

    #: A name for messages: a path, a URL without secrets, `memory`.
    name: str

    #: Where outcomes go that the open store can't take (its disk is full); `None`: there is no such place.
    spill: Spill | None = None

    @abstractmethod
    async def open(self, *, read_only: bool = False) -> None:
        """Make the store ready; raises JournalError when another hub drives it, it is newer, locked or corrupt."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun and let go of the owner's lock. May be called twice."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # What a submit writes.

    @abstractmethod
    async def create(self, job: Job, intent: Intent) -> Job | None:
        """Write a new job with its first attempt and what it means to send.

        Returns None when it was written; the job that has the same `key` when there is one (nothing is written).
        """

    @abstractmethod
    async def add(self, attempt: Attempt, intent: Intent) -> bool:
        """Write the next attempt of a job; False when the job already has an attempt of that number."""

    @abstractmethod
    async def record(self, attempt: Attempt) -> Attempt:
        """Write the outcome of a submit, whatever the row holds; returns it with its new version.

        Lines of the ledger that the row has and `attempt` has not are kept.
        """

    # What news writes.

    @abstractmethod
    async def advance(self, attempt: Attempt) -> Attempt | None:
        """Write the attempt if the row still has `attempt.version`; returns it with its new version, or None."""

    @abstractmethod
    async def reroute(self, job_id: str, route: Itinerary) -> None:
        """Write a job's route as it stands now: it was ended, or begins again.

        Raises JournalError when the job is not there.
        """

    # Reading.

    def held(self, job_id: str) -> Job | None:
        """Return the job as it is held in memory, and known to be what the journal has; None: it has to be read."""
        return None

    @abstractmethod
    async def job(self, job_id: str) -> Job | None: ...

    @abstractmethod
    async def keyed(self, key: str) -> Job | None:
        """Return the job with the caller's own key."""

    @abstractmethod
    async def alike(self, fingerprint: str, since: datetime) -> Job | None:
        """Return the newest job with this fingerprint, created at or after `since`, that succeeded or still may.

        A job whose status is another end never counts, even while an attempt of it that was lost is still open.
        """

    @abstractmethod
    async def intent(self, attempt_id: str) -> Intent | None:
        """Return what an attempt meant to send; a journal in memory lets go of it once the vendor has the job."""

    @abstractmethod
    def jobs(self, which: JobFilter) -> AsyncIterator[Job]:
        """Yield jobs in the order of their creation; does not hold back the writers."""

    @abstractmethod
    def unfinished(self) -> AsyncIterator[Job]:
        """Yield jobs that are open: an attempt is (not final, or being resumed), or the route may try another one."""

    @abstractmethod
    async def claimed(self, account: str, provider_ids: Collection[str]) -> Mapping[str, str]:
        """Return, of these vendor ids, those that attempts of the account have, each with its attempt's id."""

    @abstractmethod
    async def find(self, account: str, provider_ids: Collection[str]) -> tuple[str, ...]:
        """Return the ids of the jobs that attempts with these vendor ids belong to."""

    # Small facts beside the jobs: a balance as last seen, what was learned.

    @abstractmethod
    async def get(self, name: str) -> Any:
        """Return the fact of this name as plain data; None when there is none."""

    @abstractmethod
    async def put(self, name: str, fact: Any) -> None:
        """Write a fact (plain data), in place of an earlier one."""
