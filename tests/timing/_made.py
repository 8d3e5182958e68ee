"""Attempts, curves and timings for the tests of what is learned of durations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from genhub import Attempt, Status
from genhub._jobs import Ref
from genhub.timing import Curve, Prior, Series, Timings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHERE = ("ours", "video")
#: However slow the machine is.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

#: From an instant to years: no clock is trusted.
durations = st.floats(min_value=0, max_value=1e8) | st.sampled_from([0.0, 1 / 16, 1.0, 60.0, 86_400.0])
ages = st.floats(min_value=0, max_value=1e9) | st.sampled_from([0.0, 1 / 16, 1.0, 2.0**20])
prices = st.floats(min_value=1e-6, max_value=1e6)
priors = st.builds(
    Prior, median=st.floats(min_value=1e-3, max_value=7 * 86_400), sigma=st.floats(min_value=0, max_value=3)
)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """What is known after some ends and stops: alike, all zero, or anything."""
    series, prior = Series(), draw(priors)
    few = draw(st.lists(durations, max_size=3))
    for duration in [*few, *(few[:1] * draw(st.sampled_from([0, 0, 10, 100])))]:
        series.took(duration, draw(st.sampled_from([0.0, 0.1, 5.0, 1e9])))
    for duration in draw(st.lists(durations, max_size=2)):
        series.lasted(duration, prior)
    return series.curve(prior)


def ended(
    number: int,
    seconds: float = 10,
    queue: float | None = None,
    status: Status = Status.SUCCEEDED,
    where: tuple[str, str] = WHERE,
) -> Attempt:
    """An attempt that was accepted at noon, seen in work after `queue` and ended so many seconds after noon."""
    account, kind = where
    return Attempt(
        id=f"j{number}.1",
        job_id=f"j{number}",
        number=1,
        account=account,
        provider="acme",
        kind=kind,
        unit="credits",
        created_at=NOON - timedelta(seconds=1),
        status=status,
        ref=Ref(id=str(number), kind=kind),
        submitted_at=NOON,
        running_at=None if queue is None else NOON + timedelta(seconds=queue),
        finished_at=NOON + timedelta(seconds=seconds),
    )


def told(attempts: Iterable[Attempt] = (), prior: Prior | None = None) -> Timings:
    """Timings that took in these attempts."""
    expected = prior or Prior()
    timings = Timings(lambda account, kind: expected)
    for attempt in attempts:
        timings.took(attempt)
    return timings
