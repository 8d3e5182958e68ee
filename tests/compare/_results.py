"""Results that nobody had to run: of any kind for files, and of known truth for statistics."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from genhub import ImageRequest, Output, SpeechRequest, TextRequest, VideoRequest
from genhub._credits import Credits
from genhub.compare._records import Case, Check, Observation, Outcome, Results, Spans
from genhub.compare._summary import Interval, Summary, TargetSummary, Verdict

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ODD = ["=1+1", "-2", "@SUM(A1)", "\t=x", "a;=b", "a|b", "line\nbreak", 'quo"te', "\ud800", "\x00", "é漢🎉", "\uff1d1"]

texts = st.text(max_size=12) | st.sampled_from(ODD) | st.text(alphabet=st.characters(codec=None), max_size=5)
words = st.text(min_size=1, max_size=12).filter(str.strip) | st.sampled_from([each for each in ODD if each.strip()])
numbers = st.floats(allow_nan=False)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9)
times = st.datetimes(timezones=st.just(UTC))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
requests = (
    st.builds(TextRequest, prompt=words, platforms=st.lists(words, max_size=2), tags=st.dictionaries(words, texts))
    | st.builds(ImageRequest, prompt=words, count=st.none() | st.integers(1, 9))
    | st.builds(VideoRequest, script=words, duration=st.none() | st.floats(0.1, 600))
    | st.builds(SpeechRequest, script=words, extra=st.dictionaries(words, st.dictionaries(words, plain), max_size=1))
)
credits = st.builds(
    Credits, unit=st.none() | words, net=st.none() | amounts, low=amounts, high=st.none() | amounts, exact=st.booleans()
)
spans = st.builds(Spans, submit=st.none() | numbers, total=st.none() | numbers, resolution=numbers)
outputs = st.builds(
    Output,
    kind=st.sampled_from(["text", "image", "video"]),
    text=st.none() | texts,
    url=st.none() | texts,
    hashtags=st.lists(texts, max_size=2).map(tuple),
    fields=st.dictionaries(texts, plain, max_size=2),
    expires_at=st.none() | times,
    raw=plain,
)
checks = st.builds(
    Check,
    name=texts,
    passed=st.none() | st.booleans(),
    value=st.none() | numbers,
    said=texts,
    output=st.none() | st.just(1),
)
observations = st.builds(
    Observation,
    case=texts,
    target=texts,
    repetition=st.integers(1, 9),
    position=st.integers(1, 99),
    key=texts,
    outcome=st.sampled_from(Outcome),
    account=texts,
    job=st.none() | texts,
    failure=st.none() | texts,
    message=texts,
    at=st.none() | times,
    spans=spans,
    censored=st.booleans(),
    credits=st.none() | credits,
    cost=st.none() | credits,
    attempts=st.integers(0, 3),
    outputs=st.lists(outputs, max_size=2).map(tuple),
    files=st.lists(st.sampled_from(["files/a.png", "b;=c.mp4", "-d.txt"]), max_size=2).map(tuple),
    checks=st.lists(checks, max_size=3).map(tuple),
)
results = st.builds(
    Results,
    suite=texts,
    title=texts,
    fingerprint=texts,
    targets=st.lists(texts, max_size=3).map(tuple),
    cases=st.lists(st.builds(Case, name=texts, request=requests), max_size=2).map(tuple),
    repetitions=st.integers(1, 9),
    seed=st.integers(),
    began_at=times,
    ended_at=st.none() | times,
    timeout=st.none() | numbers,
    max_spend=st.none() | texts,
    simulated=st.booleans(),
    complete=st.booleans(),
    versions=st.dictionaries(texts, texts, max_size=2),
    observations=st.lists(observations, max_size=3).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)

SUMMARY = Summary(
    targets=(
        TargetSummary(
            target="alpha|beta",
            runs=20,
            counted=20,
            succeeded=19,
            usable=18,
            success=Interval(value=0.95, low=0.764, high=0.991),
            usable_share=Interval(value=0.9, low=0.699, high=0.972),
            median=Interval(value=12.34, low=10.5, high=14),
            p95=Interval(value=60, low=44, at_least=True),
            cost_credits=Interval(value=3.1579),
            unit="credits",
            spent_money=Decimal("3.00"),
            currency="USD",
        ),
    ),
    pairs=(),
    verdict=Verdict(best="alpha|beta", sentence="Choose alpha|beta: it is *faster*.", sure="shown"),
    caveats=tuple(f"caveat {number}" for number in range(1, 9)),
)


def money(amount: float, unit: str = "USD") -> Credits:
    exactly = Decimal(str(amount))
    return Credits(unit=unit, charged=exactly, net=exactly, low=exactly, high=exactly)


def run(
    seed: int = 1,
    *,
    targets: Sequence[str] = ("alpha", "beta"),
    cases: Sequence[str] = ("a", "b", "c", "d"),
    repetitions: int = 5,
    slower: float = 1,
    success: float = 0.9,
    price: float = 3,
    score: float = 5,
    **more: Any,
) -> Results:
    """Return a comparison of known truth: lognormal times that differ by case, a fixed price, checks and a score."""
    chance = random.Random(seed)
    timeout: float = more.get("timeout") or math.inf
    seen: list[Observation] = []
    for target in targets:
        for place, case in enumerate(cases):
            for repetition in range(1, repetitions + 1):
                total = chance.lognormvariate(math.log(10 * (place + 1) * slower), 0.4)
                late, good = total > timeout, chance.random() < success
                outcome = Outcome.TIMED_OUT if late else Outcome.SUCCEEDED if good else Outcome.FAILED
                there = outcome is Outcome.SUCCEEDED
                found = (
                    Check(name="length", passed=chance.random() < 0.8),
                    Check(name="taste", passed=None, value=chance.gauss(score, 1)),
                )
                seen.append(
                    Observation(
                        case=case,
                        target=target,
                        repetition=repetition,
                        position=len(seen) + 1,
                        key=f"{seed}-{len(seen)}",
                        outcome=outcome,
                        spans=Spans(total=timeout if late else total),
                        censored=late,
                        credits=money(price, "credits"),
                        cost=money(price / 10),
                        checks=found if there else (),
                    )
                )
    begun = Results(
        suite="captions",
        fingerprint="f1",
        targets=tuple(targets),
        cases=tuple(Case(name=case, request=TextRequest(prompt=f"write {case}")) for case in cases),
        repetitions=repetitions,
        seed=seed,
        began_at=BEGAN + timedelta(minutes=seed),
        observations=tuple(seen),
    )
    return evolve(begun, **more)
