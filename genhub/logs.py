"""Events as log records: a short line for people, and the facts for whoever formats records as JSON.

The records go to the logger `genhub.events`; each has its event's facts as `record.genhub`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from genhub._events import Event, EventName

#: How loud each event is.
LEVELS: Mapping[EventName, int] = {
    **dict.fromkeys(EventName, logging.INFO),
    EventName.DOUBT: logging.WARNING,
    EventName.BREAKER: logging.WARNING,
}
#: What an account's health changes to when it is well again, or may be.
_BETTER = frozenset({"closed", "half_open", "free"})


class LogEvents:
    """A listener that logs every event.

    `levels` says how loud events are that are not to be as in `LEVELS`. News that an account is well again is never
    louder than INFO.
    """

    def __init__(self, logger: logging.Logger | None = None, *, levels: Mapping[EventName, int] = LEVELS) -> None:
        self._logger = logging.getLogger("genhub.events") if logger is None else logger
        self._levels = {**LEVELS, **levels}

    def __call__(self, event: Event) -> None:
        level = self._levels[event.name]
        if event.name is EventName.BREAKER and event.detail.get("new") in _BETTER:
            level = min(level, logging.INFO)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", line(event), extra={"genhub": event.facts()})


def line(event: Event) -> str:
    """Return the event as one line for people."""
    said = event.detail.get
    reason = said("why") or said("how") or said("note")
    text = f"{_text(event)}: {reason}" if reason else _text(event)
    return " ".join(text.split())  # a vendor's words may hold line breaks


def _text(event: Event) -> str:
    job, account, said = _job(event), event.account, event.detail.get
    old, new = said("old"), said("new")
    match event.name:
        case EventName.SUBMITTED:
            return f"submitted {job} to {account} as {said('provider_id')}"
        case EventName.STATUS:
            word = f" ({said('raw_status')})" if said("raw_status") else ""
            return f"{job} at {account}: {new if old is None else f'{old} -> {new}'}{word}"
        case EventName.CHARGED | EventName.REFUNDED:
            return f"{event.name} {_amount(event)} at {account} for {job}"
        case EventName.FALLBACK:
            return f"{job} goes on from {old} to {new}"
        case EventName.HEDGED:
            return f"{job} is hedged: beside {old} also at {new}"
        case EventName.REUSED:
            return f"{job} at {account} is used again"
        case EventName.BREAKER:
            return f"{account}, {said('what', 'calls')}: {old} -> {new}"
        case EventName.DOUBT:
            return f"{job} at {account} is in doubt"
        case EventName.SETTLED:
            return f"{job} at {account} is settled as {str(said('verdict')).replace('_', ' ')}"
        case EventName.ROUTED:
            route = f" {said('route')}" if said("route") else ""
            return f"the route{route} of {job} has ended"


def _job(event: Event) -> str:
    job = "a job" if event.job is None else event.job.id
    attempt = event.attempt
    return job if attempt is None or attempt.number == 1 else f"{job} (attempt {attempt.number})"


def _amount(event: Event) -> str:
    amount = event.detail.get("amount")
    if amount is None:
        amount = "all" if event.detail.get("whole") else "an unknown amount of"
    return f"{amount} {event.detail.get('unit')} ({event.detail.get('evidence')})"
