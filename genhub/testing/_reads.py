"""Promises about reads: what can't be read changes nothing."""

from __future__ import annotations

from genhub import GenhubError, Job
from genhub.sim import Fault, Scenario
from genhub.testing._bench import Bench, Statement, raised
from genhub.testing._clock import FakeClock
from genhub.testing._truth import statement_holds

#: An answer with one of these may be understood all the same.
READABLE = (Fault.SLOW, Fault.EXTRA_FIELDS, Fault.ODD_AMOUNT, Fault.UNKNOWN_WORD, Fault.MISSING_ID)


class ReadPromises(Statement):
    """A failed read never changes a job."""

    async def test_a_read_that_fails_changes_nothing(self, kind: str, fault: Fault) -> None:
        """A huge, cut, garbled, empty, redirected or missing answer to a read leaves the job as it was."""
        async with self.bench() as bench:
            before = await self._in_work(bench, kind)
            script = bench.vendor.script(Scenario(fault=fault, on="poll", times=None))
            try:
                after = await bench.read(before.id)
            except GenhubError:
                assert before == await bench.journal(before.id), "a failed read changed the job"
            else:
                assert fault in READABLE, f"{fault} was taken for an answer: {after.status}"
                assert after.status.is_final or not after.outputs
                statement_holds(bench, after)
            assert bench.vendor.hits[fault] >= 1, f"{fault} did not strike"
            bench.vendor.scripts.remove(script)
            await self._goes_on(bench, before)

    async def test_a_refused_read_changes_nothing(self, kind: str) -> None:
        """A job that we bought is not lost because the vendor denies it once: 404, 401, 403, 410, 429, 503."""
        for status in (401, 403, 404, 410, 429, 503):
            async with self.bench() as bench:
                before = await self._in_work(bench, kind)
                script = bench.vendor.script(Scenario(http=status, on="poll", times=None))
                await raised(GenhubError, bench.read(before.id))

                assert before == await bench.journal(before.id), f"HTTP {status} to a read changed the job"
                bench.vendor.scripts.remove(script)
                await self._goes_on(bench, before)

    async def test_a_redirect_is_never_followed(self, kind: str) -> None:
        """What is redirected to another host, a submit or a read, does not go there: secrets stay."""
        async with self.bench() as bench, self.vendor(FakeClock()) as other:
            before = await self._in_work(bench, kind)
            for on in ("poll", "submit"):
                bench.vendor.script(
                    Scenario(fault=Fault.REDIRECT, on=on, location=f"{other.url}/elsewhere", times=None)
                )
            await raised(GenhubError, bench.read(before.id))
            await bench.submit(self.requests[kind])

            assert other.requests == []

    async def _in_work(self, bench: Bench, kind: str) -> Job:
        bench.vendor.script(Scenario(steps=(self.working, self.working, self.working, self.done)))
        job, error = await bench.submit(self.requests[kind])
        assert error is None, f"the submit failed: {error}"
        return await bench.read(job.id)

    async def _goes_on(self, bench: Bench, job: Job) -> None:
        ended = await bench.end(job.id)
        assert ended.status.is_final, "the reads did not go on"
        statement_holds(bench, ended)
