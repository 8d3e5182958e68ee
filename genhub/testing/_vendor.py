"""A small vendor on a real socket, for adapters whose vendor has no simulator."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from genhub.http import REFUSALS
from genhub.sim import SimJob, Simulator
from genhub.sim._fields import Invalid
from genhub.sim._http import Answer, Broke, Call, Handler, Refusal, Route
from genhub.sim._jobs import Words
from genhub.sim._scenario import CallKind

_CALLS: Mapping[tuple[str, CallKind], str] = {
    ("GET", "poll"): "reads",
    ("POST", "stop"): "stops",
    ("POST", "continue"): "continues",
    ("GET", "balance"): "balances",
}


@attrs.define(eq=False, kw_only=True)
class FakeVendor(Simulator):
    """Inherit it, say in class variables what the vendor documents, and in `made` and `shown` how it words its answers.

    It is a `genhub.sim.Simulator`: jobs, books, every wire fault, and `script(Scenario(...))`. What it made and charged
    is in `creations`. `say` puts an answer of your own in the place of the next one.
    """

    name: ClassVar[str] = "fake"
    #: The vendor's words: of the answer to a submit, waiting, in work, done.
    words: ClassVar[Words] = Words("queued", "queued", "running", "done")
    finals: ClassVar[frozenset[str]] = frozenset({"done", "failed"})
    #: The ends after which the whole charge comes back.
    refunds: ClassVar[frozenset[str]] = frozenset({"failed"})
    #: The end that a stop makes, and from which a continue goes on.
    stopped: ClassVar[str] = "stopped"
    #: The answers' fields with the job's id, and with amounts of credits: what MISSING_ID and ODD_AMOUNT spoil.
    id_fields: ClassVar[tuple[str, ...]] = ("id",)
    amount_fields: ClassVar[tuple[str, ...]] = ("cost", "balance")
    #: Kind of call to the path that its POST goes to.
    creates: ClassVar[Mapping[str, str]] = {"job": "/jobs"}
    #: Kind of call to what it costs.
    prices: ClassVar[Mapping[str, int]] = {}
    reads: ClassVar[str] = "/jobs/{id}"
    stops: ClassVar[str | None] = None
    continues: ClassVar[str | None] = None
    balances: ClassVar[str | None] = None

    key: str = attrs.field(default="fake-key-7f3a", repr=False)  #: must stand in some header of every call

    _said: dict[tuple[str, str], deque[Answer]] = attrs.field(
        init=False, factory=dict[tuple[str, str], deque[Answer]], repr=False
    )

    # How it words its answers

    def made_answer(self, job: SimJob) -> dict[str, Any]:
        """Return the answer to a submit."""
        return {"id": job.id, "status": job.status, "cost": int(job.cost)}

    def shown(self, job: SimJob, word: str) -> dict[str, Any]:
        """Return the answer to a read, a stop or a continue."""
        return {"id": job.id, "status": word}

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        """Return the body of a refusal."""
        return {"error": {"code": refusal.code, "message": str(refusal)}}

    def balance_answer(self) -> dict[str, Any]:
        """Return what the account holds."""
        return {"balance": int(self.balance)}

    # What tests do to it

    def say(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        status: int = 200,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Let the next calls of this method and path be answered so.

        A submit that is answered so makes its job all the same, unless the status is one of `genhub.http.REFUSALS`.
        """
        answer = Answer(status=status, data=data, raw=raw, headers=dict(headers or {}))
        self._said.setdefault((method, path), deque()).extend([answer] * times)

    # What a simulator fills in

    def routes(self) -> Iterable[Route]:
        for path in self.creates.values():
            yield Route("POST", path, "submit", self._guard(self._create))
        handlers: Mapping[CallKind, Handler] = {
            "poll": self._read,
            "stop": self._stop,
            "continue": self._continue,
            "balance": lambda _: Answer(data=self.balance_answer()),
        }
        for (method, kind), where in _CALLS.items():
            if (path := getattr(self, where)) is not None:
                yield Route(method, path, kind, self._guard(handlers[kind]))

    def credentials(self) -> Mapping[str, object]:
        return {"api_key": self.key}

    def admit(self, credentials: Mapping[str, object]) -> None:
        pass

    def answer(self, call: Call) -> Answer:
        said = self._said.get((call.method, call.path))
        if not said:
            return Simulator.answer(self, call)
        answer = said.popleft()
        if call.kind == "submit" and answer.status not in REFUSALS:
            self._create(call)
        return answer

    def refuse(self, refusal: Refusal) -> Answer:
        wait = refusal.retry_after
        headers = {} if wait is None else {"Retry-After": f"{wait:g}"}
        return Answer(status=refusal.status, data=self.refused(refusal), headers=headers)

    def invalid(self, error: Invalid) -> Refusal:
        return Refusal(400, "invalid", str(error))

    def broke(self, error: Broke) -> Refusal:
        return Refusal(402, "broke", "too few credits")

    def reckon(self, job: SimJob, word: str, at: float) -> None:
        if word in self.refunds:
            self.refund(job, self.paid(job), at, word)
        elif word == self.words.done and job.scenario.final_cost is not None:
            self.finish_by(job, job.scenario.final_cost, at)

    def revived(self, job: SimJob) -> None:
        self.charge(job.id, job.cost, self.clock.time(), "continue")

    def _guard(self, handler: Handler) -> Handler:
        def guarded(call: Call) -> Answer:
            if not any(self.key in value for value in call.headers.values()):
                raise Refusal(401, "unauthorized", "who are you?")
            return handler(call)

        return guarded

    def _create(self, call: Call) -> Answer:
        kind = next(kind for kind, path in self.creates.items() if path == call.path)
        cost = Decimal(self.prices.get(kind, 3))
        job_id = f"{self.name}-{self.new_number()}"
        job = self.create(call, kind=kind, model="text", body=call.json(), cost=cost, job_id=job_id)
        return Answer(data=self.made_answer(job))

    def _read(self, call: Call) -> Answer:
        job = self._job(call)
        return Answer(data=self.shown(job, self.read(job)))

    def _stop(self, call: Call) -> Answer:
        job = self._job(call)
        if job.status in self.finals:
            raise Refusal(409, "wrong_state", f"it is {job.status}")
        self.force(job, self.stopped)
        return Answer(data=self.shown(job, job.status))

    def _continue(self, call: Call) -> Answer:
        job = self._job(call)
        if job.status != self.stopped:
            raise Refusal(422, "wrong_state", f"it is {job.status}")
        self.start_again(job)
        return Answer(data=self.shown(job, job.status))

    def _job(self, call: Call) -> SimJob:
        if job := self.jobs.get(call.params["id"]):
            return job
        raise Refusal(404, "not_found", "no such job")


__all__ = ["FakeVendor", "SimJob", "Words"]
