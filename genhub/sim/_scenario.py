"""What shall happen to one call, or to the job that it makes."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, Self, cast, get_args

import attrs

from ._faults import Fault

#: What a call is to its vendor. `read` is everything that is none of the others (agents, products, posts).
CallKind = Literal["submit", "poll", "stop", "continue", "balance", "list", "read", "upload", "publish", "download"]
CALL_KINDS: tuple[str, ...] = get_args(CallKind)


def _amount(value: Decimal | int | float | str | None) -> Decimal | None:
    return value if value is None or isinstance(value, Decimal) else Decimal(str(value))


def _words(value: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _fault(value: Fault | str | None) -> Fault | None:
    return None if value is None else Fault(value)


@attrs.frozen(kw_only=True)
class Scenario:
    """One thing to happen: a fault on a call, the life of the job that a creation makes, or both.

    A scenario without `fault` and `http` shapes the next job. With one of them it hits the call named by `on`. A
    scenario that does both, on a call other than the submit, shapes the next job and hits that job's calls, once.
    """

    #: What the request's body (of a call about a job: that job's body, or the path and query) must contain.
    match: str | None = None
    #: What the path must contain.
    path: str | None = None
    #: How often; None is for ever.
    times: int | None = 1
    #: So many matching calls go by first.
    after: int = 0
    fault: Fault | None = attrs.field(default=None, converter=_fault)
    #: Which call the fault hits; None is any.
    on: CallKind | None = "submit"

    #: The vendor's word at the end; an invented one stays.
    outcome: str | None = None
    #: The vendor's words, one for each read of the job, the last one repeated: time plays no part.
    steps: tuple[str, ...] | None = attrs.field(default=None, converter=_words)
    #: Seconds in work, on the clock.
    duration: float | None = None
    #: Seconds in the queue, on the clock.
    queue: float | None = None
    #: What is charged up front.
    cost: Decimal | None = attrs.field(default=None, converter=_amount)
    #: What it cost in the end (PowerPost's last `credits_used`, gen.pro's `execution_cost`).
    final_cost: Decimal | None = attrs.field(default=None, converter=_amount)
    #: PowerPost: so many images exist although the job failed.
    partial: int | None = None
    #: The code or reason of a failed job, or the code of a refusal.
    error: str | None = None

    #: What a 429 asks for, in seconds.
    retry_after: float = 1.0
    #: Alone: the call is refused with this status, in the vendor's form. With a fault: that fault's status.
    http: int | None = None
    #: REDIRECT: where to; by default a second path of the same server that does the same.
    location: str | None = None
    #: SLOW: seconds on the clock.
    delay: float = 5.0
    #: UNKNOWN_WORD: the word.
    word: str = "marinating"
    #: ODD_AMOUNT: what stands where the credits should be; a float `nan` is written as a bare NaN.
    amount: str | float | None = "lots"

    def __attrs_post_init__(self) -> None:
        if self.on is not None and self.on not in CALL_KINDS:
            raise ValueError(f"on={self.on!r} is none of {', '.join(CALL_KINDS)}")
        if self.steps == ():
            raise ValueError("steps is empty: a job always has a word")

    @property
    def strikes(self) -> bool:
        """Whether it disturbs a call."""
        return self.fault is not None or self.http is not None

    @property
    def shapes(self) -> bool:
        """Whether it says something about the job's life."""
        return any(
            value is not None
            for value in (
                self.outcome,
                self.steps,
                self.duration,
                self.queue,
                self.cost,
                self.final_cost,
                self.partial,
            )
        ) or (self.error is not None and not self.strikes)

    @property
    def target(self) -> CallKind | None:
        """Which call uses it up."""
        return "submit" if not self.strikes or self.shapes else self.on

    @property
    def tied(self) -> bool:
        """Whether its fault waits for the calls of the job that it shapes."""
        return self.strikes and self.shapes and self.on not in (None, "submit")

    @property
    def ending(self) -> str | None:
        """The word at the end, if the scenario says or implies one."""
        if self.outcome is None and (self.partial is not None or (self.error is not None and not self.strikes)):
            return "failed"
        return self.outcome

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Build one from plain data, as the control API gets it."""
        unknown = sorted(set(data) - {field.name for field in attrs.fields(cls)})
        if unknown:
            raise ValueError(f"a scenario has no {', '.join(unknown)}")
        return cls(**cast(Mapping[str, Any], data))


@attrs.define(eq=False)
class Script:
    """A scenario and how much of it is used up."""

    scenario: Scenario
    seen: int = 0
    used: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has nothing left to do."""
        return self.scenario.times is not None and self.used >= self.scenario.times

    def wants(self, kind: CallKind, path: str, text: str) -> bool:
        """Whether a call is one of those it is about."""
        scenario = self.scenario
        return (
            scenario.target in (None, kind)
            and (scenario.path is None or scenario.path in path)
            and (scenario.match is None or scenario.match in text)
        )
