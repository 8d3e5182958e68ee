"""How accounts stand, as the journal last knew it: in a word, in a table, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from genhub._config import Config
from genhub._errors import ConfigError
from genhub.cli._driving import is_there, knowing
from genhub.cli._loop import run
from genhub.cli._session import Session
from genhub.routing import AccountHealth, Breaker, BreakerState


def show(session: Session, provider: str | None) -> None:
    """Print how the configuration's accounts stand; only a provider's, where one is named."""
    config = session.settings()
    url = session.journal_url(config)

    async def work() -> Mapping[str, AccountHealth]:
        async with knowing(session) as hub:
            return hub.health()

    out = session.out
    known = [each for each in run(work(), out).values() if provider in (None, _provider(config, each.account))]
    if not known:
        used = ", ".join(sorted({each.provider.name for each in config.accounts.values()}))
        raise ConfigError(f"no account of the configuration uses {provider!r}", remedy=f"Its accounts use {used}")
    if out.json:
        accounts = [{**_about(config, each.account), **facts_of(each)} for each in known]
        out.data({"journal": url if is_there(url) else None, "accounts": accounts})
        return
    rows: list[list[object]] = []
    for each in known:
        about = _about(config, each.account)
        said = "\n".join(word for word in each.words if word != "well")
        rows.append([each.account, about["provider"], ", ".join(about["routes"]), state(each), said])
    out.table(("account", "provider", "routes", "state", "about"), rows)
    if not is_there(url):
        out.say(f"there is no journal at {url.removeprefix('sqlite:///')} yet: nothing is known of them")


def _provider(config: Config, account: str) -> str:
    return config.accounts[account].provider.name


def _about(config: Config, account: str) -> dict[str, Any]:
    routes = [name for name, each in config.routes.items() if account in each.names]
    return {"account": account, "provider": _provider(config, account), "routes": routes}


def state(health: AccountHealth) -> str:
    """Return in a word or two how an account stands."""
    breakers = [health.submits, health.work, health.polls]
    if health.retired:
        return "retired"
    if health.parked is not None:
        return "no credits"
    if any(each.state is BreakerState.OPEN for each in breakers):
        return "open"
    if any(each.state is BreakerState.HALF_OPEN for each in breakers):
        return "half open"
    if health.held_until is not None:
        return "held back"
    if any(each.failures for each in breakers):
        return "failures"
    return "well" if health.retires_on is None else "retires"


def facts_of(health: AccountHealth) -> dict[str, Any]:
    """Return how an account stands as plain data: what is so, and what it means in words."""
    parked, held, retires = health.parked, health.held_until, health.retires_on
    return {
        "ok": health.ok,
        "state": list(health.words),
        "submits": _breaker(health.submits),
        "jobs": _breaker(health.work),
        "polls": _breaker(health.polls),
        "parked": None if parked is None else parked.facts(),
        "held_until": None if held is None else held.isoformat(),
        "retires_on": None if retires is None else retires.isoformat(),
        "at": health.at.isoformat(),
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    until = breaker.until if breaker.state is BreakerState.OPEN else breaker.probe_until
    return {
        "state": str(breaker.state),
        "failures": breaker.failures,
        "until": datetime.fromtimestamp(until, UTC).isoformat() if until else None,
        "why": breaker.why or None,
    }
