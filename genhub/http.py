"""The HTTP seam: JSON over aiohttp, for adapters.

A call is a *read*, which may be sent again, or it *charges*, and is sent once. Where a failure happened is known from
aiohttp's own trace of the wire, never from an exception's name:

* no byte of the request was written: not submitted (`ProviderUnavailable`), may be tried again;
* the vendor refused with a status of `REFUSALS`: not submitted, a typed error;
* anything else that is not the documented success: in doubt (`SubmissionUnknown`).

Redirects are never followed, answers are bounded in size, and no secret leaves by an error.
"""

from __future__ import annotations

from genhub._answer import LARGEST, Answer
from genhub._dialect import PASSING, REFUSALS, Complaint, Dialect, Speaker
from genhub._http import UNSENT_WITHIN, Http
from genhub._secrets import Secret
from genhub._sessions import Phase, Sessions, Wire
from genhub._wire import Id, NotUnderstood, amount, instant, parse

__all__ = [
    "LARGEST",
    "PASSING",
    "REFUSALS",
    "UNSENT_WITHIN",
    "Answer",
    "Complaint",
    "Dialect",
    "Http",
    "Id",
    "NotUnderstood",
    "Phase",
    "Secret",
    "Sessions",
    "Speaker",
    "Wire",
    "amount",
    "instant",
    "parse",
]
