"""An afternoon of outages at the three simulated vendors, and the requests that come meanwhile: a script, as data.

Each vendor in turn refuses connections, answers 429, loses answers, is out of credits, fails jobs and is slow; one lets
jobs expire. Outages of two vendors overlap for a while, and the third is well then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from genhub import ImageRequest, TextRequest
from genhub._requests import Request
from genhub.sim import Fault, Scenario, Simulator

ACCOUNTS = ("powerpost", "adgen", "genpro")
MINUTE = 60.0
#: How long an outage is, and how long before its end the next vendor's begins.
LONG, OVERLAP = 9 * MINUTE, 3 * MINUTE
#: At first and at last all is well.
QUIET = 5 * MINUTE
#: The credits that every account begins with, and that a refill brings.
FUNDS = Decimal(100_000)


class Trouble(StrEnum):
    """What can be wrong with a vendor for a while."""

    CLOSED = "refuses connections"
    LIMITED = "answers 429"
    LOSES = "loses answers"
    BROKE = "is out of credits"
    FAILS = "fails jobs"
    EXPIRES = "lets jobs expire"
    SLOW = "is slow"


@frozen(kw_only=True)
class Outage:
    """One vendor's trouble; times in seconds of the afternoon."""

    account: str
    trouble: Trouble
    begin: float
    end: float

    def covers(self, at: float) -> bool:
        """True while it lasts."""
        return self.begin <= at < self.end


def in_turn(troubles: Iterable[Trouble]) -> tuple[Outage, ...]:
    """Return these troubles, each at one vendor after the other."""
    begin, found = QUIET, list[Outage]()
    for trouble in troubles:
        for each in ("adgen",) if trouble is Trouble.EXPIRES else ACCOUNTS:
            found.append(Outage(account=each, trouble=trouble, begin=begin, end=begin + LONG))
            begin += LONG - OVERLAP
    return tuple(found)


OUTAGES = in_turn(Trouble)
#: Answers are lost in turn: the job was made and charged; nothing was made of what was read; made, and answered 500.
LOST = (Fault.LOSE_ANSWER, Fault.RESET_AFTER_READ, Fault.ERROR_500_AFTER)
_SCENARIOS: Mapping[Trouble, Sequence[Scenario]] = {
    Trouble.LIMITED: [Scenario(fault=Fault.RATE_LIMITED, retry_after=20, times=None)],
    Trouble.LOSES: [Scenario(fault=fault) for fault in LOST * 10],
    # One of two images of a failed job is there, and paid for.
    Trouble.FAILS: [Scenario(path="/images/", partial=1, times=None), Scenario(outcome="failed", times=None)],
    Trouble.EXPIRES: [Scenario(outcome="expired", times=None)],
}
#: Seconds in work while a vendor is slow. A copy of adgen's is made in the call itself, which must not time out.
_SLOW: Mapping[str, float] = {"powerpost": 150, "genpro": 150, "adgen": 20}


async def begin(outage: Outage, sim: Simulator) -> Callable[[], None]:
    """Let a trouble begin; returns what lets a vendor's calls alone again (a port is to be opened beside)."""
    if outage.trouble is Trouble.CLOSED:
        await sim.close_port()
    if outage.trouble is Trouble.BROKE:
        sim.set_balance(0)
        return lambda: sim.set_balance(FUNDS)
    if outage.trouble is Trouble.SLOW:
        scenarios: Sequence[Scenario] = [Scenario(duration=_SLOW[outage.account], times=None)]
    else:
        scenarios = _SCENARIOS.get(outage.trouble, ())
    scripts = [sim.script(each) for each in scenarios]

    def over() -> None:
        for script in scripts:
            with suppress(ValueError):
                sim.scripts.remove(script)

    return over


@frozen(kw_only=True)
class Asked:
    """One request of the afternoon, with a mark by which its jobs are known in every vendor's books."""

    at: float
    mark: str
    request: Request


def requests(count: int, outages: Sequence[Outage] = OUTAGES, *, seed: int = 1) -> tuple[Asked, ...]:
    """Draw the requests: captions, and every fifth time images; at random times, so that some come close together."""
    chance = random.Random(seed)
    until = max(each.end for each in outages) + QUIET
    times = sorted(chance.uniform(0, until) for _ in range(count))
    found = list[Asked]()
    for number, at in enumerate(times):
        mark = f"r{number:03}x"
        request: Request = TextRequest(
            prompt=f"Dark mode is here ({mark})", platforms=("instagram", "tiktok"), label=mark
        )
        if number % 5 == 4:
            request = ImageRequest(prompt=f"A bowl of soup, steaming ({mark})", count=2, label=mark)
        found.append(Asked(at=at, mark=mark, request=request))
    return tuple(found)
