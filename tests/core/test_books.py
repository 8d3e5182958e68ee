"""What each moment writes into the ledger: the table of design 4.3, row by row, and what news does to an attempt."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub import (
    Attempt,
    BillingProfile,
    Candidate,
    Effect,
    Entry,
    EntryKind,
    Evidence,
    Moment,
    NotFound,
    Output,
    ProviderUnavailable,
    Receipt,
    Ref,
    Rule,
    Snapshot,
    Status,
    _transitions,
)
from genhub._books import Page

AT = datetime(2026, 11, 23, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 1, tzinfo=UTC)
REF = Ref(id="v1", kind="k")
CHARGE, REFUND = EntryKind.CHARGE, EntryKind.REFUND
PICTURE = Output(kind="image", url="https://cdn.example.test/a.png")


def profile(**effects: Effect) -> BillingProfile:
    rules = tuple(Rule(moment=Moment(m), effect=effect, source="test") for m, effect in effects.items())
    return BillingProfile(
        unit="u",
        checked="2026-11-23",
        prices={"k": Decimal(3)},
        rules=(
            *rules,
            Rule(moment=Moment.SUBMIT, effect=Effect.CHARGE, source="test"),
            Rule(moment=Moment.REUSED, effect=Effect.NOTHING, source="test"),
            Rule(moment=Moment.RESUMED, effect=Effect.CHARGE, source="test"),
            Rule(moment=Moment.SUCCEEDED, effect=Effect.NOTHING, source="test"),
            Rule(moment=Moment.FAILED, effect=Effect.PARTIAL, source="test", outputs=True),
            Rule(moment=Moment.FAILED, effect=Effect.REFUND, source="test"),
            Rule(moment=Moment.STOPPED, effect=Effect.REFUND, source="test"),
        ),
    )


PROFILE = profile()


def attempt() -> Attempt:
    return Attempt(
        id="j.1", job_id="j", number=1, account="a", provider="p", kind="k", unit="u", created_at=AT,
        doubt=_transitions.LOST,
    )  # fmt: skip


def running(charged: str | None = "10") -> Attempt:
    receipt = Receipt(
        ref=REF, status=Status.RUNNING, raw_status="processing", charged=None if charged is None else Decimal(charged)
    )
    return _transitions.accepted(attempt(), receipt, PROFILE, AT)


def news(status: Status, **facts: object) -> Snapshot:
    return Snapshot(ref=REF, status=status, raw_status=f"their {status}", **facts)  # type: ignore[arg-type]


def see(now: Attempt, snapshot: Snapshot, rules: BillingProfile = PROFILE) -> Attempt:
    return _transitions.seen(now, snapshot, rules, LATER)


def lines(now: Attempt) -> list[tuple[EntryKind, Decimal | None, Evidence, bool]]:
    return [(each.kind, each.amount, each.evidence, each.whole) for each in now.entries]


def test_a_charge_that_the_answer_names_is_reported() -> None:
    """Row "submit", PowerPost and adgen."""
    assert [(CHARGE, Decimal(10), Evidence.REPORTED, False)] == lines(running("10"))
    assert running("10").credits.exact


def test_a_charge_that_the_answer_does_not_name_is_documented() -> None:
    """Row "submit", gen.pro."""
    assert [(CHARGE, None, Evidence.DOCUMENTED, False)] == lines(running(None))


def test_reused_charges_nothing() -> None:
    """Row "submit", adgen: an earlier live job was attached."""
    receipt = Receipt(ref=REF, status=Status.UNKNOWN, raw_status="reused", charged=Decimal(0), reused=True)
    now = _transitions.accepted(attempt(), receipt, PROFILE, AT)

    assert ((), Decimal(0), True, Status.UNKNOWN) == (now.entries, now.credits.net, now.credits.exact, now.status)


def test_reused_and_charged_all_the_same_is_not_hidden() -> None:
    """What the vendor reports counts more than what its documents promise."""
    receipt = Receipt(ref=REF, status=Status.UNKNOWN, raw_status="reused", charged=Decimal(3), reused=True)

    assert [(CHARGE, Decimal(3), Evidence.REPORTED, False)] == lines(
        _transitions.accepted(attempt(), receipt, PROFILE, AT)
    )


def test_success_at_a_lower_cost_refunds_the_difference() -> None:
    """Row "succeeded", PowerPost: a scrape that failed."""
    done = see(running("10"), news(Status.SUCCEEDED, cost=Decimal(7)))

    assert (REFUND, Decimal(3), Evidence.REPORTED, False) == lines(done)[1]
    assert (Decimal(7), True) == (done.credits.net, done.credits.exact)


def test_success_at_a_higher_cost_is_a_further_charge() -> None:
    """Section 8, "Books"."""
    done = see(running("10"), news(Status.SUCCEEDED, cost=Decimal(12)))

    assert (CHARGE, Decimal(2), Evidence.REPORTED, False) == lines(done)[1]
    assert Decimal(12) == done.credits.net


def test_success_names_the_amount_of_a_charge_that_was_not_said() -> None:
    """Row "succeeded", gen.pro: `execution_cost` is the whole charge."""
    done = see(running(None), news(Status.SUCCEEDED, cost=Decimal("2.5")))

    assert 1 == done.entries[1].settles
    assert (Decimal("2.5"), True) == (done.credits.net, done.credits.exact)


def test_failure_that_reports_its_cost_is_a_reported_refund() -> None:
    """Row "failed", PowerPost captions: `credits_used` 0."""
    ended = see(running("10"), news(Status.FAILED, cost=Decimal(0)))

    assert (REFUND, Decimal(10), Evidence.REPORTED, False) == lines(ended)[1]
    assert (Decimal(0), True) == (ended.credits.net, ended.credits.exact)


def test_failure_that_is_documented_to_refund_states_the_known_amount() -> None:
    """Row "failed", PowerPost video, adgen; section 8, "More of the same"."""
    ended = see(running("40"), news(Status.FAILED))

    assert (REFUND, Decimal(40), Evidence.DOCUMENTED, False) == lines(ended)[1]
    assert ended.error is not None


def test_failure_with_partial_results_refunds_an_unsaid_part() -> None:
    """Row "failed", PowerPost images."""
    ended = see(running("9"), news(Status.FAILED, outputs=(PICTURE,)))

    assert (REFUND, None, Evidence.DOCUMENTED, False) == lines(ended)[1]
    assert (None, Decimal(0), Decimal(9)) == (ended.credits.net, ended.credits.low, ended.credits.high)
    assert (PICTURE,) == ended.outputs


def test_the_size_of_a_partial_refund_settles_its_line_when_it_is_said() -> None:
    """Late news of the cost makes the pair exact."""
    ended = see(running("9"), news(Status.FAILED, outputs=(PICTURE,)))
    known = see(ended, news(Status.FAILED, outputs=(PICTURE,), cost=Decimal(4)))

    assert 2 == known.entries[2].settles
    assert (Decimal(4), True) == (known.credits.net, known.credits.exact)


def test_a_stop_refunds_all_of_what_was_not_said() -> None:
    """Row "stopped", gen.pro: `whole`."""
    stopped = see(running(None), news(Status.STOPPED))

    assert (REFUND, None, Evidence.DOCUMENTED, True) == lines(stopped)[1]
    assert (Decimal(0), True, None) == (stopped.credits.net, stopped.credits.exact, stopped.error)


def test_a_resume_is_charged_again_until_the_cost_is_said() -> None:
    """Row "resumed", gen.pro."""
    stopped = see(running(None), news(Status.STOPPED))
    again = _transitions.resumed(stopped, news(Status.QUEUED), PROFILE, LATER)
    done = see(again, news(Status.SUCCEEDED, cost=Decimal("3.75")))

    assert (None, False) == (again.credits.net, again.credits.exact)
    assert (Status.QUEUED, None) == (again.status, again.finished_at)
    assert (Decimal("3.75"), True) == (done.credits.net, done.credits.exact)


@pytest.mark.parametrize("end", [Status.CANCELED, Status.EXPIRED])
def test_an_end_that_nobody_documents_claims_neither(end: Status) -> None:
    """Row "canceled, expired", adgen."""
    ended = see(running("3"), news(end))

    assert 1 == len(ended.entries)
    assert (None, Decimal(0), Decimal(3)) == (ended.credits.net, ended.credits.low, ended.credits.high)
    assert not ended.credits.exact
    assert ended.doubt is not None and "not documented" in ended.doubt


def test_a_continue_in_the_vendors_dashboard_is_a_new_charge() -> None:
    """Section 8, "More of the same": only `stopped` follows the vendor back to life."""
    stopped = see(running(None), news(Status.STOPPED))
    again = see(stopped, news(Status.RUNNING))

    assert (Status.RUNNING, False) == (again.status, again.credits.exact)
    assert (CHARGE, None, Evidence.DOCUMENTED, False) == lines(again)[2]


def test_a_job_that_comes_back_after_a_refund_stays_ended_and_is_not_exact() -> None:
    """Section 8, "Books": CutX may retry by itself."""
    failed = see(running("3"), news(Status.FAILED))
    revived = see(failed, news(Status.RUNNING))

    assert Status.FAILED is revived.status
    assert failed.entries == revived.entries
    assert not revived.credits.exact
    assert "late news" in revived.notes[-1].text
    assert see(revived, news(Status.RUNNING)) is revived


def test_a_result_that_comes_after_the_end_is_kept() -> None:
    """A completion that is seen late is not lost, although the status stays."""
    failed = see(running("3"), news(Status.FAILED))
    late = see(failed, news(Status.SUCCEEDED, outputs=(PICTURE,)))

    assert (Status.FAILED, (PICTURE,)) == (late.status, late.outputs)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.UNKNOWN])
def test_a_cost_beside_a_word_that_is_no_end_is_not_booked_yet(status: Status) -> None:
    """A vendor that revives an ended job says what it may cost: that is no final cost, and breaks nothing."""
    failed = see(running("10"), news(Status.FAILED, cost=Decimal(0)))
    revived = see(failed, news(status, cost=Decimal(7)))

    assert failed.entries == revived.entries
    assert "late news" in revived.notes[-1].text


def test_a_refund_that_lands_later_is_booked_once() -> None:
    """PowerPost: when the refund lands relative to `failed` is not documented."""
    failed = see(running("10"), news(Status.FAILED, cost=Decimal(10)))
    later = see(failed, news(Status.FAILED, cost=Decimal(0)))

    assert (Decimal(10), Decimal(0)) == (failed.credits.net, later.credits.net)
    assert see(later, news(Status.FAILED, cost=Decimal(0))) is later


statuses = st.sampled_from([s for s in Status if not s.in_doubt])
costs = st.none() | st.decimals(min_value=0, max_value=50, places=2)


@given(
    st.none() | st.decimals(min_value=0, max_value=50, places=2),
    st.lists(st.tuples(statuses, costs, st.booleans()), max_size=8),
)
def test_looking_twice_adds_nothing(charged: Decimal | None, story: list[tuple[Status, Decimal | None, bool]]) -> None:
    """Whatever a vendor says in whatever order: the same answer again writes nothing, and lines are only appended."""
    now = running(None if charged is None else str(charged))
    for status, cost, outputs in story:
        snapshot = news(status, cost=cost if status.is_final else None, outputs=(PICTURE,) if outputs else ())
        after = see(now, snapshot)
        assert now.entries == after.entries[: len(now.entries)]
        assert [each.sequence for each in after.entries] == list(range(1, len(after.entries) + 1))
        if now.status.is_final and now.status is not Status.STOPPED:
            assert now.status is after.status
        again = see(after, snapshot)
        assert again is after or again == after
        now = after
    assert now.credits.net is None or now.credits.net >= 0


def test_a_lost_submit_that_is_found_is_charged_as_the_list_says() -> None:
    """Adoption by a look: the vendor's own number."""
    found = Candidate(ref=REF, charged=Decimal(10))
    ours = _transitions.adopted(attempt(), found, "found", PROFILE, AT)

    assert [(CHARGE, Decimal(10), Evidence.REPORTED, False)] == lines(ours)
    assert (Status.QUEUED, None, "found") == (ours.status, ours.doubt, ours.notes[-1].text)


