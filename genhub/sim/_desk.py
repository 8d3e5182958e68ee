"""What a simulated vendor keeps: its jobs, their ends, and the books that follow from them."""

import heapq
import itertools
import math
import random
from decimal import Decimal
from typing import ClassVar

import attrs

from ._casting import Casting
from ._clock import AnyClock, Clock
from ._http import Broke, Call
from ._jobs import BLINK, SimJob, Words, lifetime
from ._ledger import Ledger, LedgerLine


def money(value: Decimal | int | float | str) -> Decimal:
    """Return an amount of credits as the decimal that it was written as."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


@attrs.define(eq=False, kw_only=True)
class Desk:
    """Jobs and money of one simulated vendor; time is the clock's, and nothing runs in the background."""

    name: ClassVar[str]
    words: ClassVar[Words]
    finals: ClassVar[frozenset[str]]

    clock: AnyClock = attrs.field(factory=Clock, repr=False)
    #: Divides the modelled lives of jobs; a scenario's own durations are not touched.
    speed: float = 1.0
    seed: int = 0
    opening: Decimal = attrs.field(default=Decimal(1000), alias="balance", converter=money)
    #: Seconds by which the vendor's clock is ahead; moves what it says, not what happens when.
    skew: float = 0.0
    #: Seconds from the end of a job to its line in the books.
    refund_delay: float = 0.0

    jobs: dict[str, SimJob] = attrs.field(init=False, factory=dict[str, SimJob], repr=False)
    #: The billable creations in order: the job's id and the body that asked for it.
    creations: list[tuple[str, dict[str, object]]] = attrs.field(
        init=False, factory=list[tuple[str, dict[str, object]]], repr=False
    )
    casting: Casting = attrs.field(init=False, factory=Casting, repr=False)

    _books: Ledger = attrs.field(init=False, repr=False)
    _random: random.Random = attrs.field(init=False, repr=False)
    #: Ends that the clock will bring: when, order, job, leg, and the word once only the books are waiting.
    _ends: list[tuple[float, int, SimJob, int, str | None]] = attrs.field(
        init=False, factory=list[tuple[float, int, SimJob, int, str | None]], repr=False
    )
    _order: "itertools.count[int]" = attrs.field(init=False, factory=itertools.count, repr=False)
    _numbers: "itertools.count[int]" = attrs.field(init=False, factory=lambda: itertools.count(1), repr=False)

    def __attrs_post_init__(self) -> None:
        self._books = Ledger(self.opening)
        self._random = random.Random(f"{self.seed}:{self.name}")

    @property
    def ledger(self) -> list[LedgerLine]:
        """Every charge and refund so far."""
        self.settle()
        return self._books.lines

    @property
    def balance(self) -> Decimal:
        """What is left now."""
        self.settle()
        return self._books.balance

    @property
    def opening_balance(self) -> Decimal:
        """What the ledger's lines are to be added to."""
        return self._books.opening

    def set_balance(self, balance: Decimal | int | float | str) -> None:
        """Make the balance this, without a line in the ledger: somebody bought credits, or spent them elsewhere."""
        self.settle()
        self._books.set_balance(money(balance))

    def net(self, job_id: str | int) -> Decimal:
        """Return what a job has cost so far, refunds taken off."""
        self.settle()
        return self._books.net(str(job_id))

    def reckon(self, job: SimJob, word: str, at: float) -> None:
        """Bring the books up to date with a job's end."""
        raise NotImplementedError

    def made(self, job: SimJob) -> None:
        """Tell whoever waits for jobs that there is another."""

    def ended(self, job: SimJob, word: str) -> None:
        """Tell whoever wants to know of a job's end."""

    def revived(self, job: SimJob) -> None:
        """Charge for a job that comes back from an end, if the vendor does."""

    def clear(self) -> None:
        """Forget the jobs and the books; ids are not used again."""
        for kept in (self.jobs, self.creations, self._ends):
            kept.clear()
        self._books = Ledger(self.opening)

    def now(self) -> float:
        """Return the vendor's own time, skew and all."""
        return self.clock.time() + self.skew

    def create(
        self,
        call: Call,
        *,
        kind: str,
        model: str,
        body: dict[str, object],
        cost: Decimal,
        job_id: str,
        place: tuple[str, ...] = (),
        key: str | None = None,
        life: tuple[float, float] | None = None,
    ) -> SimJob:
        """Charge for a job and make it, as the call's scenario says."""
        self.settle()
        scenario = call.scenario
        cost = cost if scenario.cost is None else scenario.cost
        if cost > self._books.balance:
            raise Broke(cost)
        now = self.clock.time()
        drawn = lifetime(model, random.Random(f"{self.seed}:{self.name}:{job_id}"), self.speed)
        queue, duration = drawn if life is None else life
        job = SimJob(
            id=job_id,
            kind=kind,
            body=body,
            place=place,
            created_at=now,
            scenario=scenario,
            words=self.words,
            clock=self.clock,
            queue=(0.0 if scenario.duration is not None else queue) if scenario.queue is None else scenario.queue,
            duration=duration if scenario.duration is None else scenario.duration,
            outcome=scenario.ending or self.words.done,
            cost=cost,
            key=key,
            steps=scenario.steps,
            leg_started_at=now,
        )
        if call.script is not None and not scenario.strikes:
            self.casting.use(call.script)
        self.jobs[job.id] = job
        self.creations.append((job.id, body))
        self._books.charge(now, job.id, cost, "submit")
        self.expect_end(job)
        self.made(job)
        return job

    def expect_end(self, job: SimJob) -> None:
        """Note when the clock will end this leg of a job."""
        if job.steps is None and job.forced is None and math.isfinite(job.ends_at):
            heapq.heappush(self._ends, (job.ends_at, next(self._order), job, job.leg, None))

    def read(self, job: SimJob) -> str:
        """Return the job's word to somebody who asks over the wire."""
        word = job.read()
        if word not in self.finals and job.final_word is not None:
            self.bring_back(job)
        if word in self.finals and job.final_word is None:
            at = self.clock.time() if job.steps is not None else job.ends_at
            self.end(job, word, at)
        return word

    def bring_back(self, job: SimJob) -> None:
        """Undo a job's end; what that end owed to the books is paid first."""
        if job.final_word is not None and not job.settled:
            self._reckon(job, job.final_word, self.clock.time())
        self.revived(job)
        job.final_word = job.finished_at = None
        job.settled = False

    def start_again(self, job: SimJob) -> None:
        """Let an ended job run another leg."""
        self.bring_back(job)
        job.begin_leg(self.clock.time())
        self.expect_end(job)

    def force(self, job: SimJob, word: str) -> None:
        """End a job with this word, now."""
        job.forced = word
        self.end(job, word, self.clock.time())

    def end(self, job: SimJob, word: str, at: float) -> None:
        """Record a job's end; the books follow, at once or after `refund_delay`."""
        if job.final_word is not None and job.final_word == word:
            return
        job.final_word, job.finished_at = word, at
        if self.refund_delay > 0:
            heapq.heappush(self._ends, (at + self.refund_delay, next(self._order), job, job.leg, word))
        else:
            self._reckon(job, word, at)

    def settle(self) -> None:
        """Record every end that the clock has brought by now."""
        now = self.clock.time()
        while self._ends and self._ends[0][0] <= now + BLINK:
            at, _, job, leg, word = heapq.heappop(self._ends)
            if word is not None:
                if not job.settled and job.final_word == word:
                    self._reckon(job, word, at)
            elif job.leg == leg and job.final_word is None and job.outcome in self.finals:
                self.end(job, job.outcome, at)

    def _reckon(self, job: SimJob, word: str, at: float) -> None:
        self.reckon(job, word, at)
        job.settled = True
        self.ended(job, word)

    def refund(self, job: SimJob, amount: Decimal, at: float, why: str) -> None:
        """Give credits of a job back, if there are any to give."""
        if amount > 0:
            self._books.refund(at, job.id, amount, why)

    def charge(self, job_id: str, amount: Decimal, at: float, why: str) -> None:
        """Take more credits for a job."""
        if amount > self._books.balance:
            raise Broke(amount)
        self._books.charge(at, job_id, amount, why)

    def paid(self, job: SimJob) -> Decimal:
        """Return what a job has cost by the books as they stand."""
        return self._books.net(job.id)

    def finish_by(self, job: SimJob, final_cost: Decimal, at: float) -> None:
        """Make a job's whole cost what it was in the end: give the rest back, or take what is missing."""
        paid = self.paid(job)
        self.refund(job, paid - final_cost, at, "unused")
        if final_cost > paid:
            self._books.charge(at, job.id, final_cost - paid, "estimate was low")

    def new_uuid(self) -> str:
        """Return an id that looks like a UUID, the same ones for the same seed."""
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def new_number(self) -> int:
        """Return the next number: 1, 2, 3 and so on."""
        return next(self._numbers)
