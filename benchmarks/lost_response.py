"""One logical submit whose answer is lost: how many jobs does the vendor make and charge?

A server on loopback reads every POST whole and counts it; then it closes the connection, never answers, or answers 502.
genhub is asked at each of its providers, in five stories; behind the server stands the vendor's simulator, which makes
the jobs (and knows adgen's idempotency keys, as the vendor does while a job lives). The released clients of the field
are asked at their default settings, each in an environment of its own under `.bench/`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks._lossy import Loss
from benchmarks._offers import OFFERS, Offer
from benchmarks._peers import CAP, NAMES, Lost, NotInstalled, Peer, chosen, install, submit, versions_in
from benchmarks._report import Goal, Report, Table, arguments, finish, versions
from benchmarks._stories import STORIES, Seen, Stage, tell

#: Where answers never come: of one call, for every client that can be told.
TIMEOUT = 1.0
WRONG = "genhub's cells with another number than 1"

Cell = tuple[str, Loss, str]  #: offer, loss, story


async def ours(offers: Sequence[Offer] = OFFERS, at_once: int = 6) -> dict[Cell, Seen]:
    """Let every story happen at every offer, for every loss."""
    gate = asyncio.Semaphore(at_once)
    seen: dict[Cell, Seen] = {}

    async def one(offer: Offer, loss: Loss, story: str) -> None:
        async with gate:
            timeout = TIMEOUT if loss is Loss.HANGS else None
            seen[offer.name, loss, story] = await tell(story, Stage(offer=offer, loss=loss, timeout=timeout))

    await asyncio.gather(*(one(offer, loss, story) for story in STORIES for offer in offers for loss in Loss))
    return seen


async def theirs(peers: Sequence[Peer], at_once: int = 3) -> tuple[dict[tuple[str, Loss], Lost | str], dict[str, str]]:
    """Let every peer submit once for every loss; returns what was seen (or why it was not run), and the versions."""
    gate = asyncio.Semaphore(at_once)
    seen: dict[tuple[str, Loss], Lost | str] = {}
    found: dict[str, str] = {}

    async def one(call: str, interpreter: Any, loss: Loss) -> None:
        async with gate:
            try:
                seen[call, loss] = await submit(call, interpreter, loss, TIMEOUT if loss is Loss.HANGS else None)
            except NotInstalled as error:
                seen[call, loss] = f"not run: {error}"

    async def ask(peer: Peer) -> None:
        try:
            interpreter = await install(peer.distribution, peer.distribution)
            found.update(await versions_in(interpreter, peer.distribution))
        except (NotInstalled, OSError) as error:
            seen.update({(call, loss): f"not run: {error}" for call in peer.calls for loss in Loss})
            return
        await asyncio.gather(*(one(call, interpreter, loss) for call in peer.calls for loss in Loss))

    await asyncio.gather(*map(ask, peers))
    return seen, found


def our_table(seen: Mapping[Cell, Seen]) -> Table:
    """Return the jobs made and charged for one logical submit."""

    def cell(offer: str, story: str) -> str:
        results = [seen[offer, loss, story] for loss in Loss]
        return " / ".join(f"{each.billable}" + (f" ({each.posts})" * (each.posts != each.billable)) for each in results)

    return Table(
        title=f"genhub: jobs made and charged, where the vendor {' / '.join(Loss)}",
        head=("one logical submit", *STORIES),
        rows=[(offer, *(cell(offer, story) for story in STORIES)) for offer in _names(seen)],
        notes=(
            "(2): two POSTs, one job. adgen's static ads and videos may be sent again under the same idempotency key "
            "while the first job must still be live, and its vendor answers that with the first job.",
            "fallback list: without a route. An app goes through its list by hand and asks the next account when "
            "submit raises; in doubt submit does not raise, so that nobody else is asked.",
            "SIGKILL: the process is killed once the vendor has the POST; another one on the same journal recovers.",
        ),
    )


def said_table(seen: Mapping[Cell, Seen]) -> Table:
    """Return what genhub says in the end."""

    def cell(offer: str, story: str) -> str:
        return " / ".join(dict.fromkeys(seen[offer, loss, story].said for loss in Loss))

    return Table(
        title="genhub: what it says in the end",
        head=("one logical submit", *STORIES),
        rows=[(offer, *(cell(offer, story) for story in STORIES)) for offer in _names(seen)],
        notes=("in doubt: the job is `unconfirmed`, and wait() raises SubmissionUnknown, which carries it.",),
    )


def their_table(seen: Mapping[tuple[str, Loss], Lost | str], found: Mapping[str, str], peers: Sequence[Peer]) -> Table:
    """Return the POSTs of the field's clients for one logical submit."""
    rows = []
    for peer in peers:
        for call, name in peer.calls.items():
            results = [seen[call, loss] for loss in Loss]
            ran = [each for each in results if isinstance(each, Lost)]
            keys = "-" if not ran else "sent" if any(each.keyed for each in ran) else "none"
            rows.append((name, found.get(peer.distribution, "-"), *map(_their_cell, results), keys))
    return Table(
        title="The field, default settings: POSTs read whole, each of which buys a job",
        head=("client", "version", *(f"vendor {loss}" for loss in Loss), "idempotency key"),
        rows=rows,
        notes=(
            f"Where the vendor never answers, each client's time-out is set to {TIMEOUT:g} s; replicate's applies to "
            f"no create, which waits for ever: it was ended after {CAP:g} s.",
            "The 502 is nginx's own page; fal-client looks for that name before it sends again.",
        ),
    )


def _their_cell(seen: Lost | str) -> str:
    if isinstance(seen, str):
        return seen
    span = f" in {seen.seconds:.0f} s" if seen.seconds >= 10 else ""
    return f"{seen.distinct}{span}" + (f", ended after {CAP:g} s" if seen.capped else "")


def _names(seen: Mapping[Cell, Seen]) -> list[str]:
    return [offer.name for offer in OFFERS if any(cell[0] == offer.name for cell in seen)]


async def measure(peers: Sequence[Peer]) -> Report:
    """Run it all."""
    lost, found = await theirs(peers)
    seen = await ours()
    figures: dict[str, float] = {WRONG: sum(each.billable != 1 for each in seen.values())}
    figures |= {f"genhub, {offer}, {story}, {loss}": each.billable for (offer, loss, story), each in seen.items()}
    figures |= {f"{call}, {loss}": each.distinct for (call, loss), each in lost.items() if isinstance(each, Lost)}
    return Report(
        name="lost_response",
        tables=[our_table(seen), said_table(seen), *([their_table(lost, found, peers)] if peers else [])],
        figures=figures,
        goals=[Goal(figure=WRONG, most=0)],
        versions=versions("genhub-jobs", "aiohttp") | {name: found[name] for name in NAMES if name in found},
    )


def main() -> int:
    options, peers = chosen(arguments(__doc__))
    logging.getLogger("genhub").setLevel(logging.CRITICAL)  # doubts are expected here
    return finish(asyncio.run(measure(peers)), options)


if __name__ == "__main__":
    sys.exit(main())
