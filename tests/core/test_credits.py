"""What lines of the ledger add up to, and how sure that is (design 4.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub import Credits, Entry, EntryKind, Evidence, Price

AT = datetime(2026, 11, 23, tzinfo=UTC)
CHARGE, REFUND = EntryKind.CHARGE, EntryKind.REFUND


def line(
    kind: EntryKind,
    amount: str | None,
    sequence: int,
    *,
    evidence: Evidence = Evidence.REPORTED,
    whole: bool = False,
    settles: int | None = None,
) -> Entry:
    number = None if amount is None else Decimal(amount)
    return Entry(kind=kind, amount=number, sequence=sequence, evidence=evidence, at=AT, whole=whole, settles=settles)


def test_nothing_in_the_books_is_exactly_nothing() -> None:
    """A refused submit cost zero, and that is known."""
    assert Credits(unit="u", net=Decimal(0), exact=True) == Credits.of("u", [])


def test_a_charge_and_its_refund() -> None:
    """Both sides stay visible, the net is their difference."""
    spent = Credits.of("u", [line(CHARGE, "10", 1), line(REFUND, "4", 2)])

    assert (Decimal(10), Decimal(4), Decimal(6), True) == (spent.charged, spent.refunded, spent.net, spent.exact)


def test_an_amount_that_was_not_said_is_not_zero() -> None:
    """The charge of a vendor that names no price: at least nothing, at most unbounded."""
    spent = Credits.of("u", [line(CHARGE, None, 1, evidence=Evidence.DOCUMENTED)])

    assert (None, None, Decimal(0), None, False) == (spent.net, spent.charged, spent.low, spent.high, spent.exact)


def test_a_whole_refund_undoes_what_was_not_said() -> None:
    """All of it came back: exactly nothing was spent, though nobody knows how much it was."""
    spent = Credits.of("u", [line(CHARGE, None, 1), line(REFUND, None, 2, whole=True)])

    assert (Decimal(0), True, None, None) == (spent.net, spent.exact, spent.charged, spent.refunded)


def test_a_line_that_settles_an_earlier_one_counts_once() -> None:
    """When the amount becomes known, the pair is one charge."""
    spent = Credits.of("u", [line(CHARGE, None, 1), line(CHARGE, "2.5", 2, settles=1)])

    assert (Decimal("2.5"), Decimal("2.5"), True) == (spent.net, spent.charged, spent.exact)


def test_stopped_and_continued_costs_the_leg_that_ran() -> None:
    """gen.pro: charge, whole refund, charge again, and the cost of the second leg."""
    lines = [
        line(CHARGE, None, 1), line(REFUND, None, 2, whole=True), line(CHARGE, None, 3),
        line(CHARGE, "3.75", 4, settles=3),
    ]  # fmt: skip

    assert (Decimal("3.75"), True) == (Credits.of("u", lines).net, Credits.of("u", lines).exact)


def test_a_partial_refund_of_unsaid_size_is_bounded() -> None:
    """PowerPost images with partial results: between nothing and the charge."""
    spent = Credits.of("u", [line(CHARGE, "9", 1), line(REFUND, None, 2, evidence=Evidence.DOCUMENTED)])

    assert (None, Decimal(0), Decimal(9), False) == (spent.net, spent.low, spent.high, spent.exact)


def test_a_doubt_without_lines_is_unbounded() -> None:
    """A lost answer: it may have cost nothing or anything."""
    spent = Credits.of("u", [], doubt=True)

    assert (None, Decimal(0), None, False) == (spent.net, spent.low, spent.high, spent.exact)


def test_a_doubt_about_a_charge_lies_between_nothing_and_the_charge() -> None:
    """adgen canceled: neither kept nor refunded is claimed."""
    spent = Credits.of("u", [line(CHARGE, "3", 1)], doubt=True)

    assert (None, Decimal(0), Decimal(3), False) == (spent.net, spent.low, spent.high, spent.exact)


def test_a_revival_after_a_refund_takes_away_the_certainty_only() -> None:
    """The lines stay as they are."""
    spent = Credits.of("u", [line(CHARGE, "3", 1), line(REFUND, "3", 2)], doubt=True)

    assert (Decimal(0), False, None) == (spent.net, spent.exact, spent.high)


@pytest.mark.parametrize("evidence", [Evidence.BALANCE, Evidence.USER])
def test_soft_evidence_is_not_exact(evidence: Evidence) -> None:
    """What was only seen in a balance, or said by somebody, is counted but not certain."""
    spent = Credits.of("u", [line(CHARGE, "3", 1, evidence=evidence)])

    assert (Decimal(3), False) == (spent.net, spent.exact)


amounts = st.decimals(min_value=0, max_value=10_000, places=2)


@given(st.lists(st.tuples(st.sampled_from([CHARGE, REFUND]), st.none() | amounts, st.booleans()), max_size=12))
def test_the_bounds_hold_the_net(moves: list[tuple[EntryKind, Decimal | None, bool]]) -> None:
    """Whatever was written: a known net lies within its bounds, and an exact one has no width."""
    lines = [
        Entry(
            kind=kind, amount=None if kind is REFUND and whole else amount, sequence=place, evidence=Evidence.REPORTED,
            at=AT, whole=kind is REFUND and whole,
        )
        for place, (kind, amount, whole) in enumerate(moves, 1)
    ]  # fmt: skip
    spent = Credits.of("u", lines)

    assert spent.high is None or spent.low <= spent.high
    if spent.exact:
        assert spent.net is not None
        assert max(spent.net, Decimal(0)) == spent.low == spent.high
    if spent.net is None:
        assert not spent.exact


@given(st.none() | amounts, st.sampled_from(Evidence), st.sampled_from([CHARGE, REFUND]), st.booleans())
def test_a_line_alone_says_what_it_says_beside_one_of_nothing(
    amount: Decimal | None, evidence: Evidence, kind: EntryKind, doubt: bool
) -> None:
    """The books of one line, which most are, have no arithmetic of their own."""
    alone = Entry(kind=kind, amount=amount, sequence=1, evidence=evidence, at=AT)
    nothing = line(CHARGE, "0", 2)

    assert Credits.of("u", [alone, nothing], doubt=doubt) == Credits.of("u", [alone], doubt=doubt)


@given(st.lists(amounts, max_size=6), st.lists(amounts, max_size=6))
def test_sums_of_known_lines_are_sums(charges: list[Decimal], refunds: list[Decimal]) -> None:
    """Known amounts add up to the cent, in any order."""
    moves = [(CHARGE, each) for each in charges] + [(REFUND, each) for each in refunds]
    spent = Credits.of("u", [line(kind, str(each), place) for place, (kind, each) in enumerate(moves, 1)])

    assert sum(charges, Decimal(0)) - sum(refunds, Decimal(0)) == spent.net


def test_different_vendors_credits_are_never_added() -> None:
    """Two units with something in both: no unit, no net."""
    both = Credits.sum([Credits.of("a", [line(CHARGE, "1", 1)]), Credits.of("b", [line(CHARGE, "2", 1)])])

    assert (None, None) == (both.unit, both.net)


def test_a_vendor_whose_part_is_exactly_zero_does_not_count() -> None:
    """A refused or refunded attempt elsewhere leaves the sum in the other vendor's credits."""
    free = Credits.of("a", [line(CHARGE, "1", 1), line(REFUND, "1", 2)])
    both = Credits.sum([free, Credits.of("b", [line(CHARGE, "2", 1)])])

    assert ("b", Decimal(2), True) == (both.unit, both.net, both.exact)


def test_credits_become_money_by_a_price() -> None:
    """10 credits at 0.05 USD."""
    money = Credits.of("u", [line(CHARGE, "10", 1)]).at(Price.parse("0.05 usd"))

    assert ("USD", Decimal("0.50")) == (money.unit, money.net)


@pytest.mark.parametrize("text", ["", "5", "USD", "free USD", "-1 USD", "NaN USD", "1 U$D", "Infinity EUR"])
def test_a_price_that_is_none_is_refused(text: str) -> None:
    """The message shows how one reads."""
    with pytest.raises(ValueError, match=r"0\.05 USD"):
        Price.parse(text)
