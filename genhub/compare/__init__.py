"""Which provider, at what price, how fast, how well: the same requests at several accounts, answered with evidence."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genhub.compare._records import Case, Check, Observation, Outcome, Results, Spans, Trial

if TYPE_CHECKING:
    from genhub.compare._outlook import Offer, Outlook, look_ahead
    from genhub.compare._progress import Progress, Stage
    from genhub.compare._runner import OFTEN, run
    from genhub.compare._statistics import summarize
    from genhub.compare._suite import Suite, load_suite
    from genhub.compare._summary import Interval, PairSummary, Summary, TargetSummary, Verdict

#: What is heavier than the records, and is loaded when it is first used.
_LATER = {
    "OFTEN": "_runner",
    "Interval": "_summary",
    "Offer": "_outlook",
    "Outlook": "_outlook",
    "PairSummary": "_summary",
    "Progress": "_progress",
    "Stage": "_progress",
    "Suite": "_suite",
    "Summary": "_summary",
    "TargetSummary": "_summary",
    "Verdict": "_summary",
    "load_suite": "_suite",
    "look_ahead": "_outlook",
    "run": "_runner",
    "summarize": "_statistics",
}

__all__ = [
    "OFTEN",
    "Case",
    "Check",
    "Interval",
    "Observation",
    "Offer",
    "Outcome",
    "Outlook",
    "PairSummary",
    "Progress",
    "Results",
    "Spans",
    "Stage",
    "Suite",
    "Summary",
    "TargetSummary",
    "Trial",
    "Verdict",
    "load_suite",
    "look_ahead",
    "run",
    "summarize",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
