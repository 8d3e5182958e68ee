"""History: every comparison stays, and what changed beyond noise is said at the stated rate."""

from __future__ import annotations

import errno
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genhub import ConfigError, TextRequest
from genhub.compare import _exports, _history
from genhub.compare._changes import Change, Changes
from genhub.compare._records import Case, Observation, Outcome, Results
from tests.compare import _results as made

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def slim(results: Results) -> Results:
    """What a history holds of a comparison: all but what was made."""
    return evolve(results, observations=tuple(evolve(each, outputs=(), files=()) for each in results.observations))


def against(old: Results, new: Results, **more: Any) -> Changes:
    return _history.against(old, new, made.SUMMARY, **more)


def about(changes: Changes, what: str, target: str = "alpha") -> Change:
    (found,) = [each for each in changes.changes if (each.target, each.what) == (target, what)]
    return found


def shifted(results: Results, outcome: Outcome, *, target: str, case: str) -> Results:
    """The same, but one target's runs of one case all end like this."""
    return evolve(
        results,
        observations=tuple(
            evolve(each, outcome=outcome, checks=()) if (each.target, each.case) == (target, case) else each
            for each in results.observations
        ),
    )


@quick
@given(several=st.lists(made.results, min_size=1, max_size=4))
def test_a_history_comes_back_in_its_order(several: list[Results], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A line each, whatever the texts; what was made stays in results.json."""
    path = tmp_path_factory.mktemp("h") / "new" / "history.jsonl"
    for results in several:
        _history.append(results, made.SUMMARY, path)

    assert len(several) == path.read_bytes().count(b"\n")
    assert [slim(each) for each in several] == _history.read(path)


def test_results_and_folders_are_read_too(tmp_path: Path) -> None:
    """Whoever has the results of a run needs no history to compare with it."""
    results = made.run()
    _exports.write(results, made.SUMMARY, tmp_path)

    assert [results] == _history.read(tmp_path) == _history.read(tmp_path / "results.json")


def test_a_cut_at_any_byte_costs_only_the_last_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a crash left of the last line, the lines before it are read, and the next one is whole."""
    path = tmp_path / "history.jsonl"
    first, second, third = (made.run(seed, cases=("a",), repetitions=1, targets=("alpha",)) for seed in (1, 2, 3))
    _history.append(first, made.SUMMARY, path)
    whole = path.stat().st_size
    _history.append(second, made.SUMMARY, path)
    data = path.read_bytes()
    for cut in range(whole + 1, len(data) - 1):
        path.write_bytes(data[:cut])
        with caplog.at_level(logging.WARNING, "genhub.compare"):
            assert [slim(first)] == _history.read(path)
        assert f"{path}:2: the line is cut off, as by a crash; it is left out" == caplog.messages[-1]
    _history.append(third, made.SUMMARY, path)

    found = _history.scan(path)
    assert ((slim(first), slim(third)), 1) == (found.results, len(found.notes))


def test_only_the_line_end_is_missing(tmp_path: Path) -> None:
    """A last line that is whole but for its end is a line."""
    path = tmp_path / "history.jsonl"
    _history.append(made.run(1), made.SUMMARY, path)
    path.write_bytes(path.read_bytes()[:-1])
    _history.append(made.run(2), made.SUMMARY, path)

    assert [slim(made.run(1)), slim(made.run(2))] == _history.read(path)


def test_several_append_at_once(tmp_path: Path) -> None:
    """No line gets into another."""
    path = tmp_path / "history.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda seed: _history.append(made.run(seed), made.SUMMARY, path), range(1, 17)))

    assert list(range(1, 17)) == sorted(each.seed for each in _history.read(path))


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, and the file is as it was."""
    path = tmp_path / "history.jsonl"
    _history.append(made.run(1), made.SUMMARY, path)
    before, write = path.read_bytes(), os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 5000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ConfigError, match=r"can't be written \(No space left on device\)"):
        _history.append(made.run(2), made.SUMMARY, path)

    assert before == path.read_bytes()


@pytest.mark.parametrize(
    "content", [b"[suite]\nname = 'x'\n", b'{"a": 1}\n', b"\x89PNG\r\n", b'{"genhub": "comparison"}']
)
def test_nothing_is_added_to_a_file_of_another_kind(content: bytes, tmp_path: Path) -> None:
    """A suite that was named by mistake is not spoiled, nor is a results.json."""
    path = tmp_path / "suite.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"suite\.toml: the file is no history of comparisons; nothing was added"):
        _history.append(made.run(), made.SUMMARY, path)

    assert content == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"[suite]\n", r"old:1: the file is neither a comparison nor a history of some"),
        (b'{"a": 1}', "is JSON, but no comparison"),
        (b'{"a": 1}\n{"b": 2}\n', r"old:1: the file is JSON, but no comparison"),
        (b"\xff\xfe\x00", "neither a comparison nor a history"),
        (b'{"genhub":"comparison","format":1,"verd', "holds no whole comparison"),
        (b'{"genhub":"comparison","format":9}\n', "its format is 9"),
    ],
)
def test_a_wrong_file_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    """What is wrong, where, and what to do."""
    path = tmp_path / "old"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=said) as caught:
        _history.read(path)

    assert caught.value.remedy is not None
    assert str(path) in str(caught.value)


def test_a_wrong_place_is_named(tmp_path: Path) -> None:
    """A folder without results, and a file that is not there."""
    with pytest.raises(ConfigError, match=r"the folder has no results\.json\. Name the folder of a comparison"):
        _history.read(tmp_path)
    with pytest.raises(ConfigError, match=r"none: can't be read \(No such file or directory\)"):
        _history.read(tmp_path / "none")


def test_the_latest_of_the_same_requests_is_taken() -> None:
    """Not the run itself, which may be in the history already, and not one of other requests."""
    first, second, new = made.run(1), made.run(2), made.run(3)
    other = made.run(9, fingerprint="f2")

    assert second == _history.latest([first, second, other, slim(new)], new)
    assert other == _history.latest([other, new], new)
    with pytest.raises(ConfigError, match="there is no older run to compare with"):
        _history.latest([slim(new)], new)


@pytest.mark.parametrize("repetitions", [1, 4])
def test_a_against_a_is_no_change_at_the_stated_rate(repetitions: int) -> None:
    """Of runs that differ by chance alone, at most 5 % are called changed, over all comparisons together."""
    runs = 200
    called = 0
    for seed in range(runs):
        old = made.run(2 * seed + 1, repetitions=repetitions, success=0.8)
        new = made.run(2 * seed + 2, repetitions=repetitions, success=0.8)
        called += any(each.turn in ("worse", "better") for each in against(old, new).changes)

    assert called <= 18  # P(more than 18 of 200 at 5 %) < 0.5 %


def test_the_interval_of_a_ratio_covers_the_truth() -> None:
    """Twice as slow is within the bounds at their level, and so is the mean of a score."""
    runs, seconds, scores = 150, 0, 0
    for seed in range(runs):
        old = made.run(2 * seed + 1, targets=("alpha",), repetitions=3)
        new = made.run(2 * seed + 2, targets=("alpha",), repetitions=3, slower=2, score=6)
        changes = against(old, new)
        time, score = about(changes, "seconds").difference, about(changes, "score").difference
        seconds += (time.low or 9) <= 2 <= (time.high or 0)
        scores += (score.low or 9) <= 1 <= (score.high or 0)

    assert 143 <= seconds  # each is held at more than 99 %
    assert 143 <= scores


def test_a_doubled_time_is_found() -> None:
    """And only that, whatever the requests take by themselves."""
    changes = against(made.run(1), made.run(2, slower=2))

    assert {("alpha", "seconds"), ("beta", "seconds")} == {
        (each.target, each.what) for each in changes.changes if each.turn == "worse"
    }
    assert changes.worse
    assert "Worse beyond noise: alpha in time to ready, beta in time to ready." == changes.said[0]
    assert changes.said[1].startswith("alpha: time to ready went from ")
    assert ("alpha: no change shown in success, cost in credits, cost in USD, "
            "check length, score taste") in changes.said  # fmt: skip
    assert made.SUMMARY.verdict.sentence == changes.verdict


def test_what_got_better_is_no_failure() -> None:
    """Half the time, and a score that rose: said, and the exit code is 0."""
    changes = against(made.run(1), made.run(2, slower=0.5, score=9))

    assert ("better", "better") == (about(changes, "seconds").turn, about(changes, "score").turn)
    assert not changes.worse
    assert changes.said[0].startswith("Better beyond noise: ")


def test_a_loss_of_success_is_found() -> None:
    """A share is told in points; what fails costs a usable result more."""
    changes = against(made.run(1, success=1, repetitions=10), made.run(2, success=0.4, repetitions=10))

    assert ("worse", "worse") == (about(changes, "success").turn, about(changes, "credits").turn)
    assert "success went from 100 % to " in about(changes, "success").said
    assert " points (-" in about(changes, "success").said


def test_a_fixed_price_that_rose_is_found() -> None:
    """Prices that never vary are no noise: enough of them say a change."""
    old, new = (made.run(seed, success=1, price=price) for seed, price in ((1, 3), (2, 4)))
    old, new = (evolve(run, observations=tuple(evolve(o, checks=()) for o in run.observations)) for run in (old, new))
    change = about(against(old, new), "money")

    assert ("worse", "USD", 0.3, 0.4) == (change.turn, change.unit, round(change.old, 6), round(change.new, 6))
    assert (1.3333, 1.3333) == (round(change.difference.low or 0, 4), round(change.difference.high or 0, 4))
    assert "alpha: cost in USD of a usable result went from 0.3 to 0.4 USD, 1.33 times as much" in change.said


def test_two_prices_may_be_chance() -> None:
    """Two runs then and two now that differ could be dealt like this by chance."""
    old, new = (made.run(seed, success=1, price=price, cases=("a",), repetitions=2) for seed, price in ((1, 3), (2, 4)))
    old, new = (evolve(run, observations=tuple(evolve(o, checks=()) for o in run.observations)) for run in (old, new))
    change = about(against(old, new), "credits")

    assert ("too few", None) == (change.turn, change.difference.low)


def test_what_was_free_and_costs_now_is_told_in_amounts() -> None:
    """There is no multiple of nothing."""
    old, new = (made.run(seed, success=1, price=price) for seed, price in ((1, 0), (2, 4)))
    old, new = (evolve(run, observations=tuple(evolve(o, checks=()) for o in run.observations)) for run in (old, new))
    change = about(against(old, new), "credits")

    assert ("worse", "difference", 4) == (change.turn, change.scale, round(change.difference.value, 6))
    assert change.said.endswith("went from 0 to 4 credits, +4 (4 to 4): worse")


def test_one_run_claims_nothing() -> None:
    """No interval, and no verdict."""
    old, new = (made.run(seed, cases=("a",), repetitions=1, success=1, slower=seed) for seed in (1, 9))
    changes = against(old, new)

    assert {"too few"} == {each.turn for each in changes.changes}
    assert {None} == {each.difference.low for each in changes.changes}
    assert not changes.worse
    assert "Too few runs to tell what changed." == changes.said[0]


def test_time_outs_are_not_dropped() -> None:
    """When half of the runs time out, time got worse, and no row is lost."""
    changes = against(made.run(1, timeout=45, success=1), made.run(2, timeout=45, success=1, slower=4))

    assert "worse" == about(changes, "seconds").turn
    assert about(changes, "seconds").new <= 45


def test_a_longer_wait_is_no_change() -> None:
    """The old run gave up after 25 s and the new one after 100: neither success nor time changed by that."""
    changes = against(
        made.run(1, timeout=25, success=1, repetitions=12), made.run(2, timeout=100, success=1, repetitions=12)
    )

    found = [about(changes, what, target) for what in ("success", "seconds") for target in ("alpha", "beta")]
    assert ["no change shown"] * 4 == [each.turn for each in found]
    assert "The old run waited 25 s, the new one 100 s: times and success are as of the shorter" in changes.said


def test_statuses_seen_less_often_are_no_slowness() -> None:
    """A difference that the coarser look explains is not called one."""
    old, new = made.run(1), made.run(1)
    coarse = tuple(
        evolve(o, spans=evolve(o.spans, total=(o.spans.total or 0) + 4, resolution=8)) for o in new.observations
    )

    assert "no change shown" == about(against(old, evolve(new, observations=coarse)), "seconds").turn


def test_other_requests_are_refused() -> None:
    """Plainly, with how many are the same; asked for, the common ones are compared, and that is said."""
    old = made.run(1, cases=("a", "b", "c"))
    new = made.run(2, cases=("b", "c", "d", "e"), fingerprint="f2", slower=3)
    with pytest.raises(ConfigError, match=r"captions: the old results are of other requests: 2 of the 4 requests"):
        against(old, new)

    changes = against(old, new, common=True)
    assert ("b", "c") == changes.cases
    assert "Only the 2 requests that both have are compared: the old run asked for 3, the new one for 4" in changes.said
    assert 8 < about(changes, "seconds").old < 30  # of b and c


def test_a_case_of_the_same_name_asks_for_something_else() -> None:
    """Requests are told apart by what they ask for, not by their name; a new name is no new request."""
    old = made.run(1, cases=("a", "b"))
    cases = (Case(name="a", request=TextRequest(prompt="else")), Case(name="z", request=TextRequest(prompt="write b")))
    new = evolve(made.run(2, cases=("a", "z"), fingerprint="f2"), cases=cases)

    changes = against(old, new, common=True)
    assert ("z",) == changes.cases
    assert "Only the one request that both have is compared: the old run asked for 2, the new one for 2" in changes.said
    with pytest.raises(ConfigError, match="have no request in common"):
        against(old, evolve(new, cases=cases[:1]), common=True)


def test_targets_that_came_or_went_are_said() -> None:
    """What only one run has is named, and nothing is compared where no target is in both."""
    changes = against(made.run(1, targets=("alpha", "old")), made.run(2, targets=("alpha", "new")))

    assert (("new",), ("old",)) == (changes.came, changes.went)
    assert {"Only in the new run: new", "Only in the old run: old"} <= set(changes.said)
    with pytest.raises(ConfigError, match="the old results are of old, the new ones of new: no target is in both"):
        against(made.run(1, targets=("old",)), made.run(2, targets=("new",)))


def test_what_an_account_can_no_longer_do_is_worse() -> None:
    """It is no question of noise, and not of success."""
    changes = against(
        made.run(1, success=1), shifted(made.run(2, success=1), Outcome.UNSUPPORTED, target="alpha", case="b")
    )

    assert ((("alpha", "b"),), True) == (changes.lost, changes.worse)
    assert "alpha: can't do b any more: worse" in changes.said
    assert "Worse beyond noise: alpha in b, which it can't do any more." == changes.said[0]
    assert "no change shown" == about(changes, "success").turn


def test_caveats_are_said() -> None:
    """Simulators on one side, a run that is not complete, the wrong order."""
    said = against(made.run(5, simulated=True), made.run(2, complete=False)).said

    assert "The old run was at simulators, the other at the vendors: that is no change of a vendor" in said
    assert "The new run is not complete" in said
    assert "The old run began after the new one" in said


def test_costs_that_can_not_be_compared_are_said() -> None:
    """Other credits, runs that do not say what they cost, no usable result."""

    def paid(results: Results, unit: str, known: int) -> Results:
        return evolve(
            results,
            observations=tuple(
                evolve(each, credits=made.money(3, unit) if at < known else None, cost=None)
                for at, each in enumerate(results.observations)
            ),
        )

    one, other = (made.run(seed, targets=("alpha",), cases=("a",), repetitions=10) for seed in (1, 2))
    said = against(paid(one, "credits", 10), paid(other, "coins", 10)).said
    assert "alpha: credits are not compared: credits then, coins now" in said
    said = against(paid(one, "credits", 10), paid(other, "credits", 8)).said
    assert "alpha: credits are of the runs that say what they cost: 10 of 10 then, 8 of 10 now" in said
    said = against(one, shifted(other, Outcome.FAILED, target="alpha", case="a")).said
    assert "alpha: no usable result in the new run: no cost of one is compared" in said


def test_a_run_that_stopped_early_is_no_change_of_its_easy_cases() -> None:
    """Each request weighs the same on both sides, however many of its runs there are."""

    def fate(each: Observation) -> Observation:
        return evolve(each, outcome=Outcome.SUCCEEDED if each.case in ("a", "b") else Outcome.FAILED, checks=())

    old = made.run(1, repetitions=20, targets=("alpha",))
    old = evolve(old, observations=tuple(map(fate, old.observations)))
    kept = tuple(each for each in old.observations if each.case in ("c", "d") or each.repetition <= 2)
    new = evolve(old, observations=kept, complete=False, seed=2)

    change = about(against(old, new), "success")
    assert ("no change shown", 0) == (change.turn, change.difference.value)


@quick
@given(old=made.results, new=made.results)
def test_whatever_was_seen_is_said_or_refused(old: Results, new: Results) -> None:
    """No figure, outcome or text breaks the comparison."""
    old = evolve(old, fingerprint=new.fingerprint, targets=new.targets, cases=new.cases)
    names = [case.name for case in new.cases] or [""]
    both = [
        evolve(
            run,
            observations=tuple(
                evolve(each, case=names[at % len(names)], target=(new.targets or ("",))[0])
                for at, each in enumerate(run.observations)
            ),
        )
        for run in (old, new)
    ]
    if not new.targets or not new.cases:
        with pytest.raises(ConfigError):
            against(*both)
    else:
        assert against(*both).said
