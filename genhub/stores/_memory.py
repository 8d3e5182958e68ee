"""A journal in memory: for tests and for what may be forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from genhub._errors import JournalError
from genhub._evolve import evolve
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job
from genhub._provider import Intent
from genhub.stores._base import ALIKE, JobFilter, JobStore
from genhub.stores._lines import merge


class MemoryStore(JobStore):
    """Jobs in dicts. What is in them stays when the store is closed, and goes with the object."""

    name = "memory"

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, str] = {}  # to the job's id
        self._alike: dict[str, list[str]] = {}  # fingerprint to the ids of jobs
        self._intents: dict[str, Intent | None] = {}  # by the attempt's id; None once the vendor has it
        self._unfinished: set[str] = set()
        self._claims: dict[str, dict[str, str]] = {}  # by account: the vendor's id to that of the first job with it
        self._further: dict[tuple[str, str], set[str]] = {}  # the other jobs with it: most often none
        self._facts: dict[str, Any] = {}
        self._state = "closed"

    async def open(self, *, read_only: bool = False) -> None:
        if self._state != "closed":
            raise JournalError("this MemoryStore is driven by another hub of this process; give each hub its own")
        self._state = "read-only" if read_only else "open"

    async def close(self) -> None:
        self._state = "closed"

    async def create(self, job: Job, intent: Intent) -> Job | None:
        self._check(writing=True)
        (attempt,) = job.attempts
        lines, _ = merge(attempt.id, (), attempt.entries)
        if job.key is not None and job.key in self._keys:
            return self._jobs[self._keys[job.key]]
        if job.id in self._jobs:
            raise JournalError(f"job {job.id} is in the journal already")
        self._new(attempt)
        whole = job if lines == attempt.entries else evolve(job, attempts=(evolve(attempt, entries=lines),))
        self._intents[attempt.id] = intent
        self._hold(whole)
        self._claim(whole.attempts[0])
        if job.key is not None:
            self._keys[job.key] = job.id
        if job.fingerprint is not None:
            self._alike.setdefault(job.fingerprint, []).append(job.id)
        return None

    async def add(self, attempt: Attempt, intent: Intent) -> bool:
        self._check(writing=True)
        lines, _ = merge(attempt.id, (), attempt.entries)
        job = self._find(attempt.job_id)
        if any(each.number == attempt.number for each in job.attempts):
            return False
        self._new(attempt)
        self._insert(job, evolve(attempt, entries=lines), intent)
        return True

    async def record(self, attempt: Attempt) -> Attempt:
        self._check(writing=True)
        return self._write(attempt, self._row(attempt))

    async def advance(self, attempt: Attempt) -> Attempt | None:
        self._check(writing=True)
        row = self._row(attempt)
        return self._write(attempt, row) if row.version == attempt.version else None

    async def reroute(self, job_id: str, route: Itinerary) -> None:
        self._check(writing=True)
        job = self._find(job_id)
        self._keep(evolve(job, route=route), job.attempts)

    def held(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    async def job(self, job_id: str) -> Job | None:
        self._check()
        return self._jobs.get(job_id)

    async def keyed(self, key: str) -> Job | None:
        self._check()
        return self._jobs[self._keys[key]] if key in self._keys else None

    async def alike(self, fingerprint: str, since: datetime) -> Job | None:
        self._check()
        jobs = (self._jobs[job_id] for job_id in self._alike.get(fingerprint, ()))
        return max((job for job in jobs if job.created_at >= since and job.status in ALIKE), key=_birth, default=None)

    async def intent(self, attempt_id: str) -> Intent | None:
        self._check()
        return self._intents.get(attempt_id)

    async def jobs(self, which: JobFilter) -> AsyncIterator[Job]:
        self._check()
        left = which.limit
        for job in sorted(self._jobs.values(), key=_birth, reverse=which.newest_first):
            if left == 0:
                return
            if _matches(job, which):
                left = None if left is None else left - 1
                yield job

    async def unfinished(self) -> AsyncIterator[Job]:
        self._check()
        for job in sorted((self._jobs[job_id] for job_id in self._unfinished), key=_birth):
            yield job

    async def claimed(self, account: str, provider_ids: Collection[str]) -> Mapping[str, str]:
        self._check()
        claims = {each: [attempt.id for attempt in self._claimants(account, each)] for each in provider_ids}
        return {each: min(attempts) for each, attempts in claims.items() if attempts}

    async def find(self, account: str, provider_ids: Collection[str]) -> tuple[str, ...]:
        self._check()
        found = {attempt.job_id for each in provider_ids for attempt in self._claimants(account, each)}
        return tuple(job.id for job in sorted((self._jobs[each] for each in found), key=_birth))

    async def get(self, name: str) -> Any:
        self._check()
        return deepcopy(self._facts.get(name))

    async def put(self, name: str, fact: Any) -> None:
        self._check(writing=True)
        self._facts[name] = deepcopy(fact)

    def _check(self, *, writing: bool = False) -> None:
        if self._state == "closed":
            raise JournalError("the journal memory is not open")
        if writing and self._state == "read-only":
            raise JournalError("the journal memory was opened to read only")

    def _find(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise JournalError(f"job {job_id} is not in the journal")
        return self._jobs[job_id]

    def _new(self, attempt: Attempt) -> None:
        if attempt.id in self._intents:
            raise JournalError(f"attempt {attempt.id} is in the journal already")

    def _row(self, attempt: Attempt) -> Attempt:
        for each in self._jobs[attempt.job_id].attempts if attempt.job_id in self._jobs else ():
            if each.id == attempt.id:
                return each
        raise JournalError(f"attempt {attempt.id} of job {attempt.job_id} is not in the journal")

    def _insert(self, job: Job, attempt: Attempt, intent: Intent) -> None:
        self._intents[attempt.id] = intent
        self._keep(job, (*job.attempts, attempt))
        self._claim(attempt)

    def _write(self, attempt: Attempt, row: Attempt) -> Attempt:
        lines = attempt.entries
        if lines is not row.entries:
            lines, _ = merge(attempt.id, row.entries, lines)
        written = evolve(attempt, entries=lines, version=row.version + 1)
        job = self._jobs[attempt.job_id]
        if len(job.attempts) == 1:
            self._hold(evolve(job, attempts=(written,)))
        else:
            self._keep(job, (written if each.id == attempt.id else each for each in job.attempts))
        if row.ref is None and written.ref is not None and not written.status.in_doubt:
            self._intents[written.id] = None
        self._claim(written)
        return written

    def _keep(self, job: Job, attempts: Iterable[Attempt]) -> None:
        self._hold(evolve(job, attempts=tuple(sorted(attempts, key=lambda each: each.number))))

    def _hold(self, now: Job) -> None:
        self._jobs[now.id] = now
        if now.is_open:
            self._unfinished.add(now.id)
        else:
            self._unfinished.discard(now.id)

    def _claim(self, attempt: Attempt) -> None:
        vendors, job_id = attempt.provider_id, attempt.job_id
        if vendors is None:
            return
        claims = self._claims.get(attempt.account)
        if claims is None:
            claims = self._claims[attempt.account] = {}
        if claims.setdefault(vendors, job_id) != job_id:
            self._further.setdefault((attempt.account, vendors), set()).add(job_id)

    def _claimants(self, account: str, vendors: str) -> Iterator[Attempt]:
        """Yield the attempts that have a vendor's id now; one that had it is still pointed to."""
        first = self._claims.get(account, {}).get(vendors)
        jobs = () if first is None else (first, *self._further.get((account, vendors), ()))
        for job_id in jobs:
            for attempt in self._jobs[job_id].attempts:
                if attempt.account == account and attempt.provider_id == vendors:
                    yield attempt


def _birth(job: Job) -> tuple[Any, str]:
    return job.created_at, job.id


def _matches(job: Job, which: JobFilter) -> bool:
    return (
        (which.status is None or job.status in which.status)
        and (which.account is None or any(each.account == which.account for each in job.attempts))
        and (which.route is None or (job.route is not None and job.route.route == which.route))
        and (which.since is None or job.created_at >= which.since)
        and (which.until is None or job.created_at < which.until)
        and (which.label is None or job.request.label == which.label)
        and (which.tag is None or which.tag in _tags(job))
    )


def _tags(job: Job) -> set[tuple[str, str]]:
    return {(str(name), str(value)) for name, value in job.request.tags.items()}
