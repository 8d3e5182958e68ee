"""Suites on simulators: what is sent, when it stops, and what is seen. Nobody waits: see `benchmarks._virtual`."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from attrs import evolve

from benchmarks._virtual import run as on_a_loop
from genhub import Hub, UnsupportedRequest
from genhub._campaign import Problems
from genhub._plain import converter
from genhub.compare import Check, Outcome, Progress, Results, Suite
from genhub.routing import Route
from genhub.sim import Scenario
from genhub.stores._memory import MemoryStore

from ._suites import NAMES, TEXT, even, suite_of, world
from .test_suite import ESTIMATES

PICTURE = """\
targets = ["powerpost"]
repetitions = 1
[[request]]
kind = "image"
label = "Hero"
prompt = "A lantern on a table"
"""
EVEN = {"powerpost": even(6), "adgen": even(3), "genpro": even(12)}


def outcomes(results: Results, target: str | None = None) -> Counter[str]:
    return Counter(str(each.outcome) for each in results.observations if target in (None, each.target))


def run_once(suite: Suite, folder: Path, **options: Any) -> tuple[Results, dict[str, int]]:
    """Run a suite on new simulators; returns what was seen, and how much was bought."""

    async def work() -> tuple[Results, dict[str, int]]:
        async with world(**options) as it, it.hub() as hub:
            results = await it.run(suite, folder, hub)
            return results, it.made()

    return on_a_loop(work())


def test_every_trial_is_sent_once_and_observed(tmp_path: Path) -> None:
    """All that can be done was; the results say what was asked of whom, and are in the order of the runs."""
    suite = suite_of(tmp_path, actors=EVEN)

    results, made = run_once(suite, tmp_path)

    assert {"succeeded": 10, "unsupported": 2} == outcomes(results)
    assert {"powerpost": 2, "adgen": 4, "genpro": 4} == made
    assert list(range(1, 13)) == [each.position for each in results.observations]
    assert (True, True, (), 2, 7, 120.0) == (
        results.complete, results.simulated, results.notes, results.repetitions, results.seed, results.timeout,
    )  # fmt: skip
    assert suite.fingerprint == results.fingerprint
    assert results == converter.structure(orjson.loads(orjson.dumps(converter.unstructure(results))), Results)


def test_what_a_target_cannot_do_is_not_sent_to_it(tmp_path: Path) -> None:
    """It is said why; that is neither a failure nor slow."""
    results, _ = run_once(suite_of(tmp_path), tmp_path)

    (each, *_) = [each for each in results.of("powerpost") if each.case == "Shelf"]
    assert (Outcome.UNSUPPORTED, False, None, None) == (each.outcome, each.outcome.counts, each.job, each.spans.total)
    assert "needs a platform" in each.message


def test_times_are_those_of_the_vendors(tmp_path: Path) -> None:
    """As exact as the statuses are read; what answers at once is exact."""
    results, _ = run_once(suite_of(tmp_path, actors=EVEN), tmp_path)

    for each in results.observations:
        if each.outcome is Outcome.SUCCEEDED:
            truth = EVEN[each.target].seconds or 0.0
            total = each.spans.total or 0.0
            assert truth - 0.01 <= total <= truth + each.spans.resolution + 0.01
    assert {"powerpost": 2.0, "adgen": 0.0, "genpro": 3.0} == {
        name: max(each.spans.resolution for each in results.of(name)) for name in NAMES
    }


def test_a_block_begins_together(tmp_path: Path) -> None:
    """All targets are asked for a case at the same time, so that what drifts hits all alike."""
    results, _ = run_once(suite_of(tmp_path, actors=EVEN, repetitions=4, at_target=1), tmp_path)

    begun: dict[tuple[str, int], set[float]] = {}
    for each in results.observations:
        if each.at is not None:
            begun.setdefault((each.case, each.repetition), set()).add(each.at.timestamp())
    assert 8 == len(begun)
    assert all(max(times) - min(times) < 0.1 for times in begun.values())
    assert 8 == len({round(min(times)) for times in begun.values()})


@pytest.mark.parametrize(("at_target", "at_once", "most"), [(1, 12, (1, 3)), (3, 12, (3, 9)), (3, 2, (2, 2))])
def test_so_many_run_at_once(tmp_path: Path, at_target: int, at_once: int, most: tuple[int, int]) -> None:
    """At each target, and in all."""
    actors = {name: even(20) for name in NAMES}
    text = TEXT.replace('prompt = "One', 'platforms = ["x"]\nprompt = "One')
    suite = suite_of(tmp_path, text, actors=actors, repetitions=5, at_target=at_target, at_once=at_once)

    results, _ = run_once(suite, tmp_path)

    def at_the_same_time(target: str | None) -> int:
        spans = [
            (each.at.timestamp(), each.at.timestamp() + (each.spans.total or 0.0))
            for each in results.observations
            if target in (None, each.target) and each.at is not None
        ]
        return max(sum(begin <= when < end - 0.01 for begin, end in spans) for when, _ in spans)

    assert most == (max(map(at_the_same_time, NAMES)), at_the_same_time(None))


# What goes wrong


def test_failures_and_refusals_are_told_apart(tmp_path: Path) -> None:
    """By class; what failed and was refunded cost nothing."""
    actors = {
        "powerpost": even(4, failures=1.0, error="generation_failed"),
        "adgen": even(3, refusals=1.0),
        "genpro": even(3),
    }

    results, made = run_once(suite_of(tmp_path, actors=actors), tmp_path)

    assert {"failed": 2, "unsupported": 2} == outcomes(results, "powerpost")
    assert {"refused": 4} == outcomes(results, "adgen")
    assert {"succeeded": 4} == outcomes(results, "genpro")
    assert 0 == made["adgen"]
    failed = next(each for each in results.of("powerpost") if each.outcome is Outcome.FAILED)
    assert "generation_failed" in (failed.failure, failed.message)
    assert failed.cost is not None and Decimal(0) == failed.cost.net
    assert {"InvalidRequest"} == {each.failure for each in results.of("adgen")}


def test_a_run_that_takes_too_long_is_no_row_that_is_dropped(tmp_path: Path) -> None:
    """It counts as longer than was waited, and goes on; what it may have cost counts."""
    actors = {**EVEN, "genpro": even(900)}

    results, _ = run_once(suite_of(tmp_path, actors=actors), tmp_path)

    assert {"timed_out": 4} == outcomes(results, "genpro")
    for each in results.of("genpro"):
        assert (True, "timed out") == (each.censored, each.failure)
        assert 120.0 <= (each.spans.total or 0.0) < 121.0
        assert each.job is not None
    assert results.complete


def test_what_timed_out_is_read_again_by_a_later_run(tmp_path: Path) -> None:
    """It ended meanwhile, while nobody looked: that it took so long at least is known, and nothing is bought."""
    suite = suite_of(tmp_path, actors={**EVEN, "genpro": even(900)}, timeout=60.0)

    async def work() -> tuple[Results, Results, Results, int]:
        store = MemoryStore()
        async with world() as it:
            async with it.hub(store) as hub:
                first = await it.run(suite, tmp_path, hub)
            async with it.hub(store) as hub:
                second = await it.run(suite, tmp_path, hub)
            await it.clock.sleep(2000)
            async with it.hub(store) as hub:
                third = await it.run(suite, tmp_path, hub)
            return first, second, third, sum(it.made().values())

    first, second, third, made = on_a_loop(work())

    assert [{"timed_out": 4}, {"timed_out": 4}, {"succeeded": 4}] == [
        outcomes(each, "genpro") for each in (first, second, third)
    ]
    assert 10 == made
    assert all(each.censored for each in third.of("genpro"))
    assert all((each.spans.total or 0.0) < 200 for each in third.of("genpro"))
    assert first.of("adgen") == third.of("adgen")


def test_a_lost_answer_that_cannot_be_settled_is_in_doubt(tmp_path: Path) -> None:
    """It is not sent again, in no later run either."""
    suite = suite_of(tmp_path, targets=("adgen",), repetitions=1)
    off = {"adgen": {"replay_window": 0, "doubt_grace": 1}}

    async def work() -> tuple[Results, Results, int]:
        store = MemoryStore()
        async with world(**off) as it:
            it.sims.adgen.script(Scenario(fault="lose_answer", times=1))
            async with it.hub(store) as hub:
                first = await it.run(suite, tmp_path, hub)
            async with it.hub(store) as hub:
                second = await it.run(suite, tmp_path, hub)
            return first, second, it.made()["adgen"]

    first, second, made = on_a_loop(work())

    assert {"in_doubt": 1, "succeeded": 1} == outcomes(first) == outcomes(second)
    assert made <= 2


def test_a_vendor_that_says_wait_is_waited_for(tmp_path: Path) -> None:
    """The wait is no time of the run."""
    suite = suite_of(tmp_path, targets=("adgen",), repetitions=1)

    async def work() -> tuple[Results, int]:
        async with world() as it, it.hub() as hub:
            it.sims.adgen.script(Scenario(fault="rate_limited", retry_after=30, times=1))
            return await it.run(suite, tmp_path, hub), it.made()["adgen"]

    results, made = on_a_loop(work())

    assert ({"succeeded": 2}, 2) == (outcomes(results), made)
    assert all((each.spans.total or 0.0) < 5 for each in results.observations)


def test_an_accounts_own_budget_says_nothing_of_its_vendor(tmp_path: Path) -> None:
    """What it kept from being sent was not run."""
    suite = suite_of(tmp_path, targets=("adgen",), repetitions=2)

    results, made = run_once(suite, tmp_path, adgen={"budget": {"amount": 2}})

    assert ({"succeeded": 2, "not_run": 2}, 2) == (outcomes(results), made["adgen"])
    assert (False, {"BudgetExceeded"}) == (
        results.complete, {each.failure for each in results.observations if each.outcome is Outcome.NOT_RUN},
    )  # fmt: skip


def test_an_unforeseen_error_is_one_trials_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was not run, and why is said; the others go on."""
    suite = suite_of(tmp_path, targets=("adgen",))
    submit = Hub.submit

    async def stumble(self: Hub, request: Any, **more: Any) -> Any:
        if more["key"].endswith(":2") and request.label == "Shelf":
            raise RuntimeError("over a cable")
        return await submit(self, request, **more)

    monkeypatch.setattr(Hub, "submit", stumble)

    results, made = run_once(suite, tmp_path)

    assert ({"succeeded": 3, "not_run": 1}, 3) == (outcomes(results), made["adgen"])
    (lost,) = [each for each in results.observations if each.outcome is Outcome.NOT_RUN]
    assert ("Shelf", 2, "RuntimeError: over a cable") == (lost.case, lost.repetition, lost.message)
    assert "unforeseen RuntimeError" in caplog.text


