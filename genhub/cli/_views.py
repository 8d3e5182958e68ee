"""What a campaign looks like while it runs: lines for a file, lines of JSON for a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from genhub._campaign import Progress, words
from genhub._jobs import Job
from genhub._plain import to_dict
from genhub.cli._out import Out


class View(Protocol):
    """Somebody who is told of every change."""

    def begin(self, rows: Sequence[Progress]) -> None: ...

    def changed(self, each: Progress) -> None: ...

    def end(self) -> None: ...


class Shielded:
    """A view that may fail (its pipe was closed): that takes no job with it."""

    def __init__(self, view: View) -> None:
        self._view: View | None = view

    def _tell(self, how: Callable[[View], None]) -> None:
        if self._view is not None:
            try:
                how(self._view)
            except OSError:
                self._view = None

    def begin(self, rows: Sequence[Progress]) -> None:
        self._tell(lambda view: view.begin(rows))

    def changed(self, each: Progress) -> None:
        self._tell(lambda view: view.changed(each))

    def end(self) -> None:
        self._tell(lambda view: view.end())


class Lines:
    """A short line for each change."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def begin(self, rows: Sequence[Progress]) -> None:
        self._out.line(f"{len(rows)} requests")

    def changed(self, each: Progress) -> None:
        for line in lines_of(each):
            self._out.line(line)

    def end(self) -> None:
        pass


#: The words of a row whose job, if there is one, is not over yet.
_BETWEEN = ("sending", "rate limited", "next attempt")
#: The words after which the last note says more.
_NOTED = ("waiting", "rate limited", "next attempt", "stopped", "refused", "in doubt", "goes on")


def lines_of(each: Progress) -> list[str]:
    """Return a change in a line: what, which, at whom, and why or for how much; what each account said below it."""
    parts = [f"{each.word:<12}", f"{each.row.name} ({each.account})"]
    if each.job is not None and each.job.status.is_final and each.word not in _BETWEEN:
        parts.append(words.bill(each.job))
        if each.seconds is not None and not each.earlier:
            parts.append(words.seconds(each.seconds))
    about = [each.note] if each.word in _NOTED else []
    if each.word in ("refused", "failed", "expired", "canceled"):
        about = each.failures or about
    if len(about) == 1:
        parts += about
        about = []
    return ["  ".join(part for part in parts if part), *(f"  {line.strip()}" for line in about)]


class JsonLines:
    """A line of JSON for each change, and a `result` for each row that is over."""

    def __init__(self, out: Out) -> None:
        self._out = out

    def begin(self, rows: Sequence[Progress]) -> None:
        self._out.data({"event": "begin", "requests": len(rows)})

    def changed(self, each: Progress) -> None:
        event = "result" if each.over or each.error is not None else "change"
        job: Any = None
        if each.job is not None:
            job = to_dict(each.job) if event == "result" else brief(each.job)
        self._out.data({"event": event, **each.facts(), "job": job})

    def end(self) -> None:
        pass


def brief(job: Job) -> dict[str, Any]:
    """Return the few facts of a job that change."""
    whole = to_dict(job)
    return {name: whole[name] for name in ("id", "status", "credits")} | {
        "account": job.account,
        "attempt": job.attempt.number,
        "provider_id": job.provider_id,
    }
