"""What finished jobs taught: costs by usable result, times to ready, each attempt once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genhub import Attempt, Entry, EntryKind, Evidence, Status
from genhub._jobs import Ref
from genhub.routing._learned import REMEMBERED, Cost, Learned

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHERE = ("ours", "captions")
#: However slow the machine is.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def line(amount: str | Decimal | None, kind: EntryKind = EntryKind.CHARGE, sequence: int = 1) -> Entry:
    number = None if amount is None else Decimal(amount)
    return Entry(kind=kind, sequence=sequence, amount=number, evidence=Evidence.REPORTED, at=NOON)


def ended(
    number: int,
    *lines: Entry,
    status: Status = Status.SUCCEEDED,
    seconds: float = 10,
    account: str = "ours",
    doubt: str | None = None,
) -> Attempt:
    """An attempt that was accepted at noon and ended so many seconds later."""
    return Attempt(
        id=f"j{number}.1",
        job_id=f"j{number}",
        number=1,
        account=account,
        provider="acme",
        kind="captions",
        unit="acme credits",
        created_at=NOON - timedelta(seconds=1),
        status=status,
        ref=Ref(id=str(number), kind="captions"),
        entries=lines,
        doubt=doubt,
        submitted_at=NOON,
        finished_at=NOON + timedelta(seconds=seconds),
    )


def told(*attempts: Attempt) -> Learned:
    learned = Learned()
    for attempt in attempts:
        learned.took(attempt)
    return learned


def per_result(learned: Learned) -> Decimal | None:
    cost = learned.cost(*WHERE)
    return None if cost is None else cost.per_result


def figures(learned: Learned) -> tuple[Any, ...]:
    """Everything that can be asked."""
    times = (learned.seconds(*WHERE, quantile) for quantile in (0.1, 0.5, 0.9, 0.95))
    return (learned.cost(*WHERE), learned.count(*WHERE), *times)


prices = st.decimals(min_value=0, max_value=10_000, places=2)
ends = st.sampled_from([Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.EXPIRED, Status.CANCELED])


@st.composite
def finished(draw: st.DrawFn, number: int) -> Attempt:
    charge = draw(st.none() | prices)
    lines = [line(charge)]
    if charge is not None and draw(st.booleans()):
        lines.append(line(draw(st.decimals(min_value=0, max_value=charge, places=2)), EntryKind.REFUND, 2))
    seconds = draw(st.floats(min_value=0, max_value=86_400))
    return ended(number, *lines, status=draw(ends), seconds=seconds, doubt=draw(st.none() | st.just("not clear")))


several = st.integers(min_value=0, max_value=30).flatmap(lambda many: st.tuples(*(finished(at) for at in range(many))))


def test_a_service_that_keeps_the_money_of_failures_is_dearer_than_its_price() -> None:
    """Three charges of 10, two results: 15 for each."""
    learned = told(ended(1, line("10")), ended(2, line("10"), status=Status.FAILED), ended(3, line("10")))

    assert Cost(per_result=Decimal(15), samples=3, success=2 / 3) == learned.cost(*WHERE)


def test_what_came_back_does_not_count() -> None:
    """A refunded failure costs nothing, but is a failure."""
    refunded = ended(2, line("10"), line("10", EntryKind.REFUND, 2), status=Status.FAILED)

    assert Cost(per_result=Decimal(10), samples=2, success=0.5) == told(ended(1, line("10")), refunded).cost(*WHERE)


def test_what_is_only_bounded_counts_as_the_most_it_may_have_cost() -> None:
    """A canceled job whose charge may have been kept."""
    canceled = ended(2, line("3"), status=Status.CANCELED, doubt="not documented whether the charge is kept")

    assert Cost(per_result=Decimal(6), samples=2, success=0.5) == told(ended(1, line("3")), canceled).cost(*WHERE)


def test_what_nobody_can_say_is_left_out() -> None:
    """A result of unknown price is no result for nothing; its time is known all the same."""
    learned = told(ended(1, line("3")), ended(2, line(None)), ended(3, line(None), status=Status.FAILED))

    assert Cost(per_result=Decimal(3), samples=1, success=1.0) == learned.cost(*WHERE)
    assert 2 == learned.count(*WHERE)


@pytest.mark.parametrize("amount", ["1E+12", "-1E+13", "1E+999999", "Infinity"])
def test_an_absurd_figure_is_not_believed(amount: str) -> None:
    """It would spoil the sum for good."""
    learned = told(ended(1, line("3")), ended(2, line(amount)))

    assert Cost(per_result=Decimal(3), samples=1, success=1.0) == learned.cost(*WHERE)


def test_nothing_is_known_without_a_result() -> None:
    """Failures alone have no price by result, and no time."""
    learned = told(ended(1, line("10"), status=Status.FAILED))

    assert (None, 0, None, None, None, None) == figures(learned)
    assert (None, 0, None, None, None, None) == figures(Learned())


def test_accounts_and_kinds_are_apart() -> None:
    """What one learned says nothing of another."""
    learned = told(ended(1, line("10")), ended(2, line("4"), account="theirs"))

    assert Decimal(4) == getattr(learned.cost("theirs", "captions"), "per_result", None)
    assert (1, 1, 0) == tuple(learned.count(*place) for place in (WHERE, ("theirs", "captions"), ("ours", "video")))


def test_an_attempt_that_never_reached_the_vendor_teaches_nothing() -> None:
    """A refusal is news of the account's health, not of its price."""
    refused = evolve(ended(1, status=Status.FAILED), ref=None)
    learned = told(refused)

    assert not learned.unsaved
    assert told(ended(2, line("3"))).cost(*WHERE) == told(refused, ended(2, line("3"))).cost(*WHERE)


