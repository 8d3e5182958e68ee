"""What a comparison plans, and what it saw: plain records, the same in memory, in a file and in the report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from genhub._credits import Credits
from genhub._jobs import Output
from genhub._requests import Request


class Outcome(StrEnum):
    """How one run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  #: the vendor took it, and did not do it
    REFUSED = "refused"  #: nothing was made: the submit was refused, or nothing could be sent
    UNSUPPORTED = "unsupported"  #: the account can't do this request; nothing was sent. It is no failure, and not slow
    IN_DOUBT = "in_doubt"  #: the answer to the submit was lost; a person has to settle it
    TIMED_OUT = "timed_out"  #: it goes on, but the comparison waited long enough: its time is only known to be longer
    STOPPED = "stopped"  #: somebody stopped or canceled it, or it expired at the vendor
    NOT_RUN = "not_run"  #: the spend cap, or an interruption, came first

    @property
    def counts(self) -> bool:
        """True when it says something of the account: it was tried, and how it ended is known."""
        return self in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.REFUSED, Outcome.TIMED_OUT, Outcome.STOPPED)


@frozen(kw_only=True)
class Trial:
    """One run that is planned: a request at a target."""

    case: str  #: the request's name in its suite: its label, or what it asks for in short
    request: Request
    target: str  #: an account or a route
    repetition: int  #: from 1
    key: str  #: the hub's: the same trial is never bought twice
    position: int  #: its place in the shuffled order, from 1


@frozen(kw_only=True)
class Check:
    """One thing that can be judged without a judge."""

    name: str  #: `length`, `hashtags`, `language`, `aspect`, `size`, `duration`, `audio`, or a scorer's own
    passed: bool | None  #: `None`: it could not be checked
    value: float | None = None  #: a scorer's figure; more is better
    said: str = ""  #: what was found, and what was asked for
    output: int | None = None  #: which output, from 1; `None`: the whole


@frozen(kw_only=True)
class Spans:
    """How long the parts of a run took, in seconds. `None`: not known."""

    submit: float | None = None  #: from the call to the vendor's answer
    queue: float | None = None  #: accepted, and not begun, as far as the statuses tell
    run: float | None = None  #: in work
    total: float | None = None  #: from the call to the end (or to where waiting ended)
    download: float | None = None  #: fetching what was made, which is no part of `total`
    resolution: float = 0.0  #: the statuses were seen so often: a part may be off by as much


@frozen(kw_only=True)
class Observation:
    """What became of a trial."""

    case: str
    target: str
    repetition: int
    position: int
    key: str
    outcome: Outcome
    account: str = ""  #: which did it in the end; a route may have tried others before
    job: str | None = None  #: the job's id in the journal
    failure: str | None = None  #: the class of failure: an error's name, or the vendor's code
    message: str = ""  #: the vendor's reason, in its words
    at: datetime | None = None  #: when it was sent
    spans: Spans = Spans()
    censored: bool = False  #: `total` is a lower bound
    credits: Credits | None = None  #: over all attempts, refunds counted
    cost: Credits | None = None  #: the same in money; `None`: no price
    attempts: int = 0
    outputs: tuple[Output, ...] = ()
    files: tuple[str, ...] = ()  #: where the outputs are, relative to the results' folder
    checks: tuple[Check, ...] = ()

    @property
    def usable(self) -> bool:
        """True when it succeeded and no check failed."""
        return self.outcome is Outcome.SUCCEEDED and not any(each.passed is False for each in self.checks)


@frozen(kw_only=True)
class Case:
    """One request of a suite."""

    name: str
    request: Request


@frozen(kw_only=True)
class Results:
    """A whole comparison: what was asked, of whom, and what was seen."""

    suite: str  #: its name
    title: str = ""
    fingerprint: str  #: of its requests: results of other requests are not compared with these
    targets: tuple[str, ...]
    cases: tuple[Case, ...]
    repetitions: int
    seed: int
    began_at: datetime
    ended_at: datetime | None = None
    timeout: float | None = None
    max_spend: str | None = None
    simulated: bool = False  #: at simulators: it says nothing of the vendors
    complete: bool = True  #: False: the spend cap or an interruption came first
    versions: Mapping[str, str] = field(factory=dict[str, str])
    observations: tuple[Observation, ...] = ()
    notes: tuple[str, ...] = ()  #: what a reader has to know: a cap, an account without a price

    def of(self, target: str) -> tuple[Observation, ...]:
        return tuple(each for each in self.observations if each.target == target)
