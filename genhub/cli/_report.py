"""The switch report: what each account would do with a request, in a table, and all about it in lines below."""

from __future__ import annotations

from typing import Any

from genhub._campaign import words
from genhub._jobs import Adjustment
from genhub._plain import converter
from genhub._plan import Option, Plan
from genhub.cli._health import facts_of as facts_of_health
from genhub.cli._health import state
from genhub.cli._out import Out

HEADS = ("account", "call", "fits", "credits", "money", "seen", "time (95 %)", "state")
RIGHT = ("money", "seen")

_SOURCES = {"user": "your estimate", "documented": "documented", "seen": "the dearest that was seen"}


def report(out: Out, plan: Plan) -> None:
    """Print a plan."""
    out.table(HEADS, [line(option) for option in plan.options], right=RIGHT)
    for option in plan.options:
        out.line()
        out.line(option.account + (f": {option.why}" if option.why else ""), style="bold")
        for name, text in details(option):
            out.line(f"  {name:<10}  {text}")
    best = plan.best
    if best is not None and len(plan.options) > 1 and best.why:
        out.line()
        passed = best.shut is not None
        out.line("whoever can do it is passed over now" if passed else f"it would begin at {best.account}")


def facts(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data: all of it, and what follows from it."""
    return {
        "route": plan.route,
        "best": None if plan.best is None else plan.best.account,
        "options": [facts_of(option) for option in plan.options],
    }


def facts_of(option: Option) -> dict[str, Any]:
    data: dict[str, Any] = converter.unstructure(option)
    health = None if option.health is None else facts_of_health(option.health)
    return {**data, "supported": option.supported, "health": health}


def line(option: Option) -> list[object]:
    """Return an account's line in the table."""
    return [
        option.account,
        option.kind or "",
        fits(option),
        _credits(option),
        "" if option.money is None else f"{words.rounded(option.money, cents=2)} {option.currency}",
        "" if option.seen is None else f"{words.rounded(option.seen.per_result)} ({option.seen.samples})",
        _time(option),
        "" if option.health is None else state(option.health),
    ]


def fits(option: Option) -> str:
    """Return in a word or two whether it can be done."""
    if not option.supported:
        return "impossible"
    return f"{len(option.adjustments)} adjusted" if option.adjustments else "as asked"


def details(option: Option) -> list[tuple[str, str]]:
    """Return all that the table has no room for."""
    found: list[tuple[str, str]] = []
    if option.impossible is not None:
        found.append(("impossible", option.impossible.removesuffix("; nothing was sent")))
    found += [("adjusted", adjusted(change)) for change in option.adjustments]
    if option.estimate is not None:
        found.append(("estimate", _estimate(option)))
    if option.seen is not None and option.estimate is not None:
        seen, count = option.seen, _count(option.seen.samples, "job")
        cost = f"{words.rounded(seen.per_result)} {option.estimate.unit} a result, net of refunds"
        found.append(("seen", f"{cost}: {count}, {words.percent(seen.success)} succeeded"))
    if option.seconds is not None:
        slow = "" if option.slow is None else f", 95 % within {words.seconds(option.slow)}"
        found.append(("time", f"{words.seconds(option.seconds)} median{slow}, of {_count(option.samples, 'result')}"))
    return found + standing(option)


def standing(option: Option) -> list[tuple[str, str]]:
    """Return how the account stands, where there is something to say, and what that does to a route."""
    said = "" if option.health is None or option.health.words == ("well",) else option.health.said
    found = [("state", said)] if said else []
    if option.shut is not None:
        wait = "" if option.shut.retry_in is None else f", for {words.seconds(option.shut.retry_in)} at most"
        why = "" if option.shut.why in said else f": {option.shut.why}"
        found.append(("now", f"a route passes it over{wait}{why}"))
    return found


def adjusted(change: Adjustment) -> str:
    """Return what was asked, what is sent, and why."""
    sent = "left out" if change.sent is None else words.plain(change.sent)
    return f"{change.field}: {words.plain(change.asked)} -> {sent} ({change.why})"


def _credits(option: Option) -> str:
    if option.estimate is None:
        return ""
    if option.estimate.credits is None:
        return "not known"
    return f"{words.rounded(option.estimate.credits)} {option.estimate.source}"


def _estimate(option: Option) -> str:
    estimate = option.estimate
    assert estimate is not None
    if estimate.credits is None:
        return f"not known, in {estimate.unit}: nothing documented, nothing seen, no `estimate` on the account"
    how = _SOURCES.get(estimate.source, estimate.source)
    if option.money is None:
        return f"{words.number(estimate.credits)} {estimate.unit} ({how}); the account has no price"
    money = f"{words.rounded(option.money, cents=2)} {option.currency}"
    return f"{words.number(estimate.credits)} {estimate.unit} ({how}) = {money}"


def _time(option: Option) -> str:
    if option.seconds is None:
        return ""
    slow = "" if option.slow is None else f" ({words.seconds(option.slow)})"
    return words.seconds(option.seconds) + slow


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"
