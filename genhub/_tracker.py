"""Who reads open jobs, and when: one timer for a hub, a queue of due jobs per account, never a task per job."""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from heapq import heappop, heappush
from math import inf, nextafter

from genhub._clock import Clock, alarm

log = logging.getLogger("genhub.tracker")

#: Reads due jobs of one account and returns the seconds until the next read of each (None: no more).
Look = Callable[[str, Sequence[str]], Awaitable[dict[str, float | None]]]

#: How many due jobs of an account one worker takes at once, for a provider that reads many by one call.
BATCH = 100
#: Appointments of the same so many seconds lie together, in no order until it is their turn. A power of two.
WIDTH = 0.125
#: So long after it looked for what is due, in seconds, a tracker looks again at the earliest for what was not due then:
#: of many jobs those that come together are handed out together. No job is read before it is due.
APART = 0.002
#: What goes wrong in an unforeseen way is tried again after so many seconds.
TROUBLE = 30.0

#: When, which job, at which account. One that was replaced or forgotten is not (by identity) the job's any more.
_Line = tuple[float, str, str]
#: Stands in for the appointment of a job that is being read.
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
        self._lines: dict[str, _Line] = {}  # by job
        self._slots: dict[float, list[_Line]] = {}  # by the time, in widths
        self._order: list[float] = []  # a heap of the slots
        self._sorted = -inf  # the slot that is kept in order: the one looked at last
        self._lanes: dict[str, _Lane] = {}
        self._forgotten: set[str] = set()  # while being read
        self._again: dict[str, float] = {}  # asked for while being read
        self._tasks: set[asyncio.Task[None]] = set()
        self._call_off: Callable[[], None] | None = None  # the timer, while it is set
        self._wake_at = inf
        self.closed = False  #: for good

    def __len__(self) -> int:
        return len(self._lines)

    def watch(self, job_id: str, account: str, delay: float) -> None:
        """Read the job after so many seconds; an earlier appointment stays."""
        if self.closed:
            return
        when = self._clock.monotonic() + delay
        known = self._lines.get(job_id)
        if known is _READING:
            self._again[job_id] = min(when, self._again.get(job_id, when))
        elif known is None or when < known[0]:
            self._note(when, job_id, account)

    def knows(self, job_id: str) -> bool:
        """True for one that has an appointment; what is being read may come out of it without one."""
        return self._lines.get(job_id, _READING) is not _READING or job_id in self._again

    def reads(self, job_id: str) -> bool:
        """True for one that is being read now."""
        return self._lines.get(job_id) is _READING

    def forget(self, job_id: str) -> None:
        """Read the job no more; what is being read gets no other appointment by that."""
        if self._lines.get(job_id) is _READING:
            self._again.pop(job_id, None)
            self._forgotten.add(job_id)
        else:
            self._lines.pop(job_id, None)

    def _note(self, when: float, job_id: str, account: str) -> None:
        """Make this the job's appointment."""
        if when < inf:
            slot = when // WIDTH
        else:  # never, unless it is watched again: inf // WIDTH is no number
            slot = when = inf
        self._lines[job_id] = line = (when, job_id, account)
        lines = self._slots.get(slot)
        if lines is None:
            self._slots[slot] = [line]
            heappush(self._order, slot)
        elif slot == self._sorted:
            insort(lines, line)
        else:
            lines.append(line)
        if when < self._wake_at:
            self._set_timer(when)

    def _next(self) -> list[_Line]:
        """Return the earliest slot's lines, in order, from the first that is not stale; empty: there is none."""
        while self._order:
            slot = self._order[0]
            lines = self._slots[slot]
            if slot != self._sorted:
                lines.sort()
                self._sorted = slot
            for stale, line in enumerate(lines):
                if self._lines.get(line[1]) is line:
                    del lines[:stale]
                    return lines
            heappop(self._order)
            del self._slots[slot]
        return []

    def _set_timer(self, when: float) -> None:
        if self._call_off is not None:
            self._call_off()
        self._wake_at = when
        self._call_off = alarm(self._clock, when, self._wake)

    def _wake(self) -> None:
        self._call_off = None
        self._wake_at = inf
        if not self.closed:
            self._dispatch()

    def _dispatch(self) -> None:
        """Hand what is due to its account's workers, and set the timer for what comes next."""
        now = self._clock.monotonic()
        later = (nextafter(now, inf), "", "")  # after every line that is due, before every other
        known, lanes = self._lines, self._lanes
        while lines := self._next():
            if lines[0][0] > now:
                self._set_timer(max(lines[0][0], now + APART))
                break
            end = bisect_left(lines, later)
            for line in lines[:end]:
                _, job_id, account = line
                if known.get(job_id) is line:
                    known[job_id] = _READING
                    (lanes.get(account) or self._lane(account)).due.append(job_id)
            del lines[:end]
        for lane in lanes.values():
            if lane.due:
                self._man(lane, 1)

    def _lane(self, account: str) -> _Lane:
        size = BATCH if self._batch(account) else 1
        lane = self._lanes[account] = _Lane(account, self._most(account), size)
        return lane

    def _man(self, lane: _Lane, most: int) -> None:
        """Let so many workers begin at most. What they do not take before they wait for an answer gets the others."""
        if self.closed:
            return
        loop = asyncio.get_running_loop()
        wanted = min(-(-len(lane.due) // lane.size), lane.most - lane.workers)
        for _ in range(min(wanted, most)):
            lane.workers += 1
            task = loop.create_task(self._work(lane), name=lane.task)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if wanted > most:
            loop.call_soon(self._man, lane, wanted)

    async def _work(self, lane: _Lane) -> None:
        due, size = lane.due, lane.size
        try:
            while due and not self.closed:
                jobs = [due.popleft()] if size == 1 else [due.popleft() for _ in range(min(size, len(due)))]
                began = self._clock.monotonic()
                nexts: dict[str, float | None] = {}
                try:
                    nexts = await self._look(lane.name, jobs)
                except Exception:
                    log.exception("reading jobs of %s failed in an unforeseen way", lane.name)
                    nexts = dict.fromkeys(jobs, TROUBLE)
                finally:
                    self._appoint(lane.name, jobs, nexts, began)
        finally:
            lane.workers -= 1
            if due:  # a look was cut off: what it leaves has to be read all the same
                self._man(lane, 1)

    def _appoint(self, account: str, jobs: Sequence[str], nexts: dict[str, float | None], began: float) -> None:
        """Make the next appointments: counted from when the read began, so that slow answers do not add up."""
        if self.closed:
            return
        for job_id in jobs:
            delay = nexts.get(job_id)
            when = None if delay is None else began + delay
            if self._forgotten and job_id in self._forgotten:
                self._forgotten.discard(job_id)
                when = None
            if self._again and job_id in self._again:
                asked = self._again.pop(job_id)
                when = asked if when is None else min(when, asked)
            if when is None:
                del self._lines[job_id]
            else:
                self._note(when, job_id, account)

    async def close(self) -> None:
        """Stop reading: what is being read is cut off, nothing of a job changes."""
        self.closed = True
        if self._call_off is not None:
            self._call_off()
            self._call_off = None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for held in (self._lines, self._slots, self._order, self._again, self._forgotten):
            held.clear()