def test_a_correction_replaces() -> None:
    """A refund that came late takes the place of the charge that stood there."""
    learned = told(ended(1, line("10"), seconds=5), ended(2, line("10"), seconds=10), ended(3, line("10"), seconds=30))
    assert (Decimal(10), 10) == (per_result(learned), learned.seconds(*WHERE))
    learned.took(ended(2, line("10"), line("6", EntryKind.REFUND, 2), seconds=20))

    assert (Decimal(8), 20, 3) == (per_result(learned), learned.seconds(*WHERE), learned.count(*WHERE))


def test_what_comes_back_to_life_is_forgotten_until_it_ends() -> None:
    """A stopped attempt that is continued, or may be, has nothing to teach yet."""
    stopped = ended(1, line("10"), status=Status.STOPPED)
    for alive in (evolve(stopped, status=Status.RUNNING, finished_at=None), evolve(stopped, resuming_at=NOON)):
        learned = told(stopped, ended(2, line("10")), alive)
        assert Cost(per_result=Decimal(10), samples=1, success=1.0) == learned.cost(*WHERE)
        assert not told(alive).unsaved


@pytest.mark.parametrize(
    "changes",
    [{"leg": 1}, {"submitted_at": None}, {"finished_at": NOON - timedelta(seconds=5)}],
    ids=["resumed", "cut off", "the clock was set back"],
)
def test_a_time_that_was_not_measured_is_left_out(changes: dict[str, Any]) -> None:
    """Its cost counts all the same."""
    learned = told(evolve(ended(1, line("3")), **changes))

    assert (None, 0) == (learned.seconds(*WHERE), learned.count(*WHERE))
    assert Cost(per_result=Decimal(3), samples=1, success=1.0) == learned.cost(*WHERE)


def test_a_result_that_is_the_answer_took_as_long_as_the_call() -> None:
    """Submitted and finished in one moment: it is not ready after no time."""
    assert 1.0 == told(ended(1, line("3"), seconds=0)).seconds(*WHERE)


def test_a_quantile_needs_samples_beyond_it() -> None:
    """A hedge on a guess is not made: 20 for the 95th percentile, 10 for the 90th, 1 for the median."""
    for quantile, needed in ((0.5, 1), (0.9, 10), (0.95, 20), (0.99, 100)):
        attempts = [ended(at, seconds=at + 1) for at in range(needed)]
        assert told(*attempts[1:]).seconds(*WHERE, quantile) is None
        assert max(1, round(quantile * needed)) == told(*attempts).seconds(*WHERE, quantile)


