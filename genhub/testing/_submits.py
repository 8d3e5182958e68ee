"""Promises about the one moment that costs: the submit."""

from __future__ import annotations

from genhub import Status
from genhub.sim import Fault, Scenario
from genhub.testing._bench import NAME, Statement
from genhub.testing._truth import UNBOUGHT, statement_holds


class SubmitPromises(Statement):
    """One intention, one charge; and the journal tells the truth about it."""

    async def test_no_fault_of_the_wire_buys_twice(self, kind: str, fault: Fault) -> None:
        """At any fault of the wire one submit makes at most one job, and what the journal says then is true.

        It stays true while the hub settles the doubt, as far as the vendor lets it.
        """
        async with self.bench() as bench:
            bench.vendor.script(Scenario(fault=fault))
            job, error = await bench.submit(self.requests[kind])

            assert bench.vendor.hits[fault] >= 1, f"{fault} did not strike"
            statement_holds(bench, job)
            if error is not None:
                assert job.status is Status.FAILED and job.error is not None and job.error.kind in UNBOUGHT

            ended = await bench.end(job.id)
            statement_holds(bench, ended)

    async def test_a_lasting_fault_buys_once_at_most(self, kind: str, fault: Fault) -> None:
        """The same when the fault strikes every call from then on, the reads that could settle a doubt among them."""
        async with self.bench() as bench:
            bench.vendor.script(Scenario(fault=fault, on=None, times=None))
            job, _ = await bench.submit(self.requests[kind])
            statement_holds(bench, job)

    async def test_twins_are_told_apart(self, kind: str) -> None:
        """Two jobs of the same request whose answers were lost never claim the same thing, nor deny what was bought."""
        for faults in (
            (Fault.LOSE_ANSWER, Fault.LOSE_ANSWER),
            (Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ),
            (Fault.RESET_AFTER_READ, Fault.LOSE_ANSWER),
            (Fault.SLOW, Fault.LOSE_ANSWER),
        ):
            async with self.bench() as bench:
                for fault in faults:
                    bench.vendor.script(Scenario(fault=fault))
                twins = [(await bench.submit(self.requests[kind]))[0] for _ in faults]
                ends = [await bench.end(job.id) for job in twins]

                claimed = [job.provider_id for job in ends if job.provider_id is not None]
                unbought = [job for job in ends if job.error is not None and job.error.kind in UNBOUGHT]
                about = f"{faults}: {[f'{job.status} {job.provider_id}' for job in ends]}; made: {bench.made}"
                assert len(set(claimed)) == len(claimed), f"claimed by both: {about}"
                assert set(claimed) <= set(bench.made), about
                assert len(bench.made) <= len(ends) - len(unbought), f"bought, and denied: {about}"

    async def test_a_vendor_that_is_not_there_charges_nothing(self, kind: str) -> None:
        """Nobody listens: `submit` raises, and the journal has a failed job that cost nothing."""
        async with self.bench() as bench:
            await bench.vendor.close_port()
            job, error = await bench.submit(self.requests[kind])

            assert error is not None
            assert job.error is not None and job.error.kind == "not_sent"
            statement_holds(bench, job)

    async def test_a_refusal_charges_nothing(self, kind: str) -> None:
        """A refusal by the vendor is a typed error; the journal has a failed job that cost nothing."""
        for status in (400, 401, 402, 403, 404, 422, 429):
            async with self.bench() as bench:
                bench.vendor.script(Scenario(http=status, times=None))
                job, error = await bench.submit(self.requests[kind])

                assert error is not None, f"HTTP {status} raised nothing"
                assert job.error is not None and job.error.kind == "refused"
                assert job.error.http_status == status
                statement_holds(bench, job)

    async def test_planning_sends_nothing(self, kind: str) -> None:
        """`plan` knows the kind of call and speaks to nobody."""
        async with self.bench() as bench:
            plan = await bench.hub.plan(self.requests[kind], to=NAME)

            assert plan.best is not None and plan.best.kind == kind
            assert bench.vendor.requests == []
