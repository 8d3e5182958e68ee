"""Who reads open jobs, and when: one timer for a hub, a queue of due jobs per account, never a task per job."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from heapq import heappop, heappush
from math import inf

from genhub._clock import Clock, alarm

log = logging.getLogger("genhub.tracker")

#: Reads due jobs of one account and returns the seconds until the next read of each (None: no more).
Look = Callable[[str, Sequence[str]], Awaitable[dict[str, float | None]]]

#: How many due jobs of an account one worker takes at once, for a provider that reads many by one call.
BATCH = 100


#: So long after it looked for what is due, in seconds, a tracker looks again at the earliest for what was not due then:
#: of many jobs those that come together are handed out together. No job is read before it is due.
APART = 0.002

#: When, which job, at which account. There is one for each appointment: one that was replaced is no job's any more.
_Line = tuple[float, str, str]
#: What stands in the place of an appointment while the job is being read.
_READING: _Line = (-inf, "", "")


class _Lane:
    """One account's due jobs."""

    def __init__(self, name: str, most: int, size: int) -> None:
        self.name = name
        self.task = f"genhub reads {name}"  # what its workers are called
        self.most = most  # workers at once
        self.size = size  # jobs that one takes at once
        self.workers = 0
        self.due: deque[str] = deque()


class Tracker:
    """Calls `look` with jobs when they are due. `batch` says whether an account's jobs are read together."""

    def __init__(self, clock: Clock, look: Look, *, batch: Callable[[str], bool], most: Callable[[str], int]) -> None:
        self._clock = clock
        self._look = look
        self._batch = batch
        self._most = most
        self._heap: list[_Line] = []
        self._jobs: dict[str, _Line] = {}
        self._lanes: dict[str, _Lane] = {}
        self._forgotten: set[str] = set()  # while being read
        self._again: dict[str, float] = {}  # asked for while being read
        self._tasks: dict[int, asyncio.Task[None]] = {}  # the workers, by their numbers
        self._made = 0  # workers so far
        self._call_off: Callable[[], None] | None = None  # the timer, while it is set
        self._wake_at = inf
        self._looked_at = -inf
        self._closed = False

    def __len__(self) -> int:
        return len(self._jobs)

    def watch(self, job_id: str, account: str, delay: float) -> None:
        """Read the job after so many seconds; an earlier appointment stays."""
        if self._closed:
            return
        when = self._clock.monotonic() + delay
        known = self._jobs.get(job_id)
        if known is _READING:
            self._again[job_id] = min(when, self._again.get(job_id, when))
        elif known is None or when < known[0]:
            self._note(when, job_id, account)

    def _note(self, when: float, job_id: str, account: str) -> None:
        self._jobs[job_id] = line = (when, job_id, account)
        heappush(self._heap, line)
        if when < self._wake_at:
            self._set_timer(when)

    def knows(self, job_id: str) -> bool:
        """True for one that has an appointment; what is being read may come out of it without one."""
        return self._jobs.get(job_id, _READING) is not _READING or job_id in self._again

    def reads(self, job_id: str) -> bool:
        """True for one that is being read now."""
        return self._jobs.get(job_id) is _READING

    def forget(self, job_id: str) -> None:
        """Read the job no more; what is being read gets no other appointment by that."""
        if self._jobs.get(job_id) is _READING:
            self._again.pop(job_id, None)
            self._forgotten.add(job_id)
        else:
            self._jobs.pop(job_id, None)

    def _set_timer(self, when: float) -> None:
        if self._call_off is not None:
            self._call_off()
        self._wake_at = when
        self._call_off = alarm(self._clock, when, self._wake)

    def _wake(self) -> None:
        self._call_off = None
        self._wake_at = inf
        if not self._closed:
            self._dispatch()

    def _dispatch(self) -> None:
        """Hand what is due to its account's workers, and set the timer for what comes next."""
        heap, jobs = self._heap, self._jobs
        now = self._looked_at = self._clock.monotonic()
        busy: dict[_Lane, None] = {}
        while heap:
            line = heap[0]
            when, job_id, account = line
            if jobs.get(job_id) is not line:
                heappop(heap)
                continue
            if when > now:
                self._set_timer(max(when, now + APART))
                break
            heappop(heap)
            jobs[job_id] = _READING
            lane = self._lanes.get(account) or self._lane(account)
            lane.due.append(job_id)
            busy[lane] = None
        for lane in busy:
            self._man(lane)

    def _lane(self, account: str) -> _Lane:
        size = BATCH if self._batch(account) else 1
        lane = self._lanes[account] = _Lane(account, self._most(account), size)
        return lane

    def _man(self, lane: _Lane) -> None:
        """See to it that what is due waits for no worker that is busy."""
        create, tasks = asyncio.get_running_loop().create_task, self._tasks
        for _ in range(min(lane.most - lane.workers, -(-len(lane.due) // lane.size))):
            lane.workers += 1
            self._made += 1
            tasks[self._made] = create(self._work(lane, self._made), name=lane.task)

    async def _work(self, lane: _Lane, number: int) -> None:
        due, size = lane.due, lane.size
        try:
            while due and not self._closed:
                jobs = [due.popleft()] if size == 1 else [due.popleft() for _ in range(min(size, len(due)))]
                began = self._clock.monotonic()
                nexts: dict[str, float | None] = {}
                try:
                    nexts = await self._look(lane.name, jobs)
                except Exception:
                    log.exception("reading jobs of %s failed in an unforeseen way", lane.name)
                    nexts = dict.fromkeys(jobs, 30.0)
                if not self._closed:
                    self._appoint(lane.name, jobs, nexts, began)
        finally:
            lane.workers -= 1
            del self._tasks[number]

    def _appoint(self, account: str, jobs: Sequence[str], nexts: dict[str, float | None], began: float) -> None:
        """Make the next appointments: counted from when the read began, so that slow answers do not add up."""
        for job_id in jobs:
            delay = nexts.get(job_id)
            when = inf if delay is None else began + delay
            if self._forgotten and job_id in self._forgotten:
                self._forgotten.remove(job_id)
                when = inf
            if self._again and job_id in self._again:
                when = min(when, self._again.pop(job_id))
            if when < inf:
                self._note(when, job_id, account)
            else:
                del self._jobs[job_id]

    async def close(self) -> None:
        """Stop reading: what is being read is cut off, nothing of a job changes."""
        self._closed = True
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._heap.clear()
        self._jobs.clear()