def test_a_lost_submit_that_is_reused_in_its_replay_was_charged_the_documented_price() -> None:
    """Section 8: the first one was charged; evidence `documented`."""
    ours = _transitions.adopted(attempt(), Candidate(ref=REF), "replayed", PROFILE, AT)

    assert [(CHARGE, Decimal(3), Evidence.DOCUMENTED, False)] == lines(ours)


def test_a_submit_that_never_was_costs_exactly_nothing() -> None:
    """Settled as not submitted: failed, nothing charged, exact."""
    never = _transitions.not_submitted(attempt(), "three looks found none", AT)

    assert never.error is not None
    assert (Status.FAILED, "not_submitted") == (never.status, never.error.kind)
    assert (Decimal(0), True) == (never.credits.net, never.credits.exact)


@pytest.mark.parametrize(
    ("error", "kind"), [(NotFound("no product", http_status=404), "refused"), (ProviderUnavailable("dns"), "not_sent")]
)
def test_a_refusal_costs_exactly_nothing(error: Exception, kind: str) -> None:
    """Refused and not sent are told apart, and both are certain."""
    ended = _transitions.refused(attempt(), error, AT)

    assert ended.error is not None and kind == ended.error.kind
    assert (Decimal(0), True) == (ended.credits.net, ended.credits.exact)


