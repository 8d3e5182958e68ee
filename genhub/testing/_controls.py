"""Promises about stop, continue and what else a provider can do."""

from __future__ import annotations

import inspect

from genhub import GenhubError, Job, Status, UnsupportedRequest, WrongState, capabilities
from genhub._provider import CAPABILITIES, Provider
from genhub.sim import Fault, Scenario
from genhub.testing._bench import NAME, Bench, Statement, raised
from genhub.testing._truth import books_hold

#: Verbs that speak to nobody.
_PLAIN = frozenset({"prepare", "replay_within", "webhook"})


class ControlPromises(Statement):
    """The verbs beyond submit and poll."""

    async def test_what_it_can_do_is_what_it_has(self) -> None:
        """The capabilities are the methods; every verb that speaks to the vendor is asynchronous."""
        async with self.bench() as bench:
            provider = self.provider(bench.vendor)
            assert isinstance(provider, Provider)
            assert capabilities(self.adapter) == capabilities(provider)
            verbs = {name for word in capabilities(provider) for name in _methods(CAPABILITIES[word])}
            for name in {"submit", "poll", "prepare"} | verbs:
                verb = getattr(provider, name)
                speaks = inspect.iscoroutinefunction(verb) or inspect.isasyncgenfunction(verb)
                assert speaks is (name not in _PLAIN), f"{name} is {'' if speaks else 'not '}asynchronous"
            assert bench.vendor.requests == [], "the adapter spoke to its vendor before it was asked to"

    async def test_a_verb_that_it_lacks_is_unsupported(self, kind: str) -> None:
        """`stop`, `resume` and `balance` without the method are UnsupportedRequest; nothing is sent or changed."""
        async with self.bench() as bench:
            bench.vendor.script(Scenario(steps=(self.working,)))
            job, _ = await bench.submit(self.requests[kind])
            before = len(bench.vendor.requests)
            for capability, call in (
                ("stop", bench.hub.stop(job.id)),
                ("resume", bench.hub.resume(job.id)),
                ("balance", bench.hub.balance(NAME)),
            ):
                if self.can(capability):
                    call.close()
                    continue
                await raised(UnsupportedRequest, call)
            assert before == len(bench.vendor.requests)
            assert job == await bench.journal(job.id)

    async def test_many_are_read_as_one_is(self, kind: str) -> None:
        """Where many jobs can be read together, that says of each what its own read says, and of no other job."""
        if not self.can("poll_many"):
            return
        async with self.bench() as bench:
            bench.vendor.script(Scenario(steps=(self.done,), times=None))
            jobs = [(await bench.submit(self.requests[kind]))[0] for _ in range(3)]
            refs = [job.attempt.ref for job in jobs if job.attempt.ref is not None]
            account = bench.hub.account(NAME)
            found = await account.poll_many(refs)
            assert set(found) <= set(refs), "it speaks of jobs that it was not asked for"
            for ref, snapshot in found.items():
                alone = await account.poll(ref)
                assert (alone.ref, alone.status, alone.outputs) == (snapshot.ref, snapshot.status, snapshot.outputs)

    async def test_a_fault_of_a_stop_leaves_the_truth(self, kind: str, stop_fault: Fault) -> None:
        """Whatever becomes of a stop on the wire: after the next read the journal says what the vendor says."""
        async with self.bench() as bench:
            job = await self._in_work(bench, kind)
            bench.vendor.script(Scenario(fault=stop_fault, on="stop"))
            try:
                job = (await bench.patiently(bench.hub.stop(job.id))).job
            except GenhubError:
                job = await bench.read(job.id)

            assert bench.vendor.hits[stop_fault] >= 1, f"{stop_fault} did not strike"
            stopped = bench.vendor.jobs[bench.made[0]].status == self.word(Status.STOPPED)
            if stop_fault is not Fault.UNKNOWN_WORD:
                assert stopped is (job.status is Status.STOPPED)
            await self._ends_true(bench, job)

    async def test_no_fault_of_a_resume_buys_twice(self, kind: str, resume_fault: Fault) -> None:
        """At any fault of the wire a resume happens once at most, and the journal says whether it did, and the cost."""
        async with self.bench() as bench:
            job = await self._stopped(bench, kind)
            bench.vendor.script(Scenario(fault=resume_fault, on="continue"))
            refused = False
            try:
                job = await bench.patiently(bench.hub.resume(job.id))
            except GenhubError as error:
                refused = not isinstance(error, WrongState)
                job = await bench.journal(job.id)

            assert bench.vendor.hits[resume_fault] >= 1, f"{resume_fault} did not strike"
            resumed = bench.vendor.jobs[bench.made[0]].leg - 1
            assert resumed <= 1, f"one resume, done {resumed} times"
            if refused:
                assert not resumed, "resume raised as if nothing had happened, but it happened"
            if job.attempt.resuming_at is None:
                assert resumed == (job.status is not Status.STOPPED), f"{job.status}, resumed {resumed} times"
            await self._ends_true(bench, job)
            assert len(bench.made) == 1

    async def _in_work(self, bench: Bench, kind: str) -> Job:
        bench.vendor.script(Scenario(steps=(self.working, self.working, self.working, self.done)))
        job, _ = await bench.submit(self.requests[kind])
        return await bench.read(job.id)

    async def _stopped(self, bench: Bench, kind: str) -> Job:
        job = await self._in_work(bench, kind)
        job = (await bench.hub.stop(job.id)).job
        assert job.status is Status.STOPPED
        return job

    async def _ends_true(self, bench: Bench, job: Job) -> None:
        """Read a job to its end, where journal and vendor have to agree."""
        job = await bench.read(job.id)
        ended = await bench.end(job.id)
        theirs = bench.vendor.jobs[bench.made[0]].status
        assert ended.status is self.documented[theirs], f"the vendor says {theirs}, the journal {ended.status}"
        books_hold(bench, ended)


def _methods(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_") and callable(vars(protocol)[name])]
