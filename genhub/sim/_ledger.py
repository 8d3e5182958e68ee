"""What a simulated vendor took and gave back."""

from collections import defaultdict
from decimal import Decimal
from typing import Literal

import attrs


@attrs.frozen
class LedgerLine:
    """One movement of credits: the amount is never negative, the kind says the direction."""

    at: float
    job_id: str
    kind: Literal["charge", "refund"]
    amount: Decimal
    why: str

    @property
    def signed(self) -> Decimal:
        """What it does to the balance."""
        return self.amount if self.kind == "refund" else -self.amount


class Ledger:
    """Lines that are only ever appended, and the balance that follows from them."""

    def __init__(self, opening: Decimal) -> None:
        self.opening = opening
        self.balance = opening
        self.lines: list[LedgerLine] = []
        self._net: defaultdict[str, Decimal] = defaultdict(Decimal)

    def charge(self, at: float, job_id: str, amount: Decimal, why: str) -> None:
        """Take credits for a job."""
        self._add(LedgerLine(at, job_id, "charge", amount, why))

    def refund(self, at: float, job_id: str, amount: Decimal, why: str) -> None:
        """Give credits of a job back."""
        self._add(LedgerLine(at, job_id, "refund", amount, why))

    def set_balance(self, balance: Decimal) -> None:
        """Make the balance what it is said to be; the opening balance moves with it, the lines stay true."""
        self.opening += balance - self.balance
        self.balance = balance

    def net(self, job_id: str) -> Decimal:
        """Return what a job has cost so far."""
        return self._net.get(job_id, Decimal(0))

    def _add(self, line: LedgerLine) -> None:
        if not line.amount:
            return
        self.lines.append(line)
        self.balance += line.signed
        self._net[line.job_id] -= line.signed