def test_an_unforeseen_error_after_the_sending_forgets_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent all the same counts against the cap, is told as open, and is read by the next run."""
    suite = suite_of(tmp_path, "max_spend = 3\n" + TEXT, targets=("adgen",), repetitions=4)
    submit = Hub.submit

    async def stumble(self: Hub, request: Any, **more: Any) -> Any:
        await submit(self, request, **more)
        raise RuntimeError("over a cable")

    async def work() -> tuple[Results, Results, list[int]]:
        store, made = MemoryStore(), list[int]()
        async with world() as it:
            with monkeypatch.context() as patch:
                patch.setattr(Hub, "submit", stumble)
                async with it.hub(store) as hub:
                    first = await it.run(suite, tmp_path, hub)
            made.append(it.made()["adgen"])
            async with it.hub(store) as hub:
                second = await it.run(suite, tmp_path, hub)
            made.append(it.made()["adgen"])
        return first, second, made

    first, second, made = on_a_loop(work())

    assert [3, 3] == made
    assert 3 == sum(each.job is not None for each in first.observations)
    assert {"succeeded": 3, "not_run": 5} == outcomes(second)


def test_what_a_submit_turns_down_leaves_room_under_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was bought: what was held for it is given back."""
    suite = suite_of(tmp_path, "max_spend = 3\n" + TEXT, targets=("adgen",), repetitions=4)
    submit = Hub.submit

    async def refuse(self: Hub, request: Any, **more: Any) -> Any:
        if more["key"].endswith(":1"):
            raise UnsupportedRequest("adgen: not today")
        return await submit(self, request, **more)

    monkeypatch.setattr(Hub, "submit", refuse)

    results, made = run_once(suite, tmp_path)

    assert ({"unsupported": 2, "succeeded": 3, "not_run": 3}, 3) == (outcomes(results), made["adgen"])