def test_a_lost_resume_that_still_stands_still_was_none() -> None:
    """Section 8, "Submit": the next read decides."""
    stopped = see(running(None), news(Status.STOPPED))
    lost = _transitions.resuming(stopped, None, AT)
    assert not lost.credits.exact

    still = see(lost, news(Status.STOPPED))
    assert (Status.STOPPED, None, True) == (still.status, still.resuming_at, still.credits.exact)
    assert stopped.entries == still.entries

    runs = see(lost, news(Status.RUNNING))
    assert (Status.RUNNING, None, 3) == (runs.status, runs.resuming_at, len(runs.entries))


def test_a_moment_without_a_rule_is_unknown() -> None:
    """A profile that is silent claims nothing."""
    silent = BillingProfile(unit="u", rules=(), checked="2026-11-23")

    assert Effect.UNKNOWN is silent.rule(Moment.EXPIRED, "k").effect
    assert () == Page(silent, "k", (), AT).resumed()
    assert () == Page(silent, "k", (), AT).submitted(None)


def test_lines_are_numbered_across_kinds() -> None:
    """A sequence names one line of an attempt."""
    entries: tuple[Entry, ...] = see(running("10"), news(Status.FAILED)).entries

    assert [1, 2] == [each.sequence for each in entries]


#: Snapshots that a vendor may give, some of them twice over.
SNAPSHOTS = st.builds(
    Snapshot,
    ref=st.just(REF),
    status=st.sampled_from([each for each in Status if not each.in_doubt]),
    raw_status=st.sampled_from(["pending", "processing", "completed"]),
    outputs=st.sampled_from([(), (PICTURE,)]),
    cost=st.none(),
    error=st.none(),
)


@given(st.lists(SNAPSHOTS, max_size=4), SNAPSHOTS)
def test_a_read_that_told_nothing_would_change_nothing(before: list[Snapshot], last: Snapshot) -> None:
    """The short cut of a read agrees with the books: it is taken exactly where an open attempt stays as it is."""
    now = running()
    for each in before:
        now = see(now, each)
    quiet = _transitions.told_nothing(now, last)

    assert quiet is (now.is_open and see(now, last) is now)
