"""The lines of the ledger, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from attrs import evolve, field, frozen

ZERO = Decimal(0)


class EntryKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


class Evidence(StrEnum):
    """How genhub knows that the money moved."""

    REPORTED = "reported"  #: in the vendor's answer
    DOCUMENTED = "documented"  #: the vendor's documents say that it happens
    BALANCE = "balance"  #: seen in the balance
    USER = "user"  #: somebody said so


@frozen(kw_only=True)
class Entry:
    """One line of the ledger: a charge or a refund of one attempt.

    `amount` is in the vendor's credits; `None` means that it happened and the amount was not said. A `whole`
    refund gives back all of the attempt's charges before it. `settles` is the sequence of an earlier line whose
    amount this one makes known: the pair counts once.
    """

    kind: EntryKind
    sequence: int  #: position among the attempt's lines, from 1
    amount: Decimal | None
    evidence: Evidence
    at: datetime
    whole: bool = False
    settles: int | None = None
    note: str = ""


@frozen(kw_only=True)
class Price:
    """What one credit costs, in money."""

    amount: Decimal
    currency: str

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read `"0.05 USD"`; raises ValueError for anything else."""
        number, _, currency = text.strip().partition(" ")
        try:
            amount = Decimal(number)
        except InvalidOperation:
            raise ValueError(f"a price reads like '0.05 USD', not {text!r}") from None
        currency = currency.strip()
        if not amount.is_finite() or amount < 0 or not currency.isalpha():
            raise ValueError(f"a price reads like '0.05 USD', not {text!r}")
        return cls(amount=amount, currency=currency.upper())

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@frozen(kw_only=True)
class Credits:
    """What lines of the ledger add up to, and how sure that is.

    `None` is "not said", never zero. `low` and `high` bound what it may have cost (`high` `None`: unbounded).
    """

    unit: str | None
    charged: Decimal | None = ZERO
    refunded: Decimal | None = ZERO
    net: Decimal | None = ZERO
    low: Decimal = ZERO
    high: Decimal | None = ZERO
    exact: bool = True
    reserved: Decimal | None = None  #: held back by a budget of ours; the vendor knows nothing of it

    @classmethod
    def of(cls, unit: str | None, entries: Sequence[Entry], *, doubt: bool = False) -> Credits:
        """Add up one attempt's lines, in their order.

        `doubt`: something about the money is open that no line can say (a lost answer, an end whose price the
        vendor does not document).
        """
        if len(entries) == 1 and not doubt:  # most books are one charge
            (line,) = entries
            amount = line.amount
            if line.kind is EntryKind.CHARGE and amount is not None and amount >= ZERO:
                hard = line.evidence in _HARD
                return cls(unit=unit, charged=amount, net=amount, low=amount, high=amount, exact=hard)
        charges: dict[int, Decimal | None] = {}  # by sequence
        undone: set[int] = set()
        back = ZERO  # what came back of the charges that are not undone as a whole
        vague = False  # a part came back whose size was not said
        soft = False
        for entry in entries:
            soft = soft or entry.evidence not in _HARD
            if entry.kind is EntryKind.CHARGE:
                charges[entry.settles or entry.sequence] = entry.amount
            elif entry.whole:
                undone.update(charges)
                back, vague = ZERO, False
            elif entry.amount is None:
                vague = True
            else:
                back += entry.amount
                vague = vague and entry.settles is None
        standing = [amount for sequence, amount in charges.items() if sequence not in undone]
        known = sum((amount for amount in standing if amount is not None), ZERO)
        unsaid = None in standing
        net = None if unsaid or vague else known - back
        low = ZERO if vague else max(known - back, ZERO)
        high = None if unsaid else max(known - back, ZERO)
        exact = not (unsaid or vague or soft)
        if doubt:
            exact = False
            refund = any(entry.kind is EntryKind.REFUND for entry in entries)
            if not refund:  # nobody has said whether the charge is kept
                net, low = None, ZERO
            if refund or not entries:  # it may be, or become, any amount
                high = None
        charged = _sum(charges.values())
        refunded = None if vague else _plus(_sum(charges[sequence] for sequence in undone), back)
        return cls(unit=unit, charged=charged, refunded=refunded, net=net, low=low, high=high, exact=exact)

    @classmethod
    def sum(cls, parts: Iterable[Credits]) -> Credits:
        """Add up several attempts; different vendors' credits are different currencies and are not added.

        With more than one unit among parts that are not exactly zero, `unit` and `net` are `None`.
        """
        several = list(parts)
        units = {part.unit for part in several}
        if len(units) > 1:
            counting = [part for part in several if not (part.exact and part.net == ZERO)]
            units = {part.unit for part in counting} or {several[-1].unit}
            if len(units) > 1:
                exact = all(part.exact for part in several)
                return cls(unit=None, charged=None, refunded=None, net=None, high=None, exact=exact)
            several = counting or several[-1:]
        return cls(
            unit=units.pop() if units else None,
            charged=_sum(part.charged for part in several),
            refunded=_sum(part.refunded for part in several),
            net=_sum(part.net for part in several),
            low=sum((part.low for part in several), ZERO),
            high=_sum(part.high for part in several),
            exact=all(part.exact for part in several),
            reserved=_sum(p.reserved for p in several) if any(p.reserved for p in several) else None,
        )

    def at(self, price: Price) -> Credits:
        """Return the same in money."""
        times = price.amount

        def money(amount: Decimal | None) -> Decimal | None:
            return None if amount is None else amount * times

        return evolve(
            self,
            unit=price.currency,
            charged=money(self.charged),
            refunded=money(self.refunded),
            net=money(self.net),
            low=self.low * times,
            high=money(self.high),
            reserved=money(self.reserved),
        )


@frozen(kw_only=True)
class Balance:
    """What an account holds, as the vendor says."""

    amount: Decimal
    unit: str
    at: datetime
    raw: object = field(default=None, repr=False, eq=False)


_HARD = frozenset({Evidence.REPORTED, Evidence.DOCUMENTED})


def _plus(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return None if total is None or amount is None else total + amount


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total: Decimal | None = ZERO
    for amount in amounts:
        total = _plus(total, amount)
    return total