def test_whoever_looks_on_and_stumbles_takes_no_run_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A screen that breaks is told no more."""
    suite = suite_of(tmp_path, targets=("adgen",))
    told: list[Progress] = []

    def stumble(each: Progress) -> None:
        told.append(each)
        raise RuntimeError("over a cable")

    async def work() -> Results:
        async with world() as it, it.hub() as hub:
            return await it.run(suite, tmp_path, hub, changed=stumble)

    assert ({"succeeded": 4}, 1) == (outcomes(on_a_loop(work())), len(told))
    assert "told no more" in caplog.text


# Money


def test_it_stops_at_the_cap(tmp_path: Path) -> None:
    """What was spent and the next estimate never pass it; the rest was not run, and that is said."""
    text = 'max_spend = "2 USD"\n' + TEXT
    suite = suite_of(tmp_path, text, repetitions=30, actors=EVEN, at_target=3)

    results, _ = run_once(suite, tmp_path, **ESTIMATES)

    spent = sum((each.cost.high or Decimal(0) for each in results.observations if each.cost is not None), Decimal(0))
    assert Decimal("1.4") < spent <= Decimal(2)
    not_run = outcomes(results)["not_run"]
    assert not_run > 100
    assert not results.complete
    assert results.notes[0].startswith("the cap of 2 USD stopped it (")
    assert results.notes[0].endswith(f"{not_run} of 180 runs were not made")
    (first, *_) = [each for each in results.observations if each.outcome is Outcome.NOT_RUN]
    assert "max_spend" == first.failure
    after = [each.outcome for each in results.observations[first.position - 1 :]]
    assert {Outcome.NOT_RUN, Outcome.UNSUPPORTED} == set(after)


def test_a_cap_in_credits_holds_too(tmp_path: Path) -> None:
    """Where all targets have the same ones."""
    suite = suite_of(tmp_path, "max_spend = 3\n" + TEXT, targets=("adgen",), repetitions=4)

    results, made = run_once(suite, tmp_path)

    assert ({"succeeded": 3, "not_run": 5}, 3) == (outcomes(results), made["adgen"])


def test_what_comes_back_can_be_spent_again(tmp_path: Path) -> None:
    """Refunded failures leave room under the cap: it waits for what is under way before it stops."""
    actors = {"powerpost": even(4, failures=1.0)}
    text = 'max_spend = "1 USD"\n' + TEXT
    suite = suite_of(tmp_path, text, targets=("powerpost",), repetitions=6, actors=actors)

    results, made = run_once(suite, tmp_path, **ESTIMATES)

    assert ({"failed": 6, "unsupported": 6}, 6) == (outcomes(results), made["powerpost"])
    assert results.complete


def test_what_nobody_can_estimate_is_refused_under_a_cap(tmp_path: Path) -> None:
    """Nothing is sent, unless the suite allows it: then it is said."""
    strict = suite_of(tmp_path, 'max_spend = "1 USD"\n' + TEXT, targets=("genpro",))
    lax = suite_of(tmp_path, 'max_spend = "1 USD"\nallow_unpriced = true\n' + TEXT, targets=("genpro",))

    with pytest.raises(Problems, match="nobody can say what this costs"):
        run_once(strict, tmp_path)
    results, _ = run_once(lax, tmp_path)

    assert {"succeeded": 4} == outcomes(results)
    assert "the cap counts only what has an estimate or a price" in results.notes


def test_what_an_earlier_run_spent_counts(tmp_path: Path) -> None:
    """The cap is of the comparison, not of a process; a higher one goes on, and buys only what is missing."""
    cap = suite_of(tmp_path, "max_spend = 3\n" + TEXT, targets=("adgen",), repetitions=4)
    more = suite_of(tmp_path, "max_spend = 6\n" + TEXT, targets=("adgen",), repetitions=4)

    async def work() -> list[tuple[Counter[str], int]]:
        found: list[tuple[Counter[str], int]] = []
        store = MemoryStore()
        async with world() as it:
            for suite in (cap, cap, more):
                async with it.hub(store) as hub:
                    results = await it.run(suite, tmp_path, hub)
                    found.append((outcomes(results), it.made()["adgen"]))
        return found

    first, again, then = on_a_loop(work())

    assert ({"succeeded": 3, "not_run": 5}, 3) == first == again
    assert ({"succeeded": 6, "not_run": 2}, 6) == then


def test_what_was_bought_without_a_price_counts_by_its_estimate(tmp_path: Path) -> None:
    """A price that is set later does not make the earlier runs free under a cap in money."""
    before = suite_of(tmp_path, targets=("adgen",), repetitions=1)
    after = suite_of(tmp_path, 'max_spend = "0.15 USD"\n' + TEXT, targets=("adgen",), repetitions=4)

    async def work() -> int:
        store = MemoryStore()
        async with world() as it:
            accounts = {"adgen": evolve(it.accounts()["adgen"], price=None)}
            async with Hub(accounts, journal=store, clock=it.clock) as hub:
                await it.run(before, tmp_path, hub)
            async with it.hub(store) as hub:
                await it.run(after, tmp_path, hub)
            return it.made()["adgen"]

    assert 3 == on_a_loop(work())


# Going on


def test_running_it_again_buys_nothing_and_sees_the_same(tmp_path: Path) -> None:
    """Not under other labels either; more repetitions buy only those."""
    suite = suite_of(tmp_path, actors=EVEN)
    renamed = suite_of(tmp_path, TEXT.replace('"Launch"', '"Start"'), seed=99)
    more = suite_of(tmp_path, repetitions=3)

    async def work() -> tuple[list[Results], list[int]]:
        seen: list[Results] = []
        made: list[int] = []
        store = MemoryStore()
        async with world() as it:
            for each in (suite, suite, renamed, more):
                async with it.hub(store) as hub:
                    seen.append(await it.run(each, tmp_path, hub))
                    made.append(sum(it.made().values()))
        return seen, made

    (first, again, third, _), made = on_a_loop(work())

    assert [10, 10, 10, 15] == made
    assert (first.observations, first.began_at) == (again.observations, again.began_at)
    assert {each.job for each in first.observations} == {each.job for each in third.observations}


def test_a_fresh_run_buys_anew(tmp_path: Path) -> None:
    """Under its name, and that only once."""
    suite = suite_of(tmp_path)

    async def work() -> list[int]:
        made: list[int] = []
        store = MemoryStore()
        async with world() as it:
            for fresh in (None, "tuesday", "tuesday"):
                async with it.hub(store) as hub:
                    await it.run(suite, tmp_path, hub, fresh=fresh)
                    made.append(sum(it.made().values()))
        return made

    assert [10, 20, 20] == on_a_loop(work())


def test_what_was_refused_is_asked_again_by_a_later_run(tmp_path: Path) -> None:
    """Nothing was bought; whoever had no credits then may have some now."""
    suite = suite_of(tmp_path, targets=("adgen",), repetitions=1)

    async def work() -> tuple[Results, Results, int]:
        store = MemoryStore()
        async with world() as it:
            it.sims.adgen.script(Scenario(http=402, times=1))
            async with it.hub(store) as hub:
                first = await it.run(suite, tmp_path, hub)
            async with it.hub(store) as hub:
                return first, await it.run(suite, tmp_path, hub), it.made()["adgen"]

    first, second, made = on_a_loop(work())

    assert [{"refused": 1, "succeeded": 1}, {"succeeded": 2}] == [outcomes(first), outcomes(second)]
    assert 2 == made


def test_whoever_is_cut_off_goes_on_later(tmp_path: Path) -> None:
    """What was on its way is read by the next run, and its time is not what nobody watched."""
    suite = suite_of(tmp_path, repetitions=6, timeout=None)

    async def work() -> tuple[Results, int]:
        store = MemoryStore()
        async with world() as it:
            for name in NAMES:
                it.sims[name].script(Scenario(queue=4, duration=36, times=None))
            async with it.hub(store) as hub:
                task = asyncio.create_task(it.run(suite, tmp_path, hub))
                await it.clock.sleep(90)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            before = sum(it.made().values())
            assert 3 < before < 30
            await it.clock.sleep(5000)
            async with it.hub(store) as hub:
                return await it.run(suite, tmp_path, hub), sum(it.made().values())

    results, made = on_a_loop(work())

    assert {"succeeded": 30, "unsupported": 6} == outcomes(results)
    assert 30 == made
    cut = [each for each in results.observations if each.censored]
    assert cut
    assert all((each.spans.total or 0.0) < 45 for each in results.observations)


# Routes, files, checks


def test_a_route_is_a_target_like_any_other(tmp_path: Path) -> None:
    """Who did it in the end is said, over how many attempts, and what all of them cost; results are not used again."""
    suite = suite_of(tmp_path, targets=("captions", "adgen"))
    route = Route(accounts=("powerpost", "genpro"), portability="adjust", reuse=3600)

    async def work() -> tuple[Results, dict[str, int]]:
        async with world() as it, it.hub(captions=route) as hub:
            it.sims.powerpost.script(Scenario(outcome="failed", error="policy", times=1))
            return await it.run(suite, tmp_path, hub), it.made()

    results, made = on_a_loop(work())

    mine = results.of("captions")
    assert {"succeeded": 4} == outcomes(results, "captions")
    assert {("Launch", "genpro", 2), ("Launch", "powerpost", 1), ("Shelf", "genpro", 1)} == {
        (each.case, each.account, each.attempts) for each in mine
    }
    assert {"powerpost": 2, "adgen": 4, "genpro": 3} == made


def test_files_are_fetched_and_timed_apart(tmp_path: Path) -> None:
    """Their time is no part of the run's, and is known by a later run too."""
    suite = suite_of(tmp_path, PICTURE)

    async def work() -> tuple[Results, Results]:
        store = MemoryStore()
        async with world() as it:
            it.sims.powerpost.script(Scenario(fault="slow", delay=7, on="download", times=1))
            async with it.hub(store) as hub:
                first = await it.run(suite, tmp_path / "out", hub)
            async with it.hub(store) as hub:
                return first, await it.run(suite, tmp_path / "out", hub)

    first, second = on_a_loop(work())

    (seen,) = first.observations
    assert seen.spans.download is not None and seen.spans.total is not None
    assert seen.spans.download >= 7.0
    assert seen.spans.total < 50.0
    assert seen.files and all((tmp_path / "out" / name).is_file() for name in seen.files)
    assert all(name.startswith("media/") for name in seen.files)
    assert first.observations == second.observations


