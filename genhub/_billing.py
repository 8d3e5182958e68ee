"""A vendor's rules about money, as data."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from genhub._status import Status


class Moment(StrEnum):
    """When money may move."""

    SUBMIT = "submit"
    REUSED = "reused"  #: the answer said that an earlier live job was attached instead
    RESUMED = "resumed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @classmethod
    def end(cls, status: Status) -> Moment:
        """Return the moment of a final status."""
        return cls(str(status))


class Effect(StrEnum):
    """What happens to the money at a moment."""

    CHARGE = "charge"
    REFUND = "refund"  #: all of what was charged comes back
    PARTIAL = "partial"  #: part of it comes back; how much is not said
    NOTHING = "nothing"
    UNKNOWN = "unknown"  #: the vendor's documents are silent: neither kept nor refunded is claimed


class Money(StrEnum):
    """What a stop costs."""

    FREE = "free"
    CHARGED = "charged"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Rule:
    """What the vendor's documents say of one moment."""

    moment: Moment
    effect: Effect
    source: str  #: the contract's section, or the vendor's page
    kind: str | None = None  #: only for this kind of call; `None`: for all
    outputs: bool | None = None  #: only when there are (no) outputs; `None`: either way
    note: str = ""


@frozen(kw_only=True)
class BillingProfile:
    """A provider's money rules, with their source and the day they were checked.

    The first rule that fits a moment counts; a moment without a rule is `Effect.UNKNOWN`.
    """

    unit: str
    rules: tuple[Rule, ...]
    checked: str  #: the day, ISO 8601
    sources: tuple[str, ...] = ()
    prices: Mapping[str, Decimal] = field(factory=dict[str, Decimal])  #: documented, by kind of call
    idempotency: str = "none"  #: in words: what the vendor promises about a repeated submit
    cost_in: str = ""  #: in words: where the vendor says what a job cost

    def rule(self, moment: Moment, kind: str, *, outputs: bool = False) -> Rule:
        """Return the rule for a moment of a call of this kind."""
        for rule in self.rules:
            if rule.moment is moment and rule.kind in (None, kind) and rule.outputs in (None, outputs):
                return rule
        return Rule(moment=moment, effect=Effect.UNKNOWN, source="not documented")
