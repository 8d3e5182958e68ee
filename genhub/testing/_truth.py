"""Whether what the journal states of a job is so, by the vendor's own books."""

from __future__ import annotations

from genhub import Job
from genhub._credits import ZERO
from genhub.testing._bench import Bench

#: `error.kind` of an attempt of which the journal says that nothing was bought.
UNBOUGHT = ("refused", "not_sent", "not_submitted")


def statement_holds(bench: Bench, job: Job) -> None:
    """Hold the journal's statement on the only job that was asked for against what the vendor made."""
    made, about = bench.made, f"{job.status} ({job.error})"
    assert len(made) <= 1, f"one intention, {len(made)} charges: {made}"
    if job.status.in_doubt:
        assert job.provider_id is None, "in doubt, and yet the vendor's id is known"
        assert not job.credits.exact, "in doubt, and yet the cost is said to be exact"
        assert job.credits.net is None, f"in doubt, and yet the cost is said to be {job.credits.net}"
    elif job.error is not None and job.error.kind in UNBOUGHT:
        assert not made, f"the journal says that nothing was bought: {about}; the vendor made {made}"
        assert job.credits.net == ZERO and job.credits.exact, f"nothing was bought, for {job.credits}"
    else:
        assert [job.provider_id] == made, f"the journal says {job.provider_id}, {about}; the vendor made {made}"
    books_hold(bench, job)


def books_hold(bench: Bench, job: Job) -> None:
    """Hold a job's account of its credits against the vendor's ledger."""
    spent = job.credits
    real = bench.vendor.net(job.provider_id) if job.provider_id is not None else sum(map(bench.vendor.net, bench.made))
    about = f"the vendor's ledger has {real}, the journal {spent}"
    if spent.exact:
        assert spent.net == real, f"said to be exact: {about}"
    assert spent.low <= real, f"below its lower bound: {about}"
    assert spent.high is None or real <= spent.high, f"above its upper bound: {about}"
