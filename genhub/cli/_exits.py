"""How the command ends: its exit codes, its errors in a line, its tracebacks in a file."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genhub._campaign import Problems, words
from genhub._errors import (
    AllAttemptsFailed,
    BudgetExceeded,
    ConfigError,
    GenhubError,
    InvalidRequest,
    JournalError,
    SubmissionUnknown,
    UnsupportedRequest,
    WaitTimeout,
)
from genhub._secrets import Secret, redact

DONE = 0
FAILED = 1  #: the vendor refused, or the job did not succeed
USAGE = 2  #: usage, configuration, unsupported, over budget: nothing was sent
DOUBT = 3
TIMEOUT = 4
INTERRUPTED = 130


class Interrupted(Exception):
    """Ctrl-C: what was begun is recorded; `str()` says what goes on and how to continue."""


def code_of(error: BaseException) -> int:
    """Return the exit code of an error."""
    match error:
        case Problems() | ConfigError() | UnsupportedRequest() | BudgetExceeded() | JournalError():
            return USAGE
        case InvalidRequest(account=None, http_status=None):  # our own verdict
            return USAGE
        case AllAttemptsFailed():  # where nothing was sent to anybody, it is as with one account
            return USAGE if all(code_of(each) == USAGE for each in error.said) else FAILED
        case SubmissionUnknown():
            return DOUBT
        case WaitTimeout():
            return TIMEOUT
        case KeyboardInterrupt() | Interrupted():
            return INTERRUPTED
        case _:
            return FAILED


def worst(codes: Iterable[int]) -> int:
    """Return the code of several ends: a doubt needs a person, a failure is final, a time-out is not."""
    found = set(codes)
    return next((code for code in (DOUBT, FAILED, TIMEOUT) if code in found), DONE)


def lines_of(error: BaseException) -> list[str]:
    """Return what to tell a person, line by line."""
    match error:
        case Problems():
            several = error.problems
            count = "1 thing is" if len(several) == 1 else f"{len(several)} things are"
            return [*map(str, several), f"{count} wrong; nothing was sent"]
        case WaitTimeout(job=job) if job is not None:
            return [str(error), f"go on: genhub watch {job.id}"]
        case GenhubError(job=job):
            first, *more = words.told(error)
            return [first if job is None or job.id in first else f"{job.id}: {first}", *more]
        case _:
            return words.told(error)


def facts_of(error: BaseException) -> dict[str, Any]:
    """Return an error as plain data."""
    if isinstance(error, (GenhubError, Problems)):
        return error.facts()
    return {"type": type(error).__name__, "message": str(error)}


def keep_traceback(error: BaseException, secrets: Iterable[Secret]) -> Path | None:
    """Write an unforeseen error's traceback to a file of its own; returns where it is."""
    text = redact("".join(traceback.format_exception(error)), secrets)
    name = f"genhub-{time.strftime('%Y%m%d-%H%M%S')}-"
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "genhub"
    for folder in (state, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, path = tempfile.mkstemp(".log", name, folder)  # for nobody else to read
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            continue
        return Path(path)
    return None
