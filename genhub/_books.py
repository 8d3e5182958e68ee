"""Which lines a moment writes into the ledger, by the provider's billing profile.

Every function takes the lines that are there and returns those to append: none when the books say it already, so
looking at the same answer twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from attrs import define, frozen

from genhub._billing import BillingProfile, Effect, Moment
from genhub._credits import ZERO, Entry, EntryKind, Evidence

Lines = tuple[Entry, ...]


@define
class _Standing:
    """What is charged and has not come back."""

    known: Decimal = ZERO  # charges less refunds, as far as amounts were said
    unsaid: tuple[int, ...] = ()  # sequences of charges whose amount was not said
    vague: int | None = None  # the sequence of a refund whose amount was not said

    @property
    def anything(self) -> bool:
        return self.known > 0 or bool(self.unsaid)


def _standing(lines: Sequence[Entry]) -> _Standing:
    charges: dict[int, Decimal | None] = {}
    now = _Standing()
    for line in lines:
        if line.kind is EntryKind.CHARGE:
            charges[line.settles or line.sequence] = line.amount
        elif line.whole:
            charges.clear()
            now = _Standing()
        elif line.amount is None:
            now.vague = line.sequence
        else:
            now.vague = None if line.settles == now.vague else now.vague
            now.known -= line.amount
    now.known += sum([amount for amount in charges.values() if amount is not None], ZERO)
    now.unsaid = tuple([sequence for sequence, amount in charges.items() if amount is None])
    return now


@frozen
class Page:
    """One attempt's lines, its provider's rules, and the time: what each moment writes."""

    profile: BillingProfile
    kind: str  # of the call
    lines: Lines
    at: datetime
    leg: int = 0  # lines before this one belong to what ran before the last resume

    def submitted(self, amount: Decimal | None, *, reused: bool = False) -> Lines:
        """A submit was accepted; `amount` as the answer said."""
        rule = self.profile.rule(Moment.REUSED if reused else Moment.SUBMIT, self.kind)
        if reused and (amount or ZERO) > 0:
            return self._line(EntryKind.CHARGE, amount, Evidence.REPORTED, "reused, and charged all the same")
        if rule.effect is not Effect.CHARGE:
            return ()
        if amount is None:
            return self._line(EntryKind.CHARGE, None, Evidence.DOCUMENTED, "the answer did not say how much")
        return self._line(EntryKind.CHARGE, amount, Evidence.REPORTED)

    def adopted(self, amount: Decimal | None, note: str, *, by_user: bool = False) -> Lines:
        """A submit whose answer was lost turned out to be made: it was charged."""
        if amount is not None and not by_user:
            return self._line(EntryKind.CHARGE, amount, Evidence.REPORTED, note)
        price = self.profile.prices.get(self.kind)
        return self._line(EntryKind.CHARGE, price, Evidence.DOCUMENTED, note)

    def resumed(self, note: str = "") -> Lines:
        """A stopped attempt runs again."""
        if self.profile.rule(Moment.RESUMED, self.kind).effect is not Effect.CHARGE:
            return ()
        return self._line(EntryKind.CHARGE, None, Evidence.DOCUMENTED, note or "continued: charged again")

    def ended(self, moment: Moment, cost: Decimal | None, *, outputs: bool) -> tuple[Lines, str | None]:
        """The attempt came to an end; returns the lines, and what can't be known about the money."""
        now = _standing(self.lines[self.leg :])
        if cost is not None:
            return self._costs(now, cost), None
        rule = self.profile.rule(moment, self.kind, outputs=outputs)
        if not now.anything:
            return (), None
        match rule.effect:
            case Effect.REFUND if now.unsaid:
                return self._line(EntryKind.REFUND, None, Evidence.DOCUMENTED, f"{moment}: all of it", whole=True), None
            case Effect.REFUND:
                return self._line(EntryKind.REFUND, now.known, Evidence.DOCUMENTED, f"{moment}: all of it"), None
            case Effect.PARTIAL if now.vague is None:
                note = f"{moment} with partial results: part of it, not said how much"
                return self._line(EntryKind.REFUND, None, Evidence.DOCUMENTED, note), None
            case Effect.UNKNOWN:
                return (), f"{moment}: not documented whether the charge is kept"
            case _:
                return (), None

    def _costs(self, now: _Standing, cost: Decimal) -> Lines:
        """Bring the books to what the vendor says that it cost."""
        if now.unsaid:
            rest = max(cost - now.known, ZERO)
            note = "the amount of an earlier charge"
            return self._line(EntryKind.CHARGE, rest, Evidence.REPORTED, note, settles=now.unsaid[-1])
        if cost < now.known:
            back, note = now.known - cost, f"cost {cost} in the end"
            return self._line(EntryKind.REFUND, back, Evidence.REPORTED, note, settles=now.vague)
        if cost > now.known:
            return self._line(EntryKind.CHARGE, cost - now.known, Evidence.REPORTED, f"cost {cost} in the end")
        return ()

    def _line(
        self,
        kind: EntryKind,
        amount: Decimal | None,
        evidence: Evidence,
        note: str = "",
        *,
        whole: bool = False,
        settles: int | None = None,
    ) -> Lines:
        sequence = self.lines[-1].sequence + 1 if self.lines else 1
        return (
            Entry(
                kind=kind,
                sequence=sequence,
                amount=amount,
                evidence=evidence,
                at=self.at,
                note=note,
                whole=whole,
                settles=settles,
            ),
        )
