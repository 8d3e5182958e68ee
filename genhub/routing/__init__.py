"""Which account does the work: routes, the policies that order them, what is known of an account's health, and why."""

from __future__ import annotations

from genhub.routing._breaker import Breaker, BreakerState
from genhub.routing._health import Healths
from genhub.routing._learned import Cost, Learned
from genhub.routing._policy import POLICIES, Contender, Policy, arrange
from genhub.routing._reuse import fingerprint, intention
from genhub.routing._route import Conditions, Route, Via, cap_of, check, comparable
from genhub.routing._said import all_failed, nothing_bought
from genhub.routing._step import Drop, End, Leave, Outlook, Rest, Step, Try, may_follow, next_step, outcome
from genhub.routing._verdict import AccountHealth, HealthChange, Parked, Shut

__all__ = [
    "POLICIES",
    "AccountHealth",
    "Breaker",
    "BreakerState",
    "Conditions",
    "Contender",
    "Cost",
    "Drop",
    "End",
    "HealthChange",
    "Healths",
    "Learned",
    "Leave",
    "Outlook",
    "Parked",
    "Policy",
    "Rest",
    "Route",
    "Shut",
    "Step",
    "Try",
    "Via",
    "all_failed",
    "arrange",
    "cap_of",
    "check",
    "comparable",
    "fingerprint",
    "intention",
    "may_follow",
    "next_step",
    "nothing_bought",
    "outcome",
]
