"""What each policy of a route makes of an afternoon of outages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from attrs import frozen

from benchmarks._afternoon import ACCOUNTS, OUTAGES, Outage, Trouble
from benchmarks._report import Goal, Table
from benchmarks._spend import Afternoon, spend
from benchmarks._virtual import run
from genhub import Status
from genhub.routing import POLICIES, Route

#: Of one credit, at every account, in USD.
PRICE = 0.05
TWICE = "requests that a route in its usual settings had done twice"
UNDONE = "requests that no account did, though one could"
GOALS = (Goal(figure=TWICE, most=0), Goal(figure=UNDONE, most=0))


def route(policy: str, **more: Any) -> Route:
    """Return the route of the afternoon."""
    return Route(accounts=ACCOUNTS, policy=policy, portability="adjust", deadline=60, **more)


#: What is compared: routes by their policy, one that may pay twice, and each account without a route.
ARMS: Mapping[str, Route | str] = {
    **{policy: route(policy) for policy in POLICIES},
    "order, pay_twice": route("order", on_unknown="pay_twice"),
    **{f"{name} alone": name for name in ACCOUNTS},
}


@frozen(kw_only=True)
class Score:
    """What came of an afternoon, as it stood in the evening: before a person settled anything."""

    asked: int
    done: int
    doubts: int  #: that wait for a person
    money: float  #: USD spent at all vendors, by their own books
    wasted: float  #: the share of it that no result came of, from 0 to 1
    twice: int  #: requests that were done more than once
    attempts: float  #: per job
    dead: int  #: attempts at an account that was in trouble
    times: Sequence[float]  #: seconds from a request to its result, sorted

    @classmethod
    def of(cls, told: Afternoon) -> Score:
        """Take it from the vendors' books and the journal."""
        asked_at = {each.mark: told.start + each.at for each in told.asked}
        done = {mark: job for mark, job in told.evening.items() if job.status is Status.SUCCEEDED}
        won = {(job.account, job.provider_id) for job in done.values()}
        money = float(sum(told.books.values())) * PRICE
        used = float(sum(cost for claim, cost in told.books.items() if claim in won)) * PRICE
        attempts = [each for job in told.evening.values() for each in job.attempts]
        troubles = (told.outage(each) for each in attempts)
        ends = ((mark, job.attempt.finished_at) for mark, job in done.items())
        return cls(
            asked=len(told.asked),
            done=len(done),
            doubts=len(told.doubts),
            money=money,
            wasted=(money - used) / money if money else 0.0,
            twice=sum(_completions(told, each.mark) > 1 for each in told.asked),
            attempts=len(attempts) / max(len(told.evening), 1),
            dead=sum(each is not None and each.trouble is not Trouble.SLOW for each in troubles),
            times=sorted(end.timestamp() - asked_at[mark] for mark, end in ends if end is not None),
        )

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return fmean(self.times or [0.0])

    @property
    def late(self) -> float:
        """The 95th percentile of the times."""
        return self.times[min(int(len(self.times) * 0.95), len(self.times) - 1)] if self.times else 0.0

    def row(self) -> tuple[str, ...]:
        """Return it for the table."""
        return (
            f"{self.done / self.asked:.1%}", f"{self.doubts}", f"{self.twice}", f"{self.money:,.2f}",
            f"{self.wasted:.1%}", f"{self.mean:.1f}", f"{self.late:.0f}", f"{self.attempts:.2f}", f"{self.dead}",
        )  # fmt: skip


def _completions(told: Afternoon, mark: str) -> int:
    made = told.made(mark, by_evening=True)
    return sum(told.sims[name].jobs[job_id].status == "completed" for name, job_id in made)


def play(arms: Mapping[str, Route | str], count: int, outages: Sequence[Outage] = OUTAGES) -> dict[str, Score]:
    """Let every arm spend the same afternoon."""
    return {name: Score.of(run(spend(each, count, outages=outages))) for name, each in arms.items()}


def figures(scores: Mapping[str, Score]) -> dict[str, float]:
    """Return what two runs are compared by, and what has goals."""
    found: dict[str, float] = {}
    for name, score in scores.items():
        found |= {f"{name}, done": score.done / score.asked, f"{name}, USD": score.money, f"{name}, mean s": score.mean}
    ours = [score for name, score in scores.items() if name in POLICIES]
    found[TWICE] = sum(score.twice for score in ours)
    found[UNDONE] = sum(score.asked - score.done - score.doubts for score in ours)
    return found


def table(scores: Mapping[str, Score], outages: Sequence[Outage] = OUTAGES) -> Table:
    """Return what each made of it."""
    asked = next(iter(scores.values())).asked
    hours = max(each.end for each in outages) / 3600
    return Table(
        title=f"An afternoon of {len(outages)} outages in {hours:.1f} h, {asked} requests",
        head=("route", "done", "in doubt", "twice", "USD", "wasted", "mean s", "95 % s", "attempts", "at the dead"),
        rows=[(name, *score.row()) for name, score in scores.items()],
        notes=(
            "in doubt: the answer was lost and the vendor shows nothing to look at; such a job waits for a person, is "
            "bought nowhere else, and counts as not done here.",
            f"USD: by the vendors' own books, {PRICE} for a credit of each; wasted: what no result came of by then. A "
            "caption costs 10, 1 and 2.5 credits; that adgen keeps the charge of what expires is a setting here.",
            "s: from the request to its result, in virtual time. at the dead: attempts at an account in trouble.",
            "pay_twice goes on although it is not known whether a job was made. alone: one account without a route.",
        ),
    )
