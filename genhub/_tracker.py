"""Who reads open jobs, and when: one timer for a hub, a queue of due jobs per account, never a task per job."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from heapq import heappop, heappush

from genhub._clock import Clock, alarm

log = logging.getLogger("genhub.tracker")

#: Reads due jobs of one account and returns the seconds until the next read of each (None: no more).
Look = Callable[[str, Sequence[str]], Awaitable[dict[str, float | None]]]

#: How many due jobs of an account one worker takes at once, for a provider that reads many by one call.
BATCH = 100


class _Lane:
    """One account's due jobs."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.task = f"genhub reads {name}"  # what its workers are called
        self.most = most  # workers at once
        self.workers = 0
        self.due: deque[str] = deque()


class Tracker:
    """Calls `look` with jobs when they are due. `batch` says whether an account's jobs are read together."""

    def __init__(self, clock: Clock, look: Look, *, batch: Callable[[str], bool], most: Callable[[str], int]) -> None:
        self._clock = clock
        self._look = look
        self._batch = batch
        self._most = most
        self._heap: list[tuple[float, str]] = []
        self._due: dict[str, tuple[float, str]] = {}  # job -> (when, account): a heap line that differs is stale
        self._lanes: dict[str, _Lane] = {}
        self._flying: set[str] = set()  # being read now
        self._forgotten: set[str] = set()  # while being read
        self._again: dict[str, float] = {}  # asked for while being read
        self._tasks: set[asyncio.Task[None]] = set()
        self._call_off: Callable[[], None] | None = None  # the timer, while it is set
        self._wake_at = float("inf")
        self._closed = False

    def __len__(self) -> int:
        return len(self._due) + len(self._flying)

    def watch(self, job_id: str, account: str, delay: float) -> None:
        """Read the job after so many seconds; an earlier appointment stays."""
        if self._closed:
            return
        when = self._clock.monotonic() + delay
        if job_id in self._flying:
            self._again[job_id] = min(when, self._again.get(job_id, when))
            return
        known = self._due.get(job_id)
        if known is not None and known[0] <= when:
            return
        self._due[job_id] = (when, account)
        heappush(self._heap, (when, job_id))
        if when < self._wake_at:
            self._set_timer(when)

    def knows(self, job_id: str) -> bool:
        """True for one that has an appointment; what is being read may come out of it without one."""
        return job_id in self._due or job_id in self._again

    def reads(self, job_id: str) -> bool:
        """True for one that is being read now."""
        return job_id in self._flying

    def forget(self, job_id: str) -> None:
        """Read the job no more; what is being read gets no other appointment by that."""
        self._due.pop(job_id, None)
        self._again.pop(job_id, None)
        if job_id in self._flying:
            self._forgotten.add(job_id)

    def _set_timer(self, when: float) -> None:
        if self._call_off is not None:
            self._call_off()
        self._wake_at = when
        self._call_off = alarm(self._clock, when, self._wake)

    def _wake(self) -> None:
        self._call_off = None
        self._wake_at = float("inf")
        if not self._closed:
            self._dispatch()

    def _dispatch(self) -> None:
        """Hand what is due to its account's workers, and set the timer for what comes next."""
        now = self._clock.monotonic()
        while self._heap:
            when, job_id = self._heap[0]
            known = self._due.get(job_id)
            if known is None or known[0] != when:
                heappop(self._heap)
                continue
            if when > now:
                self._set_timer(when)
                break
            heappop(self._heap)
            del self._due[job_id]
            self._flying.add(job_id)
            account = known[1]
            lane = self._lanes.get(account)
            if lane is None:
                lane = self._lanes[account] = _Lane(account, self._most(account))
            lane.due.append(job_id)
        for lane in self._lanes.values():
            if not lane.due:
                continue
            size = BATCH if self._batch(lane.name) else 1
            fresh = 0  # workers that are there already are busy: what is due waits for none of them
            while lane.workers < lane.most and fresh * size < len(lane.due):
                lane.workers += 1
                fresh += 1
                task = asyncio.get_running_loop().create_task(self._work(lane, size), name=lane.task)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _work(self, lane: _Lane, size: int) -> None:
        try:
            while lane.due and not self._closed:
                jobs = [lane.due.popleft() for _ in range(min(size, len(lane.due)))]
                began = self._clock.monotonic()
                nexts: dict[str, float | None] = {}
                try:
                    nexts = await self._look(lane.name, jobs)
                except Exception:
                    log.exception("reading jobs of %s failed in an unforeseen way", lane.name)
                    nexts = dict.fromkeys(jobs, 30.0)
                finally:
                    self._flying.difference_update(jobs)
                self._appoint(lane.name, jobs, nexts, began)
        finally:
            lane.workers -= 1

    def _appoint(self, account: str, jobs: Sequence[str], nexts: dict[str, float | None], began: float) -> None:
        """Make the next appointments: counted from when the read began, so that slow answers do not add up."""
        now = self._clock.monotonic()
        for job_id in jobs:
            delay = nexts.get(job_id)
            asked = self._again.pop(job_id, None)
            if job_id in self._forgotten:
                self._forgotten.discard(job_id)
                delay = None
            if delay is not None:
                self.watch(job_id, account, max(0.0, began + delay - now))
            if asked is not None:
                self.watch(job_id, account, max(0.0, asked - now))

    async def close(self) -> None:
        """Stop reading: what is being read is cut off, nothing of a job changes."""
        self._closed = True
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._heap.clear()
        self._due.clear()
