"""What is said of an account: by one error, apart from what it says of the call; and all in all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from attrs import frozen

from genhub._errors import (
    AuthenticationError,
    BadResponse,
    GenhubError,
    InsufficientCredits,
    PermissionDenied,
    ProviderUnavailable,
    RateLimited,
    SubmissionUnknown,
)
from genhub.routing._breaker import Breaker, BreakerState

What = Literal["submits", "polls", "work", "credits"]

_LONGEST = 200  # letters of a reason: it stands in a line, and in the journal


class Verdict(StrEnum):
    GOOD = "good"  #: the vendor did what it should
    BAD = "bad"  #: it did not
    NEUTRAL = "neutral"  #: the request was at fault: nothing is known of the account
    LIMITED = "limited"  #: too many calls: a wait, and no failure
    BROKE = "broke"  #: out of credits


def of_error(error: Exception) -> Verdict:
    """Say what a submit's error says of its account; an exception that is not genhub's is `BAD`."""
    match error:
        case InsufficientCredits():
            return Verdict.BROKE
        case RateLimited():
            return Verdict.LIMITED
        case ProviderUnavailable() | AuthenticationError() | PermissionDenied() | SubmissionUnknown() | BadResponse():
            return Verdict.BAD
        case GenhubError():
            return Verdict.NEUTRAL
        case _:
            return Verdict.BAD


def of_read(error: Exception) -> Verdict:
    """Say what a read's error says of its account: `BAD` or `NEUTRAL`."""
    match error:
        case ProviderUnavailable() | AuthenticationError() | PermissionDenied() | BadResponse():
            return Verdict.BAD
        case _:
            return Verdict.NEUTRAL


def reason(account: str, error: Exception) -> str:
    """Say an error in one short line, without the account's name.

    Of an exception that is not genhub's only its name: nobody made sure that its text holds no secret.
    """
    said = str(error).removeprefix(f"{account}: ") if isinstance(error, GenhubError) else ""
    return short(said) or type(error).__name__


def short(text: str) -> str:
    """Return a text as one line that is not too long."""
    return " ".join(text.split())[:_LONGEST]


@frozen(kw_only=True)
class Parked:
    """The account is out of credits: it gets no routed submit until its balance is seen to rise, or a job is accepted.

    One whose balance can't be seen gets none for a pause, and is asked again after it.
    """

    since: datetime
    balance: Decimal | None = None  #: the mark above which it is free again; `None`: none was seen yet
    looked_at: float | None = None  #: epoch seconds of the last look at the balance
    asked: datetime | None = None  #: when it was out of credits still, asked after a pause; the last time

    @property
    def said(self) -> str:
        held = "" if self.balance is None else f" (balance {self.balance})"
        return f"out of credits since {self.since:%Y-%m-%d %H:%M:%S} UTC{held}"

    def facts(self) -> dict[str, Any]:
        """Return it as plain data. The last look is not kept: a later process looks at once."""
        balance = None if self.balance is None else str(self.balance)
        asked = {} if self.asked is None else {"asked": self.asked.isoformat()}
        return {"since": self.since.isoformat(), "balance": balance, **asked}

    @classmethod
    def of(cls, facts: Any) -> Parked | None:
        """Read what `facts` gave; None for anything else."""
        try:
            balance = None if facts["balance"] is None else Decimal(facts["balance"])
            if not (balance is None or balance.is_finite()):
                return None
            asked = _aware(facts["asked"]) if "asked" in facts else None
            return cls(since=_aware(facts["since"]), balance=balance, asked=asked)
        except (TypeError, ValueError, LookupError, ArithmeticError):
            return None


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


@frozen(kw_only=True)
class AccountHealth:
    """How an account stands at a moment."""

    account: str
    at: datetime
    submits: Breaker
    polls: Breaker
    work: Breaker  #: how its jobs end
    parked: Parked | None = None
    held_until: datetime | None = None  #: the vendor said to wait
    retires_on: date | None = None

    @property
    def retired(self) -> bool:
        """True from the day on (in UTC) that was said."""
        return self.retires_on is not None and self.at.date() >= self.retires_on

    @property
    def ok(self) -> bool:
        """True when nothing keeps submits and reads from going there as ever."""
        closed = all(each.state is BreakerState.CLOSED for each in (self.submits, self.polls, self.work))
        return closed and self.parked is None and self.held_until is None and not self.retired

    @property
    def words(self) -> tuple[str, ...]:
        """What a person should know, the gravest first; `("well",)` when there is nothing."""
        words: list[str] = []
        if self.retired:
            words.append(f"retired on {self.retires_on}")
        if self.parked is not None:
            words.append(self.parked.said)
        for name, breaker in (("submits", self.submits), ("jobs", self.work), ("polls", self.polls)):
            if breaker.failures:
                words.append(f"{name}: {breaker.said(self.at.timestamp())}")
        if self.held_until is not None:
            words.append(f"held until {self.held_until:%H:%M:%S} UTC: the vendor said to wait")
        if self.retires_on is not None and not self.retired:
            words.append(f"retires on {self.retires_on}")
        return tuple(words) or ("well",)

    @property
    def said(self) -> str:
        return "; ".join(self.words)


@frozen(kw_only=True)
class HealthChange:
    """A breaker changed its state, or an account ran out of credits or has some again (`parked`, `free`)."""

    account: str
    what: What
    old: str
    new: str
    why: str


@frozen(kw_only=True)
class Shut:
    """Why a routed submit may not go to an account now."""

    account: str
    why: str
    retry_in: float | None = None  #: seconds until it may at the latest; `None`: no time is known
