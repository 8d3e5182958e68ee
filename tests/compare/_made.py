"""Comparisons that were never run: results and summaries as a report gets them, the same every time."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from attrs import evolve
from PIL import Image

from genhub import ImageRequest, Output, TextRequest
from genhub._credits import Credits
from genhub.compare import Case, Check, Observation, Outcome, Results, Spans
from genhub.compare._summary import Interval, PairSummary, Summary, TargetSummary, Verdict

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TARGETS = ("swift", "thrifty", "flaky")
EVIL = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
CASES = (
    Case(name="dark mode", request=TextRequest(prompt="Dark mode is here", platforms=("x", "linkedin"), tone="calm")),
    Case(name="summer sale", request=TextRequest(prompt="Half price until Sunday", platforms=("instagram",))),
    Case(name="new office", request=TextRequest(prompt="We have moved to Graz", language="de")),
    Case(name="poster", request=ImageRequest(prompt="a lighthouse at dusk", aspect_ratio="1:1")),
)
_WORDS = {
    "swift": "Dark mode is here. Your eyes will thank you tonight.",
    "thrifty": "It's finally time: switch the lights off! Dark mode has landed for everyone.",
    "flaky": "dark mode. now.",
}
_MEDIANS = {"swift": 4.0, "thrifty": 9.0, "flaky": 6.0}
_PRICES = {"swift": Decimal("0.06"), "thrifty": Decimal("0.02"), "flaky": Decimal("0.03")}
_TINTS = {"swift": (200, 80, 40), "thrifty": (40, 110, 180), "flaky": (90, 150, 60)}


def png(tint: tuple[int, int, int], side: int = 96) -> bytes:
    """Return a picture with a band of another shade in it."""
    image = Image.new("RGB", (side, side), tint)
    image.paste((250, 240, 200), (0, side // 2, side, side // 2 + side // 8))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def results(folder: Path, *, repetitions: int = 4, seed: int = 7) -> Results:
    """Return a comparison of three accounts: texts and pictures, failures of all kinds, and outputs that mean harm."""
    draw = random.Random(seed)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    seen: list[Observation] = []
    for repetition in range(1, repetitions + 1):
        for case in CASES:
            for target in TARGETS:
                seen.append(_run(draw, case, target, repetition, len(seen) + 1, folder))
    return Results(
        suite="captions",
        title="Captions and posters",
        fingerprint="f00dfeed",
        targets=TARGETS,
        cases=CASES,
        repetitions=repetitions,
        seed=seed,
        began_at=BEGAN,
        ended_at=BEGAN + timedelta(minutes=12),
        timeout=60.0,
        max_spend="5 USD",
        simulated=True,
        versions={"genhub": "0.1.0", "python": "3.11.7"},
        observations=tuple(seen),
        notes=("flaky was given no budget of its own",),
    )


def _run(draw: random.Random, case: Case, target: str, repetition: int, position: int, folder: Path) -> Observation:
    took = draw.lognormvariate(0, 0.35) * _MEDIANS[target]
    money, points = _paid("USD", _PRICES[target]), _paid("points", 100 * _PRICES[target])
    base = Observation(
        case=case.name,
        target=target,
        repetition=repetition,
        position=position,
        key=f"compare/captions/{case.name}/{target}/{repetition}",
        outcome=Outcome.SUCCEEDED,
        account=target,
        job=f"job{position}",
        at=BEGAN + timedelta(seconds=position),
        spans=Spans(submit=0.2, queue=took / 3, run=took / 2, total=took, download=0.1, resolution=0.5),
        credits=points,
        cost=money,
        attempts=1,
    )
    if case.name == "poster" and target == "thrifty":
        unsent = evolve(base, spans=Spans(), cost=None, credits=None, attempts=0, job=None)
        return evolve(unsent, outcome=Outcome.UNSUPPORTED, message="thrifty: can't make images")
    if target == "flaky" and draw.random() < 0.35:
        return evolve(base, outcome=Outcome.FAILED, failure="content_policy", message=f"Sorry! {EVIL}")
    if target == "flaky" and repetition == _late(case):
        return evolve(
            base, outcome=Outcome.TIMED_OUT, failure="timeout", spans=Spans(total=60.0, resolution=0.5), censored=True
        )
    if target == "thrifty" and case.name == "new office" and repetition == 2:
        return evolve(base, outcome=Outcome.IN_DOUBT, failure="SubmitInDoubt", message="the answer was lost", cost=None)
    if case.name == "poster":
        name = f"files/{base.job}-0.png"
        (folder / name).write_bytes(png(_TINTS[target], 96 + repetition))
        output = Output(kind="image", url=f"https://cdn.{target}.example/{base.job}.png", width=96, height=96)
        check = Check(name="aspect", passed=True, said="1:1", output=1)
        return evolve(base, outputs=(output,), files=(name,), checks=(check,))
    text = f"{_WORDS[target]} ({case.name}, {repetition})"
    if target == "flaky":
        text += f" {EVIL} </script> javascript:alert(1)"
    short = len(text) < 120
    checks = (
        Check(name="length", passed=short, said=f"{len(text)} of 120 characters", output=1),
        Check(name="warmth", passed=None, value=draw.gauss(0.6, 0.1)),
    )
    return evolve(base, outputs=(Output(kind="text", text=text, hashtags=("#dark", "#mode")),), checks=checks)


def _paid(unit: str, paid: Decimal) -> Credits:
    return Credits(unit=unit, charged=paid, net=paid, low=paid, high=paid)


def _late(case: Case) -> int:
    """Return at which repetition flaky is late."""
    return 1 + [each.name for each in CASES].index(case.name)


def summary(made: Results) -> Summary:
    """Return figures that fit those results about; their intervals are for show."""
    targets = tuple(_target(made, name) for name in made.targets)
    return Summary(
        targets=targets,
        pairs=(
            PairSummary(
                a="swift",
                b="thrifty",
                what="seconds",
                cases=3,
                runs=12,
                difference=Interval(value=-4.8, low=-6.4, high=-3.1),
                level=0.975,
                shown=True,
                said="swift is 4.8 s faster than thrifty (3.1 s to 6.4 s).",
            ),
            PairSummary(
                a="swift",
                b="thrifty",
                what="success",
                cases=3,
                runs=12,
                difference=Interval(value=0.0, low=-0.2, high=0.2),
                level=0.975,
                shown=False,
                said="No difference in success between swift and thrifty is shown.",
            ),
        ),
        verdict=Verdict(
            best="swift",
            sentence="Choose swift: it is ready in half the time and makes all that was asked.",
            sure="shown",
            why=("It is 4.8 s faster than thrifty (3.1 s to 6.4 s).", "thrifty costs a third, but can't make images."),
        ),
        caveats=("Four requests only: others may go otherwise.",),
    )


def _target(made: Results, name: str) -> TargetSummary:
    seen = made.of(name)
    counted = [each for each in seen if each.outcome.counts]
    done = sorted(each.spans.total or 0.0 for each in counted if each.outcome is Outcome.SUCCEEDED)
    share = len(done) / len(counted)
    price = float(_PRICES[name]) / share

    def at(p: float) -> Interval:
        value = done[min(len(done) - 1, int(p * len(done)))]
        return Interval(value=value, low=value * 0.8, high=value * 1.25)

    def near(value: float, by: float) -> Interval:
        return Interval(value=value, low=max(0.0, value - by), high=min(1.0, value + by))

    curve = tuple(
        (took, n / len(counted), max(0.0, n / len(counted) - 0.15), min(1.0, n / len(counted) + 0.15))
        for n, took in enumerate(done, 1)
    )
    return TargetSummary(
        target=name,
        runs=len(seen),
        counted=len(counted),
        succeeded=len(done),
        usable=sum(each.usable for each in seen),
        unsupported=sum(each.outcome is Outcome.UNSUPPORTED for each in seen),
        in_doubt=sum(each.outcome is Outcome.IN_DOUBT for each in seen),
        timed_out=sum(each.outcome is Outcome.TIMED_OUT for each in seen),
        success=near(share, 0.12),
        usable_share=near(share, 0.12),
        median=at(0.5),
        p90=at(0.9),
        p95=evolve(at(0.95), at_least=name == "flaky", high=None),
        queue=at(0.3),
        run=at(0.4),
        download=Interval(value=0.1),
        resolution=0.5,
        curve=curve,
        cost_credits=near(price, 0.01) if name != "swift" else None,
        unit="credits",
        cost_money=near(price, 0.004),
        currency="USD",
        spent_money=_PRICES[name] * len(counted),
        failures={"content_policy": 2} if name == "flaky" else {},
        checks={"length": (11, 12), "aspect": (4, 4)},
        scores={"warmth": near(0.6, 0.08)},
    )


def with_files(made: Results, seen: Observation, *names: str) -> Results:
    """Return the results with more files at one of the runs."""
    changed = evolve(seen, files=(*seen.files, *names))
    return evolve(made, observations=tuple(changed if each is seen else each for each in made.observations))
