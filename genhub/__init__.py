"""One job model over commercial content-generation APIs: submit, poll, stop and continue, refunds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genhub._billing import BillingProfile, Effect, Moment, Money, Rule
from genhub._credits import Balance, Credits, Entry, EntryKind, Evidence, Price
from genhub._errors import (
    AllAttemptsFailed,
    AuthenticationError,
    BadResponse,
    BudgetExceeded,
    ConfigError,
    GenhubError,
    InsufficientCredits,
    InvalidRequest,
    JobFailed,
    JournalError,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmissionUnknown,
    UnsupportedRequest,
    WaitTimeout,
    WrongState,
)
from genhub._events import Event, EventName, Listener, Tracer
from genhub._itinerary import Itinerary, Stage
from genhub._jobs import Adjustment, Attempt, Call, Job, JobError, Note, Output, OutputKind, Ref, StopVerdict
from genhub._provider import (
    Candidate,
    Intent,
    Lookup,
    Provider,
    Receipt,
    Snapshot,
    SupportsBalance,
    SupportsBaseline,
    SupportsInventory,
    SupportsLookup,
    SupportsPollMany,
    SupportsReplay,
    SupportsResume,
    SupportsStop,
    SupportsWebhook,
    WebhookHint,
    capabilities,
)
from genhub._requests import ImageRequest, Request, SpeechRequest, TextRequest, VideoRequest
from genhub._secrets import Secret
from genhub._status import Status, StatusTable
from genhub._version import __version__

if TYPE_CHECKING:
    from genhub import sync
    from genhub._account import Account, Budget
    from genhub._audit import Audit
    from genhub._handle import Handle
    from genhub._hub import Hub
    from genhub._plain import from_dict, to_dict
    from genhub._plan import Option, Plan
    from genhub._recover import Recovery
    from genhub._registry import providers
    from genhub.routing import AccountHealth, Breaker, BreakerState, Contender, Cost, Parked, Policy, Route, Shut, Via

#: What is heavier than the words, and is loaded when it is first used.
_LATER = {
    "Account": "_account",
    "AccountHealth": "routing",
    "Audit": "_audit",
    "Breaker": "routing",
    "BreakerState": "routing",
    "Budget": "_account",
    "Contender": "routing",
    "Cost": "routing",
    "Handle": "_handle",
    "Hub": "_hub",
    "Option": "_plan",
    "Parked": "routing",
    "Plan": "_plan",
    "Policy": "routing",
    "Recovery": "_recover",
    "Route": "routing",
    "Shut": "routing",
    "Via": "routing",
    "from_dict": "_plain",
    "providers": "_registry",
    "sync": "sync",
    "to_dict": "_plain",
}

__all__ = [
    "Account",
    "AccountHealth",
    "Adjustment",
    "AllAttemptsFailed",
    "Attempt",
    "Audit",
    "AuthenticationError",
    "BadResponse",
    "Balance",
    "BillingProfile",
    "Breaker",
    "BreakerState",
    "Budget",
    "BudgetExceeded",
    "Call",
    "Candidate",
    "ConfigError",
    "Contender",
    "Cost",
    "Credits",
    "Effect",
    "Entry",
    "EntryKind",
    "Event",
    "EventName",
    "Evidence",
    "GenhubError",
    "Handle",
    "Hub",
    "ImageRequest",
    "InsufficientCredits",
    "Intent",
    "InvalidRequest",
    "Itinerary",
    "Job",
    "JobError",
    "JobFailed",
    "JournalError",
    "Listener",
    "Lookup",
    "Moment",
    "Money",
    "NotFound",
    "Note",
    "Option",
    "Output",
    "OutputKind",
    "Parked",
    "PermissionDenied",
    "Plan",
    "Policy",
    "Price",
    "Provider",
    "ProviderError",
    "ProviderUnavailable",
    "RateLimited",
    "Receipt",
    "Recovery",
    "Ref",
    "Request",
    "Route",
    "Rule",
    "Secret",
    "Shut",
    "Snapshot",
    "SpeechRequest",
    "Stage",
    "Status",
    "StatusTable",
    "StopVerdict",
    "SubmissionUnknown",
    "SupportsBalance",
    "SupportsBaseline",
    "SupportsInventory",
    "SupportsLookup",
    "SupportsPollMany",
    "SupportsReplay",
    "SupportsResume",
    "SupportsStop",
    "SupportsWebhook",
    "TextRequest",
    "Tracer",
    "UnsupportedRequest",
    "Via",
    "VideoRequest",
    "WaitTimeout",
    "WebhookHint",
    "WrongState",
    "__version__",
    "capabilities",
    "from_dict",
    "providers",
    "sync",
    "to_dict",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_LATER[name]}")
    value = module if name == "sync" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