def test_files_that_are_gone_take_no_result_with_them(tmp_path: Path) -> None:
    """The run succeeded; that its output could not be fetched is another matter."""
    suite = suite_of(tmp_path, PICTURE)

    async def work() -> Results:
        async with world() as it, it.hub() as hub:
            it.sims.powerpost.script(Scenario(http=404, on="download", times=None))
            return await it.run(suite, tmp_path / "out", hub)

    (seen,) = on_a_loop(work()).observations

    assert (Outcome.SUCCEEDED, (), None) == (seen.outcome, seen.files, seen.spans.download)


def test_what_was_made_is_judged(tmp_path: Path) -> None:
    """With the file of each output; a judge that stumbles takes no result with it."""
    suite = suite_of(tmp_path, PICTURE)
    shown: list[tuple[str, int, bool]] = []

    async def judge(request: Any, outputs: Any, files: Any) -> tuple[Check, ...]:
        shown.append((request.kind, len(outputs), all(file.is_file() for file in files)))
        return (Check(name="aspect", passed=False, said="too wide"),)

    async def stumble(request: Any, outputs: Any, files: Any) -> tuple[Check, ...]:
        raise RuntimeError("over a cable")

    async def work(who: Any) -> Results:
        async with world() as it, it.hub() as hub:
            return await it.run(suite, tmp_path / "out", hub, judge=who)

    (seen,) = on_a_loop(work(judge)).observations
    (other,) = on_a_loop(work(stumble)).observations

    assert [("image", 1, True)] == shown
    assert (False, ("aspect",)) == (seen.usable, tuple(each.name for each in seen.checks))
    assert (Outcome.SUCCEEDED, ()) == (other.outcome, other.checks)


def test_whoever_looks_on_is_told_of_every_step(tmp_path: Path) -> None:
    """From the sending to the end, with the money so far."""
    suite = suite_of(tmp_path, targets=("genpro",), repetitions=1, actors={"genpro": even(30)})
    told: list[tuple[int, str]] = []

    async def work() -> Results:
        async with world() as it, it.hub() as hub:
            return await it.run(
                suite, tmp_path, hub, changed=lambda each: told.append((each.trial.position, each.word))
            )

    on_a_loop(work())

    for position in (1, 2):
        words = [word for at, word in told if at == position]
        assert ["sending", "queued", "running", "fetching", "succeeded"] == words