@pytest.mark.parametrize("quantile", [0, 1, -0.5, 95, float("nan")])
def test_a_quantile_that_is_none_is_refused(quantile: float) -> None:
    """95 is not 0.95."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Learned().seconds(*WHERE, quantile)


def test_the_memory_is_bounded_and_ages() -> None:
    """The oldest go first; a correction of an old one makes it no younger."""
    learned = told(*(ended(at, line("1"), seconds=1) for at in range(REMEMBERED)))
    learned.took(ended(0, line("2"), seconds=2))
    assert Decimal(REMEMBERED + 1) / REMEMBERED == per_result(learned)

    learned.took(ended(REMEMBERED, line("7"), seconds=7))
    assert Decimal(REMEMBERED + 6) / REMEMBERED == per_result(learned)
    for at in range(REMEMBERED, 3 * REMEMBERED):
        learned.took(ended(at, line("7"), seconds=7))
    assert Cost(per_result=Decimal(7), samples=REMEMBERED, success=1.0) == learned.cost(*WHERE)
    assert (REMEMBERED, 7, 7) == (learned.count(*WHERE), learned.seconds(*WHERE, 0.01), learned.seconds(*WHERE, 0.99))
    assert REMEMBERED == len(learned.facts()["ours"]["captions"])


@patient
@given(several, st.data())
def test_told_twice_counts_once(attempts: Sequence[Attempt], data: st.DataObject) -> None:
    """Looking at the same books again teaches nothing new."""
    learned = told(*attempts)
    before, facts = figures(learned), learned.facts()
    learned.saved()
    for attempt in data.draw(st.lists(st.sampled_from(attempts)) if attempts else st.just([])):
        learned.took(attempt)

    assert (before, facts, False) == (figures(learned), learned.facts(), learned.unsaved)


@patient
@given(several, st.randoms(use_true_random=False))
def test_the_order_of_news_does_not_matter(attempts: Sequence[Attempt], chance: Any) -> None:
    """Nor does what was believed of an attempt before."""
    shuffled = [*attempts, *(evolve(attempt, entries=(line("77"),)) for attempt in attempts[::2])]
    chance.shuffle(shuffled)

    assert figures(told(*attempts)) == figures(told(*shuffled, *attempts[::2]))


@patient
@given(several)
def test_results_times_their_cost_is_what_was_paid(attempts: Sequence[Attempt]) -> None:
    """Nothing that was paid is lost in the average."""
    spent = [(attempt, attempt.credits) for attempt in attempts]
    known = [(attempt, total.high if total.net is None else total.net) for attempt, total in spent]
    paid = [(attempt.status, amount) for attempt, amount in known if amount is not None]
    results = sum(status is Status.SUCCEEDED for status, _ in paid)
    cost = told(*attempts).cost(*WHERE)

    assert (results > 0) == (cost is not None)
    if cost is not None:
        assert (len(paid), results / len(paid)) == (cost.samples, cost.success)
        assert sum(amount for _, amount in paid) == round(cost.per_result * results, 12)


@patient
@given(several, st.floats(min_value=0.001, max_value=0.999), st.floats(min_value=0.001, max_value=0.999))
def test_quantiles_are_times_that_were_seen_and_rise(attempts: Sequence[Attempt], one: float, other: float) -> None:
    """Between the shortest and the longest, and no lower for more."""
    learned = told(*attempts)
    times = [1.0 if each.finished_at == NOON else (each.finished_at - NOON).total_seconds()
             for each in attempts if each.status is Status.SUCCEEDED and each.finished_at is not None]  # fmt: skip
    low, high = (learned.seconds(*WHERE, quantile) for quantile in sorted((one, other)))

    assert len(times) == learned.count(*WHERE)
    assert all(each is None or each in times for each in (low, high))
    if low is not None and high is not None:
        assert min(times) <= low <= high <= max(times)


@patient
@given(several)
def test_facts_pass_through_the_journal(attempts: Sequence[Attempt]) -> None:
    """As JSON and back: the same answers, and corrections still replace."""
    learned, again = told(*attempts), Learned()
    again.restore(json.loads(json.dumps(learned.facts())))

    assert (figures(learned), learned.facts(), False) == (figures(again), again.facts(), again.unsaved)
    for attempt in attempts:
        again.took(attempt)
    assert (figures(learned), False) == (figures(again), again.unsaved)


def test_restored_facts_are_older_than_what_is_known() -> None:
    """What this process saw of an attempt stays, and the restored ones go first."""
    earlier = told(*(ended(at, line("1")) for at in range(REMEMBERED))).facts()
    learned = told(ended(0, line("5")), ended(-1, line("9")))
    learned.restore(earlier)
    ids = [row[0] for row in learned.facts()["ours"]["captions"]]

    assert (REMEMBERED, ["j2.1", "j3.1"], ["j0.1", "j-1.1"]) == (len(set(ids)), ids[:2], ids[-2:])
    assert Decimal(REMEMBERED - 2 + 5 + 9) / REMEMBERED == per_result(learned)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
rows = st.lists(junk | st.tuples(st.text(), junk, junk, junk).map(list), max_size=5)
kinds = st.dictionaries(st.just("captions") | st.text(), rows | junk)
facts = junk | st.dictionaries(st.just("ours") | st.text(), kinds)


@patient
@given(facts)
def test_facts_that_make_no_sense_are_passed_over(facts: Any) -> None:
    """Whatever is in the journal, the hub opens and can be asked."""
    learned = Learned()
    learned.restore(facts)
    learned.took(ended(1, line("3")))

    assert learned.cost(*WHERE) is not None
    json.dumps(learned.facts(), allow_nan=False)


def test_one_bad_row_does_not_spoil_the_others() -> None:
    """The good ones are read."""
    bad = [None, "abcd", [], ["x"], ["x", 1, "3", 1.0], [7, True, "3", 1.0], ["x", True, "much", 1.0],
           ["x", True, "3", -1.0], ["x", True, "3", "nan"], ["y", True, "3", float("inf")],
           ["x", True, "3", [1]]]  # fmt: skip
    learned = Learned()
    learned.restore({"ours": {"captions": [*bad, ["j1.1", True, "3", 10.0]], "video": 3}, "other": None})
    learned.restore({"theirs": {"captions": [["z", True, "NaN", 1.0]]}})

    assert {
        "ours": {"captions": [["j1.1", True, "3", 10.0]]},
        "theirs": {"captions": [["z", True, None, 1.0]]},
    } == learned.facts()


def test_what_was_learned_while_facts_were_written_is_still_to_be_saved() -> None:
    """`saved` speaks of the facts that were handed out, not of later ones."""
    learned = told(ended(1, line("3")))
    assert learned.unsaved
    learned.facts()
    assert learned.unsaved
    learned.took(ended(2, line("3")))
    learned.saved()
    assert learned.unsaved
    learned.facts()
    learned.saved()
    assert not learned.unsaved
