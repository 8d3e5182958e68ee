"""How long jobs take and when they are read, as the journal last knew it: as a table, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genhub._errors import ConfigError
from genhub.cli._driving import is_there, knowing
from genhub.cli._loop import run
from genhub.cli._session import Session
from genhub.timing import Curve, Timing

#: So many reads of a job are shown, and at which price: seconds of delay that one is worth.
SHOWN, PRICE = 4, 0.5
#: Phases are shown when so many ends showed them.
FEW = 4.0


def show(session: Session, provider: str | None) -> None:
    """Print what was learned at the configuration's accounts; only at a provider's, where one is named."""
    config = session.settings()
    url = session.journal_url(config)
    accounts = {name: each.provider.name for name, each in config.accounts.items()}
    if provider is not None and provider not in accounts.values():
        used = ", ".join(sorted(set(accounts.values())))
        raise ConfigError(f"no account of the configuration uses {provider!r}", remedy=f"Its accounts use {used}")

    async def work() -> Mapping[tuple[str, str], Timing]:
        async with knowing(session) as hub:
            return hub.timings()

    out = session.out
    known = {key: each for key, each in run(work(), out).items() if provider in (None, accounts.get(key[0]))}
    if out.json:
        facts = [{"account": account, "kind": kind, **facts_of(each)} for (account, kind), each in known.items()]
        out.data({"journal": url if is_there(url) else None, "timings": facts})
        return
    if not known:
        out.say("nothing was learned yet: no job has ended in this journal")
        return
    rows: list[list[object]] = []
    for (account, kind), each in known.items():
        told = each.phases >= FEW
        queue, inwork = (_range(each.queue), _range(each.work)) if told else ("", "")
        every = config.accounts[account].poll_every if account in config.accounts else None
        reads = _reads(each, config.accounts[account].every(kind)) if account in config.accounts else []
        when = f"every {every:g} s" if every is not None else ", ".join(f"{at:.3g}" for at in reads) + " ..."
        rows.append([account, kind, f"{each.seen:.0f}", _range(each.whole), queue, inwork, when, each.basis])
    out.table(("account", "kind", "ends", "takes s", "queue s", "work s", "read at s", "by"), rows)
    out.say("takes, queue, work: the median and, after a slash, what nine of ten stay below; old ends count less")


def facts_of(timing: Timing) -> dict[str, Any]:
    """Return what was learned as plain data; times in seconds."""
    told = timing.phases >= FEW
    return {
        "ends": round(timing.seen, 1),
        "basis": timing.basis,
        "takes": _quantiles(timing.whole),
        "queue": _quantiles(timing.queue) if told else None,
        "work": _quantiles(timing.work) if told else None,
        "phases_apart": timing.apart,
    }


def _quantiles(curve: Curve) -> dict[str, float]:
    return {"median": round(curve.quantile(0.5), 3), "p90": round(curve.quantile(0.9), 3)}


def _range(curve: Curve) -> str:
    return f"{curve.quantile(0.5):.3g} / {curve.quantile(0.9):.3g}"


def _reads(timing: Timing, least: float) -> list[float]:
    """Return the ages at which a job is read that is not seen in work."""
    ages: list[float] = []
    age = 0.0
    for _ in range(SHOWN):
        age += max(timing.next(age, None, PRICE), least)
        ages.append(age)
    return ages
