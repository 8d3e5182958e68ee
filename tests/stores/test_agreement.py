"""The same operations on both stores give the same answers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from genhub import JournalError
from genhub._itinerary import Itinerary
from genhub._jobs import Attempt, Job, Ref
from genhub._status import Status
from genhub.stores import JobFilter, JobStore
from genhub.stores._memory import MemoryStore
from genhub.stores._sqlite import SqliteStore
from genhub.testing._store_records import NOON, a_job, a_line, a_route, an_attempt, an_intent

T = TypeVar("T")

STATUSES = st.sampled_from(Status)
ACCOUNTS = st.sampled_from(["main", "spare"])
REFS = st.none() | st.builds(Ref, id=st.sampled_from(["v-1", "v-2", "v-3"]), kind=st.just("captions"))
LINES = st.lists(
    st.builds(a_line, sequence=st.integers(1, 3), note=st.sampled_from(["", "", "", "other"])), max_size=3
).map(tuple)
MOMENTS = st.integers(0, 3).map(lambda days: NOON + timedelta(days=days))
TAGS = st.dictionaries(st.sampled_from(["team", "x"]), st.sampled_from(["1", "2"]))
FINGERPRINTS = st.none() | st.sampled_from(["f-1", "f-2"])
ROUTES = st.builds(a_route, route=st.sampled_from(["cheap", "fast"]), ended=st.none() | st.just("asked to stop"))
FILTERS = st.builds(
    JobFilter,
    status=st.none() | st.frozensets(STATUSES),
    account=st.none() | ACCOUNTS,
    route=st.none() | st.sampled_from(["cheap", "fast"]),
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
    label=st.none() | st.just("launch"),
    tag=st.none() | st.just(("team", "1")),
    newest_first=st.booleans(),
    limit=st.none() | st.integers(0, 3),
)


class Agreement(RuleBasedStateMachine):
    """Two journals with one history."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.stores: list[JobStore] = [MemoryStore(), SqliteStore(f"{self.folder.name}/genhub.db")]
        self.attempts: list[Attempt] = []  #: as they were at some time
        self.jobs: list[Job] = []
        for store in self.stores:
            self.runner.run(store.open())

    def teardown(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        self.folder.cleanup()

    def both(self, ask: Callable[[JobStore], Coroutine[Any, Any, T]]) -> T | None:
        """Ask both; returns what both say."""
        answers: list[Any] = []
        for store in self.stores:
            try:
                answers.append(self.runner.run(ask(store)))
            except JournalError:
                answers.append(JournalError)
        assert answers[0] == answers[1]
        return None if answers[0] is JournalError else answers[0]

    @rule(
        key=st.none() | st.sampled_from(["k-1", "k-2"]),
        route=st.none() | ROUTES,
        fingerprint=FINGERPRINTS,
        created_at=MOMENTS,
        label=st.none() | st.just("launch"),
        tags=TAGS,
        account=ACCOUNTS,
        status=STATUSES,
        lines=LINES,
    )
    def create(self, account: str, status: Status, label: Any, tags: Any, lines: Any, **fields: Any) -> None:
        request = {"label": label, "tags": tags}
        job = a_job(request=request, attempt={"account": account, "status": status, "entries": lines}, **fields)
        self.both(lambda store: store.create(job, an_intent(key=job.id)))
        self.jobs.append(job)
        self.attempts.append(job.attempt)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def create_again(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        self.both(lambda store: store.create(job, an_intent()))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), number=st.integers(1, 4), account=ACCOUNTS, status=STATUSES, ref=REFS, entries=LINES)
    def add(self, data: st.DataObject, **fields: Any) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        attempt = an_attempt(job_id=job.id, **fields)
        self.both(lambda store: store.add(attempt, an_intent(key=attempt.id)))
        self.attempts.append(attempt)

    @precondition(lambda self: self.attempts)
    @rule(
        data=st.data(),
        status=STATUSES,
        ref=REFS,
        entries=LINES,
        resuming_at=st.none() | MOMENTS,
        finished_at=st.none() | MOMENTS,
        guarded=st.booleans(),
    )
    def write(self, data: st.DataObject, guarded: bool, **fields: Any) -> None:
        attempt = evolve(data.draw(st.sampled_from(self.attempts)), **fields)
        if guarded:
            written = self.both(lambda store: store.advance(attempt))
        else:
            written = self.both(lambda store: store.record(attempt))
        if written is not None:
            self.attempts.append(written)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), route=ROUTES)
    def reroute(self, data: st.DataObject, route: Itinerary) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        self.both(lambda store: store.reroute(job.id, route))

    @rule()
    def reopen(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
            self.runner.run(store.open())

    @rule(which=FILTERS)
    def look(self, which: JobFilter) -> None:
        async def listed(store: JobStore) -> list[Job]:
            return [job async for job in store.jobs(which)]

        self.both(listed)

    @rule(account=ACCOUNTS, ids=st.lists(st.sampled_from(["v-1", "v-2", "v-3"])))
    def claims(self, account: str, ids: list[str]) -> None:
        self.both(lambda store: store.claimed(account, ids))
        self.both(lambda store: store.find(account, ids))

    @rule(fingerprint=st.sampled_from(["f-1", "f-2"]), since=MOMENTS)
    def alike(self, fingerprint: str, since: datetime) -> None:
        self.both(lambda store: store.alike(fingerprint, since))

    @invariant()
    def they_agree(self) -> None:
        async def everything(store: JobStore) -> tuple[list[Job], list[Job]]:
            return [job async for job in store.jobs(JobFilter())], [job async for job in store.unfinished()]

        self.both(everything)


TestAgreement = Agreement.TestCase
TestAgreement.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
