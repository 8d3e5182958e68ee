"""Routes: what one adds to a submit, what each policy makes of an afternoon of outages, and LiteLLM's router beside it.

The afternoon is played on the simulators in virtual time: vendors in turn refuse connections, answer 429, lose answers,
run out of credits, fail jobs, let them expire, and are slow. LiteLLM's router has what it can express of that from
services on loopback, in real time that goes faster.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import _route_cost, _scores
from benchmarks._afternoon import ACCOUNTS, Outage, in_turn, requests
from benchmarks._deployments import TROUBLES, ask, deployments, happen
from benchmarks._peers import NotInstalled, Peer, chosen, install, versions_in
from benchmarks._report import Report, Table, arguments, finish, interval, versions
from benchmarks._spend import spend
from benchmarks._virtual import run
from genhub import Status

LITELLM = "litellm"
#: So many times faster is the afternoon for LiteLLM.
FASTER = 60.0
WAYS = {"fallbacks": "LiteLLM's Router, fallbacks in order", "shuffle": "LiteLLM's Router, one group of three"}
OURS = ("order", "round_robin", "order, pay_twice")
ADDED = "us that LiteLLM's Router adds to a call"

Row = Sequence[str]


def beside(rows: Sequence[Row]) -> Table:
    """Return genhub and LiteLLM on the outages that both can have."""
    return Table(
        title=f"Of these outages what LiteLLM's router can express: {', '.join(TROUBLES)}",
        head=("router", "done", "in doubt", "billed a request", "billed twice", "at most", "billed, not done"),
        rows=rows,
        notes=(
            f"LiteLLM: Router.avideo_generation at its default settings, three services on loopback, {FASTER:g} times "
            "faster; genhub: the simulators, in virtual time. Answers are lost in turn: made, and the connection "
            "closed; not made, and closed; made, and answered 500.",
            "billed, not done: was charged, and the caller has nothing. genhub knows of each and waits for a person; "
            "LiteLLM raised an error.",
            "What LiteLLM's router can't express: jobs that fail or expire once they are accepted (it does not come "
            "back for them), what they cost and what is refunded, and a doubt: what got lost is an error like others.",
        ),
    )


def _row(name: str, asked: Collection[str], done: Collection[str], doubts: int, billed: Mapping[str, int]) -> Row:
    counts = [billed.get(mark, 0) for mark in asked]
    return (
        name, f"{len(done) / len(asked):.1%}", f"{doubts}", f"{sum(counts) / len(asked):.2f}",
        f"{sum(count > 1 for count in counts)}", f"{max(counts)}",
        f"{sum(billed.get(mark, 0) for mark in asked if mark not in done)}",
    )  # fmt: skip


def ours(arm: str, count: int, outages: Sequence[Outage]) -> Row:
    """Let a route have the outages; returns a row."""
    told = run(spend(_scores.ARMS[arm], count, outages=outages))
    marks = [each.mark for each in told.asked]
    done = {mark for mark, job in told.evening.items() if job.status is Status.SUCCEEDED}
    billed = {mark: len(told.made(mark, by_evening=True)) for mark in marks}
    return _row(f"genhub, {arm}", marks, done, len(told.doubts), billed)


async def theirs(way: str, interpreter: Path, count: int, outages: Sequence[Outage]) -> Row:
    """Let LiteLLM's router have them; returns a row."""
    times = {each.mark: each.at / FASTER for each in requests(count, outages)}
    async with deployments(ACCOUNTS) as found:
        order = {"urls": [each.url for each in found.values()], "way": way, "times": times}
        meanwhile = [happen(each, found[each.account], FASTER) for each in outages]
        said: dict[str, str] = await ask(interpreter, "outages", order, meanwhile=meanwhile)
        billed = sum((each.billed for each in found.values()), Counter[str]())
    return _row(WAYS[way], times, {mark for mark, word in said.items() if word == "done"}, 0, billed)


async def added(interpreter: Path, rounds: int) -> tuple[Row, float]:
    """Return what LiteLLM's Router adds to LiteLLM's own call: a row, and the figure."""
    async with deployments(["echo"]) as found:
        order = {"url": found["echo"].url, "rounds": rounds, "each": 10, "at_once": _route_cost.IN_FLIGHT}
        used: dict[str, list[float]] = await ask(interpreter, "cost", order)
    more = [mine - floor for mine, floor in zip(used["router"], used["direct"], strict=True)]
    low, high = interval(more)
    said = f"{median(more):+,.0f} ({low:+,.0f} to {high:+,.0f})"
    row = (_route_cost.LOOPBACK, "LiteLLM's Router (acompletion)", f"{median(used['direct']):,.0f}", said)
    return row, median(more)


async def _litellm(rounds: int, count: int, outages: Sequence[Outage]) -> tuple[Row, float, Sequence[Row], str]:
    interpreter = await install(LITELLM, LITELLM)
    version = (await versions_in(interpreter, LITELLM))[LITELLM]
    row, figure = await added(interpreter, rounds)
    rows = await asyncio.gather(*(theirs(way, interpreter, count, outages) for way in WAYS))
    return row, figure, rows, version


def measure(peers: Sequence[Peer], *, rounds: int, count: int) -> Report:
    """Run it all."""
    outages = in_turn(TROUBLES)
    cost, figures = asyncio.run(_route_cost.measure(rounds))
    scores = _scores.play(_scores.ARMS, count)
    both = [ours(arm, count, outages) for arm in OURS]
    found = versions("genhub-jobs", "aiohttp", "orjson")
    if any(peer.distribution == LITELLM for peer in peers):
        try:
            row, figures[ADDED], rows, found[LITELLM] = asyncio.run(_litellm(max(rounds // 2, 1), count, outages))
            cost.append(row)
            both += rows
        except (NotInstalled, OSError) as error:
            both.append((f"LiteLLM: not run: {error}", *["-"] * 6))
    return Report(
        name="routing",
        tables=[_route_cost.table(cost, rounds), _scores.table(scores), beside(both)],
        figures=figures | _scores.figures(scores),
        goals=[*_scores.GOALS, *_route_cost.GOALS],
        versions=found,
    )


def main() -> int:
    parser: Any = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="paired blocks of submits")
    parser.add_argument("--jobs", type=int, default=300, help="requests of an afternoon")
    options, peers = chosen(parser)
    logging.getLogger("genhub").setLevel(logging.CRITICAL)  # outages are expected here
    return finish(measure(peers, rounds=options.rounds, count=options.jobs), options)


if __name__ == "__main__":
    sys.exit(main())
